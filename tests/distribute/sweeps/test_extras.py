"""Engines whose packages are not installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nnc
from nnc.errors import NncError


@pytest.mark.parametrize("engine", ["optuna", "ray"])
def test_a_missing_package_is_one_error_with_what_installs_it(
    folder: Path, plain: dict[str, Any], engine: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, engine, None)
    with pytest.raises(NncError, match=rf"the engine {engine} needs .*; pip install 'nnc-keras\[{engine}\]'"):
        nnc.sweep({**plain, "engine": engine})


def test_nothing_of_them_is_imported_before_it_is_needed():
    code = "import sys, nnc.distribute.sweeps, nnc.cli; print(sorted({'optuna', 'ray', 'yaml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
