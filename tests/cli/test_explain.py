"""`nnc compile --explain`: the text as a whole, the same as JSON, and what does not go with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nnc
from tests.cli.conftest import Run

GOLDEN = Path(__file__).parents[1] / "program" / "golden"


@pytest.mark.numpy_backend
@pytest.mark.parametrize("graph", ["train", "predict"])
def test_text(run: Run, graph: str) -> None:
    result = run("compile", "base.yaml", "--for", graph, "--batch", "8", "--explain")
    assert result.stdout == (GOLDEN / f"base_{graph}_explained.txt").read_text()
    assert result.stderr == ""


def test_json_has_the_same_decisions(run: Run) -> None:
    found = json.loads(run("compile", "base.yaml", "--explain", "--json").stdout)
    expected = nnc.compile("base.yaml").explain("train")
    assert found == json.loads(json.dumps(expected.to_json()))
    assert (found["program"], found["graph"], found["sizes"]) == ("base", "train", {"batch": 32})
    first = found["decisions"][0]
    assert list(first) == [
        *("stage", "run", "kind", "path", "phase", "text", "reason", "before", "after", "inside", "saved", "done")
    ]
    assert list(first["saved"]) == ["nodes", "calls", "traffic", "arena"]


def test_a_saved_program(run: Run) -> None:
    run("compile", "base.yaml", "-o", "base.nnc")
    text = run("compile", "base.nnc", "--explain").stdout
    assert "Passes up to schedule ran when the program was compiled; explain the model to see them." in text
    assert "\nplan: " in text
    assert "\nfuse: " not in text


def test_one_text_at_a_time(run: Run) -> None:
    error = run("compile", "base.yaml", "--explain", "--emit", "ir", code=2).stderr
    assert "--explain and --emit each print a text" in error


def test_the_backend_decides_about_memory(run: Run) -> None:
    text = run("compile", "base.yaml", "--explain", "--backend", "numpy").stdout
    assert "NumPy backend" in text
    assert "in a register" not in text
