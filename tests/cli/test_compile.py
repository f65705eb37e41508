"""`nnc compile`: tables, JSON, texts and files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest

import nnc
from nnc.ir import parse_graph
from tests.cli.conftest import Run

PASSES = ["simplify", "decompose", "simplify", "lift", "fold-constants", "cse", "dce", "fuse", "schedule", "inline"]
PREDICT_PASSES = [*PASSES[:4], "dce", "fold-sign", "fold-batch-norm", *PASSES[4:7], "hoist", *PASSES[7:]]


@pytest.mark.numpy_backend
def test_table(run: Run) -> None:
    program = nnc.compile("base.yaml")
    plan = program.plan("train", batch=32)
    above = plan.peak_bytes / plan.lower_bound - 1
    lines = run("compile", "base.yaml").stdout.splitlines()
    assert lines[0] == "base: graph 'train', 32 rows, float32"
    assert [line.split()[0] for line in lines[3:16]] == ["loss", "differentiate", "update", *PASSES]
    cost = {line[:15].strip(): line[15:].split() for line in lines[19:-1]}
    assert list(cost) == ["Backend", "Nodes", "Parameters", "FLOPs", "Peak bytes", "Lower bound", "Without reuse"]
    assert cost["Backend"] == ["numpy", "NumPy", numpy.__version__]
    assert cost["Parameters"] == ["9"]
    assert cost["Peak bytes"] == [f"{plan.peak_bytes:,}", f"{above:.1%}", "above", "the", "lower", "bound"]
    assert cost["Lower bound"][0] == f"{plan.lower_bound:,}"
    assert cost["Without reuse"][0] == f"{plan.unshared_bytes:,}"


def test_json_has_the_tables_numbers(run: Run) -> None:
    table = run("compile", "base.yaml", "--for", "predict", "--batch", "1000").stdout
    report = json.loads(run("compile", "base.yaml", "--for", "predict", "--batch", "1000", "--json").stdout)
    assert [item["name"] for item in report["passes"]] == PREDICT_PASSES
    assert (report["model"], report["graph"], report["batch"], report["dtype"]) == ("base", "predict", 1000, "float32")
    for name in ("nodes", "parameters", "flops", "peak_bytes", "lower_bound", "unshared_bytes"):
        assert f" {report[name]:,} " in table, name
    for item in report["passes"]:
        rows = [line.split() for line in table.splitlines() if line.startswith(f"{item['name']} ")]
        assert [str(item["nodes_before"]), str(item["nodes_after"])] in [row[1:3] for row in rows]


def test_flops(run: Run) -> None:
    report = json.loads(run("compile", "base.yaml", "--for", "predict", "--batch", "10", "--json").stdout)
    products = 2 * 10 * (2 * 2 + 2 * 1)
    biases_and_activations = 2 * 10 * (2 + 1)
    assert report["flops"] == products + biases_and_activations


@pytest.mark.numpy_backend
def test_emit_prints_nothing_else(run: Run, folder: Path) -> None:
    program = nnc.compile("base.yaml")
    for graph in ("train", "predict"):
        texts = {
            "ir": str(program.graph(graph)),
            "plan": str(program.plan(graph, 8)),
            "python": program.source(graph),
        }
        for form, text in texts.items():
            result = run("compile", "base.yaml", "--for", graph, "--batch", "8", "--emit", form)
            assert result.stdout == text.rstrip("\n") + "\n"
            assert result.stderr == ""
    assert [path.name for path in folder.iterdir() if path.suffix == ".nnc"] == []


def test_after_a_pass(run: Run) -> None:
    graph = parse_graph(run("compile", "base.yaml", "--emit", "ir", "--after", "differentiate").stdout)
    assert any(label.startswith("gradient/") for label in graph.outputs)
    assert all(node.op.name != "fusion" for node in graph.nodes)
    error = run("compile", "base.yaml", "--emit", "ir", "--after", "fuze", code=1).stderr
    assert error.endswith("Did you mean 'fuse'?\n")


def test_output_and_dtype(run: Run, folder: Path) -> None:
    result = run("compile", "base.yaml", "--dtype", "float64", "-o", "base.nnc")
    assert "float64" in result.stdout
    assert result.stderr == "saved base.nnc\n"
    assert {str(array.dtype) for array in nnc.load("base.nnc").variables.values()} == {"float64"}
    again = run("compile", "base.nnc").stdout
    assert "Peak bytes" in again
    assert "differentiate" not in again
    assert "--dtype" in run("compile", "base.nnc", "--dtype", "float32", code=1).stderr


def test_a_model_without_loss_is_compiled_to_predict(run: Run, folder: Path) -> None:
    text = (folder / "base.yaml").read_text()
    Path("plain.yaml").write_text(text[: text.index("compile:")])
    assert json.loads(run("compile", "plain.yaml", "--json").stdout)["graph"] == "predict"
    error = run("compile", "plain.yaml", "--for", "train", code=1).stderr
    assert "not compiled with a loss" in error


@pytest.mark.parametrize("batch", [1, 7, 33])
def test_peak_is_the_plans(run: Run, batch: int) -> None:
    report = json.loads(run("compile", "base.yaml", "--batch", str(batch), "--json").stdout)
    plan = nnc.compile("base.yaml").plan("train", batch)
    found = report["peak_bytes"], report["lower_bound"], report["unshared_bytes"]
    assert found == (plan.peak_bytes, plan.lower_bound, plan.unshared_bytes)


@pytest.mark.numpy_backend
def test_too_little_memory(run: Run, folder: Path) -> None:
    needed = nnc.compile("base.yaml").footprint("train", 32).total
    run("compile", "base.yaml", "--max-bytes", str(needed), "-o", "fits.nnc")
    result = run("compile", "base.yaml", "--max-bytes", "1K", "-o", "base.nnc", code=1)
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0].startswith(
        "error: program 'base': graph 'train' with batch = 32 needs 1,356 bytes, more than max_byt"
    )
    assert len([line for line in lines if line.startswith("    ")]) == 3
    assert lines[-1] == "  batches of up to 20 rows would fit"
    run("compile", "base.yaml", "--max-bytes", "1K", "--batch", "20")
    assert sorted(path.name for path in folder.glob("*.nnc")) == ["fits.nnc"]
    assert "expected a number of bytes such as 64M" in run("compile", "base.yaml", "--max-bytes", "much", code=2).stderr


@pytest.mark.numpy_backend
@pytest.mark.parametrize(
    "command",
    [
        ("train", "base.yaml", "--data", "points.npz", "-o", "out.nnc"),
        ("evaluate", "base.yaml", "--data", "points.npz"),
        ("predict", "base.yaml", "--input", "x.npy", "-o", "out.csv"),
        ("run", "base.yaml", "--epochs", "1"),
    ],
)
def test_nothing_runs_with_too_little_memory(run: Run, folder: Path, command: tuple[str, ...]) -> None:
    before = sorted(folder.iterdir())
    result = run(*command, "--max-bytes", "300", code=1)
    assert "more than max_bytes = 300 bytes" in result.stderr
    assert sorted(folder.iterdir()) == before
    run(*command, "--max-bytes", "64K")
