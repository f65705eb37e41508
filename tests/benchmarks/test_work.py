"""Works: who is measured, who is compared with whom, and what is said of those that fail or are not there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from benchmarks import portable, prediction, replicas, training, work
from benchmarks.report import Goal, Row
from benchmarks.settings import HURRIED, Settings
from benchmarks.targets import TARGETS
from benchmarks.timing import Comparison
from benchmarks.work import Work, measure
from benchmarks.worker import ROOT, Entrant, Worker, WorkerError

HERE = "tests.benchmarks.test_work"
SETTINGS = replace(HURRIED, engines=("jax", "torch"), named=("jax", "torch"))
SECONDS = {
    "ours": 2.0,
    "ours, C": 1.0,
    "ours in place": 1.8,
    "ours in place, C": 0.5,
    "JAX": 4.0,
    "JAX bound": 2.0,
    "other": 0.1,
    "by hand": 0.9,
}


class Scripted:
    """A process of a contestant that takes as long as the table says."""

    started: ClassVar[list[str]] = []

    def __init__(self, entrant: Entrant, threads: int | None, learns: bool) -> None:
        if entrant.factory == "broken":
            raise WorkerError(f"{entrant.name}: it broke")
        self.entrant, self.set_up = entrant, {"import": 1.0, "build": 2.0, "first": SECONDS[entrant.name]}
        self.started.append(f"{entrant.name} {threads}{' learns' if learns else ''}")

    def __enter__(self) -> Scripted:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def time(self, count: int) -> float:
        return count * SECONDS[self.entrant.name]

    def numbers(self) -> list[float]:
        return [2.0 if self.entrant.name == "other" else 1.0]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> type[Scripted]:
    monkeypatch.setattr("benchmarks.worker.Worker", Scripted)
    monkeypatch.setattr(work, "Worker", Scripted)
    monkeypatch.setattr(Scripted, "started", [])
    return Scripted


def example(**changes: Any) -> Work:
    ours = tuple(
        Entrant(name, "f", backend="c" if name.endswith("C") else "numpy", way="window" if "place" in name else "copy")
        for name in ("ours", "ours, C", "ours in place", "ours in place, C")
    )
    peers = (
        Entrant("JAX", "f", engine="jax", way="copy"),
        Entrant("JAX bound", "f", engine="jax", way="window"),
        Entrant("other", "f", engine="jax", way="copy"),
        Entrant("not wanted", "f", engine="sklearn", way="copy"),
    )
    by_hand = (Entrant("by hand", "f", backend="c", way="copy"),)
    return replace(Work("example", "MLP, predict 1 row", ours, peers, by_hand), **changes)


def shown(rows: list[Row]) -> list[tuple[str, str, str]]:
    return [(row.work, row.contestant, row.ratio or row.median) for row in rows]


def test_rows(scripted: type[Scripted]) -> None:
    name = "example, 1 thread"
    assert shown(measure(SETTINGS, example(), [1])) == [
        (name, "ours", "2 s"),
        (name, "JAX", "2.00× faster"),
        (name, "ours in place", "1.8 s"),
        (name, "JAX bound", "1.11× faster"),
        (f"{name}, on C", "ours, C", "1 s"),
        (f"{name}, on C", "JAX", "0.25× its time"),
        (f"{name}, on C", "by hand", "1.11× its time"),
        (f"{name}, on C", "ours", "2.00× faster"),
        (f"{name}, on C", "ours in place, C", "500 ms"),
        (f"{name}, on C", "JAX bound", "0.25× its time"),
        (f"{name}, on C", "ours in place", "3.60× faster"),
        (name, "other", "computes something else: off by 1.0e+00"),
        (name, "same numbers", "7 contestants, off by 0.0e+00 at most"),
        (name, "PyTorch", "takes no part in this work"),
    ]
    assert "not wanted 1" not in scripted.started


def test_what_fails_is_said_and_the_others_go_on(scripted: type[Scripted]) -> None:
    broken = (Entrant("JAX", "broken", engine="jax", way="copy"),)
    rows = measure(replace(SETTINGS, named=(), backends=("c",)), example(peers=broken), [1])
    assert shown(rows)[0] == ("example, 1 thread, on C", "ours, C", "1 s")
    assert shown(rows)[-1] == ("example, 1 thread", "failed", "JAX: it broke")
    assert rows[-1].reached is False


def test_who_cannot_do_a_work_is_named_with_the_reason(scripted: type[Scripted]) -> None:
    unable = {"torch": "it has no such layer", "sklearn": "neither has this one"}
    rows = measure(SETTINGS, example(unable=unable), [1])
    assert shown(rows)[-1] == ("example, 1 thread", "PyTorch", "cannot do this work: it has no such layer")
    assert rows[-1].reached is None


def test_training_that_is_not_set_up_begins_anew_before_it_is_compared(scripted: type[Scripted]) -> None:
    rows = measure(replace(SETTINGS, backends=("c",)), example(learns=True, steps=2), [1])
    assert scripted.started[0] == "ours, C 1 learns"
    assert not any(row.parts for row in rows)


def test_goals_against_others_count_on_their_backend(scripted: type[Scripted]) -> None:
    others = (Entrant("by hand", "f", backend="c", way="copy", goal=Goal(at_most=1.2)),)
    rows = measure(replace(SETTINGS, backends=("c",)), example(others=others), [1])
    (row,) = (row for row in rows if row.contestant == "by hand")
    assert (row.work, row.ratio, row.wanted, row.reached) == (
        "example, 1 thread, on C", "1.11× its time", "≤ 1.2×", True
    )  # fmt: skip


def test_training_is_set_up_in_several_processes(scripted: type[Scripted]) -> None:
    settings = replace(SETTINGS, starts=3, backends=("c",), named=())
    rows = [row for row in measure(settings, example(steps=2, epochs=10), [2, 1]) if row.parts]
    assert scripted.started.count("JAX 2 learns") == 3
    assert scripted.started.count("JAX 1 learns") == 1
    assert {row.work for row in rows} == {"example, 2 threads: 10 epochs from nothing"}
    peer = next(row for row in rows if row.contestant == "JAX")
    assert peer.samples == pytest.approx([1.0 + 2.0 + 10 * 4.0] * 3)  # the first epoch takes no longer than others


@pytest.mark.parametrize(
    "suite",
    [
        *(training.base, training.mlp, training.cnn, training.lstm, training.transformer),
        *(prediction.small_networks, prediction.resnet50, prediction.mobilenet_v2, replicas.training),
        *(portable.mobile, portable.deep, portable.attention, portable.wide, portable.sequence, portable.volume),
        *(portable.train_words, portable.train_gpt, portable.train_densenet),
        *(portable.train_unet, portable.train_mobilenetv2, portable.train_resnet50),
    ],
)
def test_entrants_have_factories_and_names_of_their_own(suite: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    works: list[Work] = []

    def note(settings: Settings, work: Work, choices: Any) -> list[Row]:
        works.append(work)
        return []

    for module in (training, prediction, replicas, portable):
        monkeypatch.setattr(module, "measure", note)
    suite(replace(HURRIED, backends=("c",)))
    assert works
    for found in works:
        names = [entrant.name for entrant in (*found.ours, *found.peers, *found.others)]
        assert len(set(names)) == len(names)
        subjects = {(entrant.backend, entrant.way) for entrant in found.ours}
        for entrant in (*found.ours, *found.peers, *found.others):
            assert {("numpy", entrant.way), ("c", entrant.way)} <= subjects
            module, _, function = entrant.factory.partition(":")
            text = (ROOT / f"{module.replace('.', '/')}.py").read_text()
            assert f"def {function}(" in text
        assert found.target in TARGETS


# ---------------------------------------------------------------------- a real process


def counting() -> Any:
    """Return a contestant whose numbers are how often it ran."""
    from benchmarks.contestant import Contestant

    ran = [0.0]

    def run(count: int) -> None:
        print("something that a library prints")
        ran[0] += count

    return Contestant(run, lambda: ran)


def failing() -> Any:
    """Return nothing."""
    raise OSError("no such thing")


def test_a_process() -> None:
    entrant = Entrant("counting", f"{HERE}:counting")
    for learns, expected in ((True, [0.0]), (False, [1.0])):  # one that learns is made anew before it is asked
        with Worker(entrant, threads=1, learns=learns) as worker:
            assert set(worker.set_up) == {"import", "build", "first"}
            assert worker.numbers() == expected
            assert worker.time(3) >= 0
            assert worker.numbers() == ([0.0] if learns else [4.0])


def test_a_process_that_fails() -> None:
    with pytest.raises(WorkerError, match=r"^failing: OSError: no such thing$"):
        Worker(Entrant("failing", f"{HERE}:failing"))
    with pytest.raises(WorkerError, match=r"^missing: ModuleNotFoundError"):
        Worker(Entrant("missing", "benchmarks.nowhere:f"))


def test_rounds_begin_with_another_one() -> None:
    order: list[str] = []

    def timer(name: str) -> Any:
        def measure_it(count: int) -> float:
            order.append(name)
            return 1.0

        return measure_it

    found = replace(HURRIED, rounds=3).race({name: timer(name) for name in "abc"})
    assert "".join(order).endswith("abcbcacab")
    assert found == Comparison({name: [1.0] * 3 for name in "abc"})
