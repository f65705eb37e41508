"""The guide to the memory picture shows what its commands make."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nnc.cli import app

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "guides" / "memory-picture.md").read_text("utf-8")
COMMANDS = re.findall(r"```sh\nnnc (.*?)\n```\n\n```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(autouse=True)
def _examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(DOCS.parent / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)


def test_commands_print_what_is_shown() -> None:
    assert len(COMMANDS) == 2
    for command, shown in COMMANDS:
        result = CliRunner().invoke(app, command.split())
        assert result.exit_code == 0
        assert result.output == shown
    assert Path("memory.svg").read_text("utf-8") == (DOCS / "images" / "memory.svg").read_text("utf-8")


def test_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(block, "memory-picture.md", "exec"), {})
    assert re.fullmatch(r"%\S+ \d+ bytes, of \d+\n", capsys.readouterr().out)
