"""`nnc inspect`: tables, JSON, profiles, and what it is run on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest

import nnc
from tests.cli.conftest import Run

QUICK = ("--profile", "--seconds", "0.02", "--no-measure")


@pytest.mark.numpy_backend
def test_tables(run: Run) -> None:
    result = run("inspect", "base.yaml")
    lines = result.stdout.splitlines()
    assert lines[0] == f"base: graph 'train', 32 rows, float32, numpy backend (NumPy {numpy.__version__})"
    cells = {line.split("  ")[0]: line.split() for line in lines if line}
    assert cells["dense (Dense)"][2:] == ["batch×2", "6", "896", "280"]
    assert cells["all"] == ["all", "9", "0", "1.69", "k", "676"]
    plan = nnc.compile("base.yaml").plan("train", 32)
    assert cells["arena"] == ["arena", f"{plan.peak_bytes:,}", f"{plan.peak_bytes:,}"]
    assert result.stderr == ""


def test_json_and_options(run: Run) -> None:
    options = ("--for", "predict", "--batch", "5", "--dtype", "float64", "--no-measure", "--json")
    data = json.loads(run("inspect", "base.yaml", *options).stdout)
    assert (data["graph"], data["batch"], data["dtype"], data["parameters"]) == ("predict", 5, "float64", 9)
    assert data["memory"]["measured"] is None
    assert data["profile"] is None
    assert [layer["kind"] for layer in data["layers"]] == ["InputLayer", "Dense", "Dense"]
    assert json.loads(run("inspect", "base.yaml", "--json").stdout)["memory"]["measured"]["arena"] > 0


def test_profile(run: Run) -> None:
    result = run("inspect", "base.yaml", *QUICK)
    for head in ("By layer", "By operation", "By step", "This machine: products "):
        assert head in result.stdout
    assert result.stderr == "profiling 'base' for some 0.02 s\n"
    data = json.loads(run("inspect", "base.yaml", *QUICK, "--json", "--for", "predict").stdout)
    profile = data["profile"]
    assert {layer["name"] for layer in profile["layers"]} >= {"dense", "dense_1"}
    assert profile["graph"] == "predict"
    assert 0 <= profile["call_overhead"] <= 1


@pytest.mark.parametrize("options", [("--data", "points.npz"), ("--data", "points.csv", "--target", "label")])
@pytest.mark.parametrize("graph", ["train", "predict"])
def test_profile_with_data(run: Run, options: tuple[str, ...], graph: str) -> None:
    data = json.loads(run("inspect", "base.yaml", *QUICK, "--for", graph, *options, "--batch", "16", "--json").stdout)
    assert (data["profile"]["graph"], data["profile"]["batch"]) == (graph, 16)


def test_a_program_stays_what_it_was(run: Run, folder: Path) -> None:
    run("compile", "base.yaml", "-o", "base.nnc")
    before = (folder / "base.nnc").read_bytes()
    assert "By layer" in run("inspect", "base.nnc", *QUICK).stdout
    assert (folder / "base.nnc").read_bytes() == before


def test_mistakes(run: Run) -> None:
    assert "give --profile as well" in run("inspect", "base.yaml", "--data", "points.npz", code=2).stderr
    assert "no such model file" in run("inspect", "bas.yaml", code=1).stderr
    run("compile", "base.yaml", "-o", "base.nnc")
    error = run("inspect", "base.nnc", "--dtype", "float64", code=1).stderr
    assert error == "error: base.nnc is compiled already; give --dtype with the model file it came from\n"
