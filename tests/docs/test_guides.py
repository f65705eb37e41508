"""The code and the commands of the guides to explanations and to NaN run, and their tables name what there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nnc.backends.c.toolchain import find_compiler
from nnc.hints.output_activation import ON_LOSSES
from nnc.hints.registry import AT_FIRST, AT_FIRST_UPDATE

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "guides"
BLOCK = re.compile(r"(?:<!-- file: (\S+) -->\n)?```(\w+)\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("name", ["debug-a-nan.md", "explanations.md"])
@pytest.mark.sampled(1)
def test_a_page_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    namespace: dict[str, object] = {}
    ran = set()
    for file, language, text in BLOCK.findall((GUIDES / name).read_text()):
        if file:
            Path(file).write_text(text)
        elif language == "python":
            exec(compile(text, name, "exec"), namespace)
        elif language == "sh":
            if "--backend c" in text and find_compiler() is None:
                continue
            command = text.replace("nnc ", f"{sys.executable} -c 'from nnc.cli import main; main()' ", 1)
            done = subprocess.run(
                ["sh", "-c", command], capture_output=True, text=True, check=False, timeout=120, env=os.environ.copy()
            )
            assert done.returncode == 0, done.stderr
            assert "Traceback" not in done.stderr
        ran.add(language)
    assert ran >= {"python", "sh"}


def test_the_table_of_hints_has_all_of_them() -> None:
    named = re.findall(r"^\| `([\w-]+)` \|", (GUIDES / "debug-a-nan.md").read_text(), re.MULTILINE)
    rules = (*ON_LOSSES, *AT_FIRST, *AT_FIRST_UPDATE)
    assert sorted(named) == sorted(rule.__name__.replace("_", "-") for rule in rules)
