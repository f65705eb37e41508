"""Replicas: all ways to train them give each the same losses, and rows say what is wanted of threads and compiling."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context

import numpy
import pytest

from benchmarks import replicas
from benchmarks.contestant import Contestant
from benchmarks.families import families
from benchmarks.networks import NETWORKS
from benchmarks.networks.dense import BASE_WIDTHS, weights, weights_of_replicas
from benchmarks.peers.base_network import replicas_by_hand
from benchmarks.report import Row, Versus
from benchmarks.settings import HURRIED
from benchmarks.targets import target_rows
from benchmarks.timing import Comparison
from tests.benchmarks import test_work
from tests.benchmarks.test_work import Scripted, scripted

COUNT = 17
"""Replicas: one more than lie side by side."""

__all__ = ["scripted"]


def losses(contestant: Contestant) -> Sequence[float]:
    assert contestant.numbers is not None
    return contestant.numbers()


def test_each_replica_has_weights_of_its_own() -> None:
    kernel, bias, *_ = weights_of_replicas(BASE_WIDTHS, COUNT)
    assert (kernel.shape, bias.shape) == ((COUNT, 2, 2), (COUNT, 2))
    assert len(numpy.unique(kernel)) == kernel.size
    numpy.testing.assert_array_equal(kernel[5], weights(BASE_WIDTHS, 5)[0][0])


def losses_by_hand() -> Sequence[float]:
    return losses(replicas_by_hand(COUNT))


def test_replicas_have_the_losses_of_a_loop_by_hand() -> None:
    with ProcessPoolExecutor(
        1, get_context("spawn")
    ) as pool:  # its library lets numbers near 0 be 0, for a whole process
        expected = pool.submit(losses_by_hand).result()
    assert len(expected) == 2 * COUNT
    for backend in ("numpy", "c"):
        numpy.testing.assert_allclose(losses(replicas.together("base", COUNT, backend)), expected, rtol=1e-5)


@pytest.mark.parametrize("network", ["base", "digits"])
@pytest.mark.slow
def test_one_after_another_from_the_beginning(network: str) -> None:
    expected = losses(replicas.together(network, 8, "c"))
    assert len(set(expected)) == 16
    for contestant in (replicas.together(network, 8, "c", lanes=1), replicas.apart(network, 8)):
        numpy.testing.assert_allclose(losses(contestant), expected, rtol=1e-4)


def test_a_network_is_as_it_began_in_the_next_run() -> None:
    contestant = replicas.apart("digits", 2)
    first = losses(contestant)
    contestant.run(1)
    assert losses(contestant) == first


@pytest.mark.slow
@pytest.mark.parametrize("network", ["base", "digits"])
@pytest.mark.parametrize("engine", ["jax", "keras", "torch"])
def test_peers_train_every_replica_alike(network: str, engine: str) -> None:
    pytest.importorskip(engine)
    contestant = import_module(f"benchmarks.peers.{engine}_replicas").fit(network, COUNT)
    numpy.testing.assert_allclose(losses(contestant), losses(replicas.together(network, COUNT, "numpy")), rtol=1e-3)
    contestant.run(1)


def test_the_last_batch_of_digits_is_a_step_too() -> None:
    network = NETWORKS["digits"]
    assert (network.steps, network.rows % network.batch) == (57, 5)


def test_two_threads(scripted: type[Scripted], monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {f"nnc fit, replicas, C, {threads}": taken for threads, taken in (("1 thread", 3.0), ("2 threads", 2.0))}
    monkeypatch.setattr(test_work, "SECONDS", seconds)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    ours, other = replicas.two_threads(HURRIED)
    assert scripted.started == ["nnc fit, replicas, C, 1 thread 1 learns", "nnc fit, replicas, C, 2 threads 2 learns"]
    assert ours.samples[0] == pytest.approx(2.0 / 4 / 1024)
    assert (other.ratio, other.wanted, other.reached) == ("1.50× faster", "≥ 1.8× faster", False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
    assert [row.median for row in replicas.two_threads(HURRIED)] == ["takes two processors"]


def test_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def run_cold(code: str, folder: object) -> str:
        asked.append(code)
        return "0.28\n" if "(1024)" in code else "0.2\n"

    monkeypatch.setattr(replicas, "run_cold", run_cold)
    several, one = replicas.compiling(HURRIED)
    assert len(asked) == 2 * (HURRIED.processes + 1)
    assert (several.contestant, several.median) == ("1,024 replicas", "280 ms")
    assert (one.ratio, one.wanted, one.reached) == ("1.40× its time", "≤ 1.5×", True)


def test_the_seconds_of_compiling() -> None:
    assert replicas.compile_seconds(None) > 0
    assert replicas.compile_seconds(8) > 0


def test_the_page_has_them_apart_from_single_networks() -> None:
    def rows(title: str) -> list[Row]:
        seconds = Comparison({"ours, C": [1e-7], "JAX, vmap": [1e-6], "nnc fit, replicas": [2e-6]})
        beside = [Versus("nnc fit, replicas")]
        return target_rows("base network, 64 replicas", title, seconds, ["ours, C"], ["JAX, vmap"], beside)

    found = families(
        [
            *rows("base network, 64 replicas, training step of each, 1 thread"),
            *rows("base network, training step, 1 thread"),
        ]
    )
    assert [(family.key, [work.name for work in family.works]) for family in found] == [
        ("training", ["base network, 1 thread"]),
        ("replicas", ["base network, 64 replicas, 1 thread"]),
    ]
    assert set(found[1].works[0].times) == {"JAX", "nnc on NumPy"}
