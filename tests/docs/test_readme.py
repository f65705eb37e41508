"""The README's code runs, and what it shows is what nnc prints."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import nnc

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
SHOWN = [block for block in BLOCKS if block.startswith("def ")]
RUN = [block for block in BLOCKS if block not in SHOWN]


def test_python_blocks_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert RUN
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNC_CACHE_DIR", str(tmp_path / "cache"))
    namespace: dict[str, object] = {}
    for block in RUN:
        exec(compile(block, "README.md", "exec"), namespace)
    assert (tmp_path / "base.nnc").exists()
    assert "def train():" in capsys.readouterr().out


def test_shown_source_is_what_is_emitted() -> None:
    program = nnc.compile(ROOT / "examples" / "base.yaml")
    emitted = program.source("train")
    for block in SHOWN:
        shown = block.removeprefix("def train():\n").removesuffix("    ...\n")
        assert shown in emitted


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)|src=\"([^\"]+)\"", README))
def test_links_lead_to_files(link: tuple[str, str]) -> None:
    assert (ROOT / (link[0] or link[1])).exists()
