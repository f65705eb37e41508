"""First steps: who takes part, in which order processes start, and what is said of those that fail or differ."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from importlib import import_module

import numpy
import pytest

from benchmarks import first_steps
from benchmarks.engines import installed
from benchmarks.families import families
from benchmarks.first_steps import FIRST, NNC
from benchmarks.networks import NETWORKS, Network, deep_dense
from benchmarks.report import Row
from benchmarks.settings import HURRIED, Settings
from benchmarks.targets import TARGETS, target_rows
from benchmarks.timing import Comparison
from benchmarks.worker import Entrant, WorkerError

SETTINGS = replace(HURRIED, starts=2, engines=("jax", "keras-jax"))
TITLE = "residual MLP of 30 layers, first training step"
JAX = FIRST[TITLE].jax[0]


class Scripted:
    """A process whose contestant takes a second more than the one before."""

    started: list[str]
    fails, differs = "", ""

    def __init__(self, entrant: Entrant, threads: int | None, learns: bool) -> None:
        self.started.append(entrant.name)
        if entrant.name == self.fails:
            raise WorkerError(f"{entrant.name}: it broke")
        assert learns, "numbers are of a first step"
        self.entrant, self.set_up = entrant, {"import": 9.0, "build": 9.0, "first": float(len(self.started))}

    def __enter__(self) -> Scripted:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def numbers(self) -> list[float]:
        return [2.0 if self.entrant.name == self.differs else 1.0]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> type[Scripted]:
    monkeypatch.setattr("benchmarks.worker.Worker", Scripted)
    monkeypatch.setattr(Scripted, "started", [], raising=False)
    return Scripted


def measured(monkeypatch: pytest.MonkeyPatch, settings: Settings = SETTINGS) -> list[Row]:
    monkeypatch.setattr(first_steps, "FIRST", {TITLE: FIRST[TITLE]})
    return first_steps.run(settings)


def test_processes_start_in_turn_and_only_first_runs_count(
    scripted: type[Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs, same = measured(monkeypatch)
    assert scripted.started == [NNC, JAX, JAX, NNC]
    assert (ours.contestant, ours.samples, theirs.contestant, theirs.samples) == (NNC, [1.0, 4.0], JAX, [2.0, 3.0])
    assert (theirs.wanted, theirs.reached, same.contestant) == ("≤ 1×", True, "same numbers")
    assert measured(monkeypatch, replace(SETTINGS, backends=("numpy",))) == []


@pytest.mark.parametrize(("what", "who"), [("fails", JAX), ("fails", NNC), ("differs", JAX)])
def test_who_fails_or_differs_is_named_once_and_not_compared(
    scripted: type[Scripted], monkeypatch: pytest.MonkeyPatch, what: str, who: str
) -> None:
    monkeypatch.setattr(scripted, what, who)
    rows = measured(monkeypatch)
    told = [row.median for row in rows if row.reached is False]
    assert len(told) == 1
    assert "it broke" in told[0] or "computes something else" in told[0]
    assert not any(row.ratio for row in rows)


@pytest.mark.usefixtures("scripted")
def test_who_takes_no_part_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = measured(monkeypatch, replace(SETTINGS, engines=("torch",), named=("torch",)))
    assert [(row.contestant, row.median) for row in rows[1:]] == [("PyTorch", "takes no part in this work")]


def test_each_work_has_a_target_and_a_place_on_the_page() -> None:
    times = Comparison({NNC: [1.0, 1.0], JAX: [2.0, 2.0]})
    rows = [row for title in FIRST for row in target_rows(title, f"{title}, 2 threads", times, [NNC], [JAX])]
    assert FIRST.keys() <= TARGETS.keys()
    (family,) = families(rows)
    assert [re.sub(", 2 threads$", "", found.name) for found in family.works] == list(FIRST)


@pytest.mark.skipif("jax" not in installed(), reason="needs JAX")
def test_jax_has_the_same_network(monkeypatch: pytest.MonkeyPatch) -> None:
    known = import_module("benchmarks.peers.jax_networks").JAX_NETWORKS
    make = partial(deep_dense.network, depth=3)
    monkeypatch.setitem(NETWORKS, "few", Network(make, deep_dense.data, deep_dense.ROWS, deep_dense.ROWS))
    few = replace(known["residual_mlp_30"], weights=partial(deep_dense.weights, 3))
    monkeypatch.setitem(known, "few", few)
    theirs = import_module("benchmarks.peers.jax_training").by_step("few")
    ours = first_steps.step("few", "numpy")
    assert ours.numbers and theirs.numbers
    numpy.testing.assert_allclose(theirs.numbers(), ours.numbers(), rtol=1e-5)


def test_a_first_prediction_is_that_of_the_model() -> None:
    contestant = first_steps.prediction("digits", "numpy")
    contestant.run(1)
    assert contestant.numbers
    assert sum(contestant.numbers()) == pytest.approx(1.0, abs=1e-5)
