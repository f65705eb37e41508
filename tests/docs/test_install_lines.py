"""Whatever tells a user to install nnc names it by its distribution, and extras that there are."""

from __future__ import annotations

import doctest
import re
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement

from documentation import install_lines
from documentation.blocks import ROOT
from nnc.installation import DISTRIBUTION

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
_OWN = re.compile(r"pip install (?:--upgrade |-e )?['\"]?(nnc(?:-keras)?|\.)(?:\[([\w,]+)\])?(?![\w/-])")
_HINT = re.compile(r"install_command\(['\"](\w+)['\"]\)")


def texts() -> dict[str, str]:
    """Return the texts of code and documentation by name."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("this is no checkout of the repository")
    names = [name for name in done.stdout.splitlines() if name.endswith((".py", ".md", ".toml")) or name == ".ci/run"]
    return {name: (ROOT / name).read_text() for name in names if (ROOT / name).is_file()}


def test_nothing_sends_users_to_another_project() -> None:
    assert PROJECT["name"] == DISTRIBUTION
    found = {(name, match[0]) for name, text in texts().items() for match in _OWN.finditer(text) if match[1] == "nnc"}
    assert found == set()


def test_extras_in_hints_exist() -> None:
    extras = {
        (name, extra)
        for name, text in texts().items()
        for found in [*(match[2] for match in _OWN.finditer(text)), *_HINT.findall(text)]
        for extra in (found or "").split(",")
        if extra and not name.startswith("tests/")
    }
    assert {extra for _, extra in extras} >= {"c", "plot", "sklearn", "tf", "test"}
    assert [pair for pair in extras if pair[1] not in PROJECT["optional-dependencies"]] == []


def test_lines_of_pages_are_found() -> None:
    lines = install_lines.install_lines()
    assert "README.md" in lines["pip install ."]
    assert "docs/backends.md" in lines["pip install 'nnc-keras[c]'"]
    for line in lines:  # none of which goes on into the sentence behind it
        assert [Requirement(word).name for word in install_lines.wanted(line)]
    with pytest.raises(ValueError, match=r"unknown option --user$"):
        install_lines.wanted("pip install --user nnc-keras")


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(install_lines).failed == 0
