"""`nnc render`: pictures of layers and ops, printed and written."""

from __future__ import annotations

from pathlib import Path

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
    assert "--level ops" in run("render", "base.nnc", "--dot", "--level", "layers", code=1).stderr


def test_writes_files(run: Run) -> None:
    for suffix, start in {".dot": b"digraph", ".mmd": b"---", ".svg": b"<?xml", ".png": b"\x89PNG"}.items():
        result = run("render", "base.yaml", "-o", f"base{suffix}")
        assert result.stdout == ""
        assert result.stderr == f"wrote base{suffix}\n"
        assert Path(f"base{suffix}").read_bytes().startswith(start)


def test_wrong_suffix(run: Run, folder: Path) -> None:
    assert ".svg" in run("render", "base.yaml", "-o", "base.gif", code=1).stderr
    assert not (folder / "base.gif").exists()
