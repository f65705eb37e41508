"""`nnc render`: pictures of layers, ops, steps and memory, printed and written."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy
import pytest

import nnc
from nnc.passes import inlined
from nnc.readers import read_model
from nnc.render import FORMATS, LEVELS, render
from tests.cli.conftest import Run


def test_prints_dot_and_mermaid(run: Run) -> None:
    model = read_model("base.yaml")
    assert run("render", "base.yaml", "--dot").stdout == render(model)
    assert run("render", "base.yaml", "--mermaid").stdout == render(model, format="mermaid")


def test_prints_a_tree_by_default(run: Run) -> None:
    expected = render(read_model("base.yaml"), format="txt")
    assert run("render", "base.yaml").stdout == expected
    assert run("render", "base.yaml", "--txt").stdout == expected
    assert run("render", "base.yaml", "--format", "txt").stdout == expected


def test_steps_and_memory_of_a_plan(run: Run) -> None:
    program = nnc.compile("base.yaml", backend="numpy")
    for level in ("steps", "memory"):
        for arguments, plan in {
            ("--backend", "numpy"): program.plan("train", 32),
            ("--backend", "numpy", "--for", "predict", "--batch", "7"): program.plan("predict", 7),
        }.items():
            found = run("render", "base.yaml", "--level", level, "--dot", *arguments).stdout
            assert found == render(plan, level)


def test_memory_is_that_of_the_backend(run: Run) -> None:
    first = run("render", "base.yaml", "--level", "memory", "--backend", "numpy").stdout
    assert run("render", "base.yaml", "--level", "memory", "--backend", "c").stdout != first


def test_ops_after_a_pass(run: Run) -> None:
    stages: dict[tuple[str, str], Any] = {}
    program = nnc.compile("base.yaml", observe=lambda item, graph, _: stages.update({(graph.name, item.name): graph}))
    assert program.graph("train") is not program.graph("predict")
    for name in ("train", "predict"):
        expected = render(stages[name, "simplify"])
        found = run("render", "base.yaml", "--after", "simplify", "--for", name, "--dot")
        assert found.stdout == expected
    assert run("render", "base.yaml", "--after", "differentiate", "--dot").stdout == render(
        stages["train", "differentiate"]
    )
    steps = run("render", "base.yaml", "--after", "inline", "--backend", "numpy", "--dot").stdout
    assert steps == render(inlined(program.graph("train")))
    said = run("render", "base.yaml", "--after", "fuze", code=1).stderr
    assert "no pass 'fuze' made the graph 'train'; the passes were loss, differentiate, update" in " ".join(
        said.split()
    )
    program.save("base.nnc")
    said = run("render", "base.nnc", "--after", "fuse", code=1).stderr
    assert "none, because the program was already compiled" in " ".join(said.split())


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.sampled(3)
def test_every_level_of_a_saved_program_in_every_format(run: Run, level: str, format: str) -> None:
    nnc.compile("base.yaml").save("base.nnc")
    run("render", "base.nnc", "--level", level, "--format", format, "-o", "picture")
    assert Path("picture").stat().st_size > 100
    if format == "svg":
        ElementTree.parse("picture")


def test_layers_are_opened(run: Run) -> None:
    inner = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(3)], name="inner")
    model = nnc.Sequential([nnc.Input((2,)), inner, nnc.layers.Dense(1)], name="outer")
    model.save("outer.nnc")
    assert run("render", "outer.nnc").stdout == render(model, format="txt")
    opened = render(model, format="txt", depth=1)
    assert opened != render(model, format="txt")
    assert run("render", "outer.nnc", "--depth", "1").stdout == opened
    assert run("render", "outer.nnc", "--expand", "inner").stdout == opened
    assert run("render", "outer.nnc", "--expand", "all").stdout == opened
    said = run("render", "outer.nnc", "--expand", "iner", code=1).stderr
    assert "no model, block or layer 'iner' to expand" in " ".join(said.split())


def test_ops_are_opened(run: Run) -> None:
    x = h = nnc.Input((4,))
    for _ in range(5):
        h = nnc.layers.Dense(4, "tanh")(h)
    model = nnc.Model(x, h, name="rounds")
    model.save("rounds.nnc")
    graph = nnc.compile(model).graph("predict")
    folded, opened = (render(graph, format="txt", expand=names) for names in ([], ["all"]))
    assert "×5" in folded
    assert opened.count("dense_tanh") == 5
    for names, picture in (([], folded), (["all"], opened), (["dense_2"], opened)):
        options = [word for name in names for word in ("--expand", name)]
        assert run("render", "rounds.nnc", "--level", "ops", *options).stdout == picture


def test_themes(run: Run) -> None:
    pictures = [
        run("render", "base.yaml", "--format", "svg", "--theme", name).stdout for name in ("light", "dark", "auto")
    ]
    assert len(set(pictures)) == 3
    assert run("render", "base.yaml", "--format", "svg").stdout == pictures[0]
    assert "prefers-color-scheme: dark" in pictures[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dot", "--txt"], "give one of --format, --dot, --mermaid and --txt"),
        (["--dot", "--format", "svg"], "give one of --format, --dot, --mermaid and --txt"),
        (["--format", "png"], "PNG is not text and cannot be printed; give -o FILE.png"),
        (["--format", "pdf"], "PDF is not text and cannot be printed; give -o FILE.pdf"),
        (["--level", "layers", "--for", "train"], "give --level ops, steps or memory with it"),
        (["--level", "memory", "--after", "fuse"], "--after chooses the ops of a pass; give --level ops with it"),
        (["--batch", "3"], "--batch and --backend are a plan's; give --level steps or memory with them"),
        (["--level", "ops", "--backend", "c"], "--batch and --backend are a plan's; give --level steps or memory"),
        (["--level", "ops", "--depth", "1"], "--depth opens models and blocks of layers; give --level layers with it"),
        (["--level", "units", "--for", "train"], "give --level ops, steps or memory with it"),
        (
            ["--level", "units", "--depth", "1"],
            "--depth opens models and blocks of layers; give --level layers with it",
        ),
        (
            ["--level", "steps", "--expand", "all"],
            "--expand opens layers or ops; give --level layers or --level ops with it",
        ),
    ],
)
def test_options_that_do_not_go_together(run: Run, arguments: list[str], message: str) -> None:
    said = run("render", "base.yaml", *arguments, code=2).stderr
    assert message in " ".join(said.replace("│", " ").split())


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


def test_units_of_a_trained_program_have_its_weights(run: Run) -> None:
    model = read_model("base.yaml")
    model.save("base.nnc")
    before = run("render", "base.nnc", "--level", "units").stdout
    assert before == render(model, "units", "txt")
    model.fit(numpy.eye(2, dtype="float32"), numpy.ones((2, 1)), epochs=5, verbose=0)
    model.save("base.nnc")
    after = run("render", "base.nnc", "--level", "units").stdout
    assert after == render(model, "units", "txt") != before
    kernel, bias = model.layers[-1].get_weights()
    for weight in (*kernel[:, 0], *bias):
        assert f"  {weight:.3g}\n" in after


class Own(nnc.layers.Layer):
    """A class that no other process knows."""

    def call(self, x: Any) -> Any:
        return x * 2.0


def test_a_saved_program_whose_layers_are_not_known(run: Run) -> None:
    nnc.Sequential([nnc.Input((2,)), Own()]).save("own.nnc")
    said = " ".join(run("render", "own.nnc", "--dot", code=1).stderr.split())
    assert "its layers cannot be drawn, --level ops can" in said
    assert "layer class 'Own' of module" in said
    assert "digraph" in run("render", "own.nnc", "--dot", "--level", "ops").stdout


def test_writes_files(run: Run) -> None:
    for suffix, start in {
        ".dot": b"digraph",
        ".mmd": b"---",
        ".svg": b"<?xml",
        ".png": b"\x89PNG",
        ".pdf": b"%PDF-1.",
        ".txt": b"base",
    }.items():
        result = run("render", "base.yaml", "-o", f"base{suffix}")
        assert result.stdout == ""
        assert result.stderr == f"wrote base{suffix}\n"
        assert Path(f"base{suffix}").read_bytes().startswith(start)


def test_wrong_suffix(run: Run, folder: Path) -> None:
    assert ".svg" in run("render", "base.yaml", "-o", "base.gif", code=1).stderr
    assert not (folder / "base.gif").exists()
