"""What a notebook shows: pictures, tables, and texts where there is no picture."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import numpy
import pytest

import nnc
from nnc.callbacks import History
from nnc.layers import Dense
from nnc.render import notebook

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def model() -> nnc.Sequential:
    model = nnc.Sequential([Dense(2, "sigmoid", input_dim=2), Dense(1, "sigmoid")], name="base")
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    x = numpy.random.default_rng(0).normal(size=(20, 2))
    model.fit(x, x[:, :1] > 0, epochs=3, validation_split=0.2, verbose=0)
    return model


def shown(item: Any) -> dict[str, str]:
    """Return what IPython would send to a notebook, by MIME type."""
    formatters = pytest.importorskip("IPython.core.formatters")
    data, _ = formatters.DisplayFormatter().format(item)
    return data


def texts(svg: str) -> str:
    return " ".join(text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text"))


def test_model_is_a_picture_of_its_layers(model):
    found = shown(model)
    assert set(found) == {"text/plain", "image/svg+xml"}
    assert found["text/plain"] == repr(model)
    assert found["image/svg+xml"].startswith("<svg")
    for layer in model.layers:
        assert layer.name in texts(found["image/svg+xml"])


def test_graph_is_a_picture_of_its_ops(model):
    graph = model.program.graph("predict")
    found = shown(graph)
    assert set(found) == {"text/plain", "image/svg+xml"}
    drawn = texts(found["image/svg+xml"])
    for node in graph.nodes:
        if not node.is_leaf and "fusion" not in node.op.name:
            assert node.op.title in drawn


def test_plan_is_a_table_of_its_bytes_and_the_picture_of_its_memory(model):
    plan = model.program.plan("train")
    found = shown(plan)["text/html"]
    root = ElementTree.fromstring(found)
    (picture,) = root.iter(f"{SVG}svg")
    assert "memory of train, batch=32" in texts(ElementTree.tostring(picture).decode())
    assert picture is not root
    assert "plan of 'train' for batch = 32" in found.replace("&#x27;", "'")
    assert f"{plan.peak_bytes:,} bytes" in found
    assert f"{plan.lower_bound:,} bytes" in found


def test_program_is_a_table_of_what_goes_in_and_out(model):
    found = shown(model.program)["text/html"]
    cells = ["".join(cell.itertext()) for cell in ElementTree.fromstring(found).iter("td")]
    pairs = dict(zip(cells[::2], cells[1::2], strict=True))
    assert pairs["input x"] == "float32[rows, 2]"
    assert pairs["parameters"] == f"{model.count_params():,}"
    assert pairs["graphs"] == ", ".join(model.program.graph_names)


def test_history_is_a_table_and_curves(model):
    found = shown(model.history)["text/html"]
    root = ElementTree.fromstring(found)
    assert len(list(root.iter(f"{SVG}polyline"))) >= 2
    rows = [["".join(cell.itertext()) for cell in row] for row in root.iter("tr")]
    numbers = model.history.history["loss"]
    expected = [f"{number:.4f}" for number in (numbers[0], numbers[-1], min(numbers), max(numbers))]
    assert ["loss", *expected] in rows
    assert found.startswith('<div><table><caption style="text-align:left;white-space:nowrap"><b>3 epochs; best epoch: ')
    assert set(shown(History())) == {"text/plain"}


def test_terminals_draw_nothing(model, monkeypatch):
    formatters = pytest.importorskip("IPython.core.formatters")
    monkeypatch.setattr(notebook, "svg", None)  # whoever calls it fails
    display = formatters.DisplayFormatter()
    display.active_types = ["text/plain"]
    assert display.format(model)[0] == {"text/plain": repr(model)}


def without_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("nnc.render.image._installed_program", lambda: None)


def test_texts_without_graphviz(model, monkeypatch):
    without_graphviz(monkeypatch)
    found = shown(model)
    assert set(found) == {"text/plain", "text/html"}
    text = "".join(ElementTree.fromstring(found["text/html"]).itertext())
    assert text.startswith(f"Model: {model.name}\nLayer")
    graph = model.program.graph("predict")
    assert "".join(ElementTree.fromstring(shown(graph)["text/html"]).itertext()) == str(graph).rstrip("\n")


def test_large_graphs_are_texts(model, monkeypatch):
    monkeypatch.setattr(notebook, "LARGEST", 5)
    monkeypatch.setattr(notebook, "LINES", 4)
    graph = model.program.graph("train")
    found = shown(graph)
    assert set(found) == {"text/plain", "text/html"}
    lines = "".join(ElementTree.fromstring(found["text/html"]).itertext()).splitlines()
    assert lines[:4] == str(graph).splitlines()[:4]
    assert lines[4] == f"… {len(str(graph).splitlines()) - 4} more lines; print(…) shows all of them"


def test_models_that_have_no_shapes_yet_are_texts():
    found = shown(nnc.Sequential([Dense(3), Dense(1)], name="net"))
    assert set(found) == {"text/plain", "text/html"}
    assert "Parameters: ? (the shape of the input is not known yet)" in found["text/html"]


def test_graphviz_that_fails_leaves_the_text(model, monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    without_graphviz(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert set(shown(model)) == {"text/plain"}


CELLS = """
import json
from IPython.core.interactiveshell import InteractiveShell
session = InteractiveShell()
cells = (
    "import nnc, numpy",
    "model = nnc.Sequential([nnc.layers.Dense(2, 'relu', input_dim=2), nnc.layers.Dense(1)])",
    "model.compile('sgd', 'mse')",
    "history = model.fit(numpy.ones((4, 2)), numpy.ones(4), verbose=0)",
)
for cell in cells:
    session.run_cell(cell).raise_error()
for name in ("model", "model.program", "model.program.graph()", "model.program.plan()", "history"):
    data, _ = session.display_formatter.format(session.ev(name))
    print(name, sorted(data))
"""


def test_cells_of_a_notebook(tmp_path):
    """Run cells as a notebook does, with nothing imported from `nnc` but its face."""
    pytest.importorskip("IPython")
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", CELLS], capture_output=True, text=True, check=False, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "model ['image/svg+xml', 'text/plain']",
        "model.program ['text/html', 'text/plain']",
        "model.program.graph() ['image/svg+xml', 'text/plain']",
        "model.program.plan() ['image/svg+xml', 'text/html', 'text/plain']",
        "history ['text/html', 'text/plain']",
    ]
