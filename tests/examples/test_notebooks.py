"""The notebooks run from their first cell to their last, and show what is kept in them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from documentation.notebooks import NOTEBOOKS, NotebookError, executed
from nnc.backends.c.toolchain import find_compiler

EXAMPLES = Path(__file__).parents[2] / "examples"
NEEDED = {"keras_to_c": ("IPython", "keras"), "see_through": ("IPython",)}


def outputs(notebook: dict[str, Any]) -> list[list[Any]]:
    """Return for each cell of code the kinds of what it shows, and the lines of it that are true or false."""
    return [
        [
            sorted(item["data"])
            if "data" in item
            else [line for line in "".join(item["text"]).splitlines() if line in ("True", "False")]
            for item in cell["outputs"]
        ]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def test_each_is_on_the_page_of_examples() -> None:
    assert [path.stem for path in NOTEBOOKS] == list(NEEDED)
    page = (EXAMPLES / "README.md").read_text()
    assert all(f"]({path.name})" in page for path in NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_kept_is_of_a_whole_run(path: Path) -> None:
    notebook = json.loads(path.read_text())
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert "False" not in [line for cell in outputs(notebook) for item in cell for line in item]


@pytest.mark.slow
@pytest.mark.numpy_backend
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path: Path) -> None:
    for module in NEEDED[path.stem]:
        pytest.importorskip(module)
    if path.stem == "keras_to_c" and (find_compiler() is None or shutil.which("make") is None):
        pytest.skip("needs a C compiler and make")
    assert outputs(executed(path)) == outputs(json.loads(path.read_text())), "run python -m documentation.notebooks"


@pytest.mark.slow
def test_a_cell_that_fails_is_named(tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    cell = {"cell_type": "code", "source": ["1 / 0"], "outputs": [], "metadata": {}, "execution_count": None}
    (tmp_path / "bad.ipynb").write_text(json.dumps({"cells": [cell]}))
    with pytest.raises(NotebookError, match=r"bad\.ipynb: 1 / 0\n"):
        executed(tmp_path / "bad.ipynb")
