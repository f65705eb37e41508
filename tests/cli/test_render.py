"""`nnc render`: pictures of layers and ops, printed and written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nnc
from nnc.readers import read_model
from nnc.render import render
from tests.cli.conftest import Run


def test_prints_dot_and_mermaid(run: Run) -> None:
    model = read_model("base.yaml")
    assert run("render", "base.yaml", "--dot").stdout == render(model)
    assert run("render", "base.yaml", "--mermaid").stdout == render(model, format="mermaid")


def test_ops_of_a_graph(run: Run) -> None:
    program = nnc.compile("base.yaml")
    train, predict = (render(program.graph(name)) for name in ("train", "predict"))
    assert train != predict
    assert run("render", "base.yaml", "--dot", "--level", "ops").stdout == train
    assert run("render", "base.yaml", "--dot", "--for", "predict").stdout == predict
    program.save("base.nnc")
    assert run("render", "base.nnc", "--dot", "--for", "predict").stdout == predict


def test_layers_of_a_saved_program(run: Run) -> None:
    expected = render(read_model("base.yaml"))
    nnc.compile("base.yaml").save("base.nnc")
    assert run("render", "base.nnc", "--dot").stdout == expected
    assert run("render", "base.nnc", "--dot", "--level", "layers").stdout == expected
    x, y = nnc.Input((4, 3), name="a"), nnc.Input((4, 3), name="b")
    steps = nnc.layers.TimeDistributed(nnc.Sequential([nnc.Input((3,)), nnc.layers.Dense(2)]))
    model = nnc.Model([x, y], [steps(x) + steps(y), steps(x)[:, 0]])
    model.save("wrapped.nnc")
    assert run("render", "wrapped.nnc", "--dot", "--level", "layers").stdout == render(model)


class Own(nnc.layers.Layer):
    """A class that no other process knows."""

    def call(self, x: Any) -> Any:
        return x * 2.0


def test_a_saved_program_whose_layers_are_not_known(run: Run) -> None:
    nnc.Sequential([nnc.Input((2,)), Own()]).save("own.nnc")
    said = " ".join(run("render", "own.nnc", "--dot", code=1).stderr.split())
    assert "its layers cannot be drawn, --level ops can" in said
    assert "unknown layer class 'Own'" in said
    assert "digraph" in run("render", "own.nnc", "--dot", "--level", "ops").stdout


def test_writes_files(run: Run) -> None:
    for suffix, start in {".dot": b"digraph", ".mmd": b"---", ".svg": b"<?xml", ".png": b"\x89PNG"}.items():
        result = run("render", "base.yaml", "-o", f"base{suffix}")
        assert result.stdout == ""
        assert result.stderr == f"wrote base{suffix}\n"
        assert Path(f"base{suffix}").read_bytes().startswith(start)


def test_wrong_suffix(run: Run, folder: Path) -> None:
    assert ".svg" in run("render", "base.yaml", "-o", "base.gif", code=1).stderr
    assert not (folder / "base.gif").exists()
