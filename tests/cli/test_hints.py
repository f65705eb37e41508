"""Hints on the command line: a line each on standard error, once, and none with `--no-hints`."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from nnc.cli.console import say_hints
from nnc.errors import NncWarning
from tests.cli.conftest import Run

STEEP = """
name: steep
input: [2]
layers:
  - Dense: {units: 4, activation: tanh}
  - Dense: {units: 1, name: out}
compile: {optimizer: {SGD: {learning_rate: 300.0}}, loss: binary_crossentropy}
"""
NO_PROBABILITIES = (
    "hint: binary_crossentropy expects probabilities, but the output of layer 'out' is not bounded; give it the"
    " activation sigmoid, or the loss from_logits=True (--no-hints leaves hints out)"
)


@pytest.fixture
def steep(folder: Path) -> str:
    (folder / "steep.yaml").write_text(STEEP)
    return "steep.yaml"


def hints(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("hint: ")]


def test_training(run: Run, steep: str) -> None:
    line = ("train", steep, "--data", "points.npz", "--epochs", "3", "--validation-split", "0.25")
    first, second = hints(run(*line).stderr)
    assert first == NO_PROBABILITIES
    assert second.startswith("hint: the first update moved the weights of layer '")
    assert " lower the learning rate from 300 to about " in second
    assert hints(run(*line, "--no-hints").stderr) == []
    assert len(hints(run(*line).stderr)) == 2  # the command before has left nothing behind


@pytest.mark.parametrize(
    "line", [("evaluate", "--data", "points.npz"), ("compile",), ("compile", "--explain"), ("run", "--epochs", "1")]
)
def test_other_commands(run: Run, steep: str, line: tuple[str, ...]) -> None:
    command, *options = line
    found = hints(run(command, steep, *options).stderr)
    assert found[0] == NO_PROBABILITIES
    assert len(found) == len(set(found))
    assert hints(run(command, steep, *options, "--no-hints").stderr) == []


def test_where_all_is_well_there_is_none(run: Run) -> None:
    assert hints(run("train", "base.yaml", "--data", "points.npz", "--epochs", "3").stderr) == []


def test_other_warnings_stay_what_they_are() -> None:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        before = warnings.showwarning
        say_hints(False)
        try:
            warnings.warn("something else", UserWarning, stacklevel=1)
        finally:
            warnings.showwarning = before
    assert [str(item.message) for item in found] == ["something else"]
    assert not issubclass(found[0].category, NncWarning)
