"""`--check-nan` of `nnc train`, `evaluate` and `predict`: where it stops, what it says, and what is saved."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy
import pytest

import nnc
from tests.cli.conftest import Run

WILD = """
name: wild
input: [2]
layers:
  - Dense: {units: 4, activation: relu}
  - Dense: {units: 1, name: out}
compile: {optimizer: {SGD: {learning_rate: 1000000.0}}, loss: mse}
"""


@pytest.fixture
def wild(folder: Path) -> str:
    (folder / "wild.yaml").write_text(WILD)
    return "wild.yaml"


def test_training_stops_and_what_was_learnt_is_saved(run: Run, wild: str) -> None:
    line = ("train", wild, "--data", "points.npz", "--epochs", "50", "--batch", "8", "-o", "wild.nnc", "--no-hints")
    found = run(*line, "--check-nan", code=1)
    message = found.stderr.splitlines()
    assert message[1] == "saved wild.nnc"
    assert re.match(
        r"error: \w+ %\S+ (in layer 'out'|outside of layers) \(\w+\) is not finite in epoch \d+", message[2]
    )
    assert message[2].endswith("graph 'train' of program 'wild'")
    assert message[3].startswith("  operand %")
    assert message[-1] == "  weights, optimizer and metrics are as they were before this step"
    program = nnc.load("wild.nnc")
    assert numpy.isfinite(program.states["parameters"]).all()
    assert f"step {program.optimizer.iterations + 1}, " in message[2]
    run(*line)
    assert not numpy.isfinite(nnc.load("wild.nnc").states["parameters"]).all()


def test_json(run: Run, wild: str) -> None:
    found = run("train", wild, "--data", "points.npz", "--epochs", "50", "--check-nan", "--json", code=1)
    report = json.loads(found.stdout)
    stopped = report["stopped"]
    assert (stopped["program"], stopped["graph"], stopped["is_confirmed"]) == ("wild", "train", True)
    assert stopped["result"]["nans"] + stopped["result"]["infinities"] > 0
    assert all(operand["nans"] + operand["infinities"] == 0 for operand in stopped["operands"])
    assert report["epochs"] == report["stopped"]["epoch"]
    calm = run("train", "base.yaml", "--data", "points.npz", "--check-nan", "--json")
    assert "stopped" not in json.loads(calm.stdout)


def test_evaluate_and_predict(run: Run, wild: str) -> None:
    run("train", wild, "--data", "points.npz", "--epochs", "1", "-o", "wild.nnc")
    program = nnc.load("wild.nnc")
    program.variables["out/kernel"][2] = numpy.nan
    program.save("wild.nnc")
    for line in (
        ("evaluate", "wild.nnc", "--data", "points.npz"),
        ("predict", "wild.nnc", "--input", "x.npy", "-o", "y.npy"),
    ):
        run(*line)
        assert "error: weight 'out/kernel' is not finite in batch 1, graph" in run(*line, "--check-nan", code=1).stderr
