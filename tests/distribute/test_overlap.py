"""Gradients that processes, here threads, add up in pieces while they compute the rest: bits, order, errors, ends."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable
from time import sleep
from types import SimpleNamespace
from typing import Any

import numpy
import pytest

import nnc
from nnc import callbacks
from nnc.backends.numpy import Executable
from nnc.distribute import mpi
from nnc.errors import ModelError
from nnc.execution.overlap import Overlap
from tests.distribute.test_data_parallel import BACKENDS, IMAGES, RANDOM, X, Y, images, perceptron
from tests.distribute.threads import SECONDS, Aborted, Group, ThreadCommunicator, in_processes

LABELS = RANDOM.integers(0, 2, 33)


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnc.plan.milestones.LEAST_BYTES", 16)


def trained(
    make: Callable[[], nnc.Model], size: int, data: tuple[Any, ...], overlaps: bool, backend: str
) -> tuple[list[Any], list[bytes], Group]:
    """Return the histories of processes, the bytes of the first one's weights, and who has called what."""
    models, group = [make() for _ in range(size)], Group(size)

    def work(processes: ThreadCommunicator) -> Any:
        processes.overlaps = overlaps
        model = models[processes.rank]
        model.backend = backend
        return model.fit(*data, batch_size=32, epochs=2, verbose=0, distribute=processes).history

    histories = in_processes(size, work, group)
    return histories, [weight.tobytes() for weight in models[0].get_weights()], group


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize(("make", "data"), [(perceptron, (X, Y)), (images, (IMAGES, LABELS))])
@pytest.mark.slow
def test_sums_in_pieces_have_the_bits_of_sums_in_one(make, data, size, backend):
    """Among them batches of which one process has no row, and graphs of more than two parts."""
    expected = trained(make, size, data, False, backend)
    found = trained(make, size, data, True, backend)
    assert found[:2] == expected[:2]
    assert trained(make, size, data, True, backend)[:2] == found[:2]
    assert "begin_all_reduce" not in expected[2].calls[0]
    assert found[2].calls[0].count("begin_all_reduce") > found[2].calls[0].count("all_reduce")
    assert all(calls == found[2].calls[0] for calls in found[2].calls)
    if size == 1:
        alone = make()
        alone.backend = backend
        history = alone.fit(*data, batch_size=32, epochs=2, verbose=0).history
        weights = alone.get_weights()
        if make is images and backend == "c":  # of which a compiler that optimises rounds products and sums as one
            for one, other in zip(found[1], weights, strict=True):
                numpy.testing.assert_allclose(numpy.frombuffer(one, other.dtype), other.ravel(), rtol=1e-6, atol=1e-7)
        else:
            assert found[0] == [history]
            assert found[1] == [weight.tobytes() for weight in weights]


def test_a_piece_is_summed_up_while_the_rest_is_computed(monkeypatch):
    """A run waits behind its first piece until the sum has begun, in a thread that is not its own."""
    begun, callers = threading.Event(), set()

    class Communicator(ThreadCommunicator):
        def begin_all_reduce(self, summands: Any, sums: Any) -> Any:
            callers.add(threading.current_thread().name)
            begun.set()
            return super().begin_all_reduce(summands, sums)

    class Waits:
        def __init__(self, finished: Any) -> None:
            self.finished = finished

        def __setitem__(self, index: int, count: int) -> None:
            self.finished[index] = count
            if count == 1:
                assert begun.wait(SECONDS), "nothing is summed up before the run has ended"
                begun.clear()

    make = Executable._make

    def hooked(self: Executable, bindings: Any) -> Any:
        bound = make(self, bindings)
        if bound.finished is not None:
            bound.run.__globals__[self.source.finished] = Waits(bound.finished)
        return bound

    monkeypatch.setattr(Executable, "_make", hooked)
    perceptron().fit(X, Y, verbose=0, distribute=Communicator(Group(1), 0, overlaps=True))
    assert "nnc-overlap" in callers


def test_pieces_are_summed_up_as_they_are_finished_and_all_in_the_end():
    vector, total, finished, order = numpy.zeros(6), numpy.zeros(6), numpy.zeros(1, "int64"), []
    begun = [threading.Event() for _ in range(3)]
    pieces = [(vector[begin:end], total[begin:end]) for begin, end in ((4, 6), (0, 2), (2, 4))]

    class Done:
        def is_done(self) -> bool:
            return True

        def wait(self) -> None:
            order.append("waited")

    def begin(summands: Any, sums: Any) -> Done:
        sums[...] = summands
        number = next(number for number, (own, _) in enumerate(pieces) if own is summands)
        order.append((number, threading.current_thread().name))
        begun[number].set()
        return Done()

    def compute() -> None:
        vector[4:] = 1
        finished[0] = 1
        assert begun[0].wait(SECONDS)
        vector[:2] = 2
        finished[0] = 2
        assert begun[1].wait(SECONDS)
        vector[2:4] = 3

    overlap = Overlap(begin)
    for _ in range(3):
        order.clear()
        overlap.run(compute, finished, pieces)
        assert order[:2] == [(0, "nnc-overlap"), (1, "nnc-overlap")]
        assert order[2:] == [(2, threading.current_thread().name), *["waited"] * 3]
        assert total.tolist() == [2, 2, 3, 3, 1, 1]
        vector[...] = total[...] = 0
        for event in begun:
            event.clear()
    order.clear()
    overlap.run(lambda: None, None, pieces)  # of a backend that does not count
    assert [number for number, _ in order[:3]] == [0, 1, 2]
    overlap.end()
    overlap.end()
    assert "nnc-overlap" not in [thread.name for thread in threading.enumerate()]


def test_whoever_is_faster_the_sums_are_the_same(monkeypatch):
    """Runs that count or do not, at any speed, between ends of the thread."""
    monkeypatch.setattr("nnc.execution.overlap._PAUSE", 1e-5)

    def work(processes: ThreadCommunicator) -> int:
        overlap, generator = Overlap(processes.begin_all_reduce), random.Random(processes.rank)
        vector, total, finished = numpy.zeros(40), numpy.zeros(40), numpy.zeros(1, "int64")
        pieces = [(vector[begin : begin + 8], total[begin : begin + 8]) for begin in (32, 0, 16, 8, 24)]
        for step in range(200):

            def compute(step: int = step) -> None:
                for number, (piece, _) in enumerate(pieces):
                    if generator.random() < 0.3:
                        sleep(generator.random() * 3e-4)
                    piece[:] = step * 10 + number + processes.rank
                    if generator.random() < 0.8:
                        finished[0] = number + 1

            total[:] = -1
            overlap.run(compute, finished if generator.random() < 0.9 else None, pieces)
            for number, (_, sums) in enumerate(pieces):
                assert (sums == sum(step * 10 + number + rank for rank in range(processes.size))).all()
            if generator.random() < 0.05:
                overlap.end()
        overlap.end()
        return step

    assert in_processes(3, work) == [199] * 3


@pytest.mark.parametrize(
    ("wanted", "levels", "hosts", "expected"),
    [
        (None, (3, 3), ["a", "b"], True),
        (None, (3, 3), ["a", "a"], False),
        (None, (3, 2), ["a", "b"], False),
        (True, (3, 3), ["a", "a"], True),
        (False, (3, 3), ["a", "b"], False),
    ],
)
def test_processes_agree_whether_they_overlap(wanted, levels, hosts, expected, monkeypatch):
    """By the word of the first one, where the MPI library of each is for several threads."""
    assert [_agreed(rank, wanted, levels, hosts, monkeypatch) for rank in range(2)] == [expected] * 2


def test_an_mpi_library_for_one_thread_is_refused_in_all_processes(monkeypatch):
    for rank in range(2):
        with pytest.raises(ModelError, match=r"NNC_MPI_OVERLAP=on needs .* MPI_THREAD_MULTIPLE"):
            _agreed(rank, True, (3, 1), ["a", "b"], monkeypatch)


def _agreed(
    rank: int, wanted: bool | None, levels: tuple[int, int], hosts: list[str], patch: pytest.MonkeyPatch
) -> bool:
    """Return what a process decides: the first one is told what is wanted, the other one something else."""
    told = (wanted, not wanted)
    library = SimpleNamespace(Query_thread=lambda: levels[rank], THREAD_MULTIPLE=3)
    patch.setitem(sys.modules, "mpi4py", SimpleNamespace(MPI=library))
    given = [(told[other], levels[other] >= 3) for other in range(2)]

    def gather(own: Any) -> Any:
        assert own == given[rank]
        return given

    return mpi._overlaps(SimpleNamespace(allgather=gather), hosts, told[rank])


def test_an_error_in_the_run_is_that_of_the_step_and_the_next_one_runs():
    finished, vector = numpy.zeros(1, "int64"), numpy.ones(2)

    class Done:
        def is_done(self) -> bool:
            return True

        def wait(self) -> None:
            pass

    def fails() -> None:
        raise ArithmeticError("in the middle")

    overlap = Overlap(lambda summands, sums: Done())
    with pytest.raises(ArithmeticError, match="in the middle"):
        overlap.run(fails, finished, [(vector, vector)])
    overlap.run(lambda: None, finished, [(vector, vector)])
    overlap.end()


def test_an_error_of_a_sum_ends_all_with_one_line():
    """It comes up in the thread that adds up, and ends the step as the error that it is."""

    class Broken(ThreadCommunicator):
        def begin_all_reduce(self, summands: Any, sums: Any) -> Any:
            if self.rank == 1 and self.group.calls[1].count("begin_all_reduce") == 5:
                raise ConnectionError("the network is gone")
            return super().begin_all_reduce(summands, sums)

    group, models = Group(2), [perceptron(), perceptron()]

    def work(processes: ThreadCommunicator) -> Any:
        own = Broken(processes.group, processes.rank, overlaps=True)
        return models[own.rank].fit(X, Y, epochs=3, verbose=0, distribute=own)

    first, second = in_processes(2, work, group)
    assert isinstance(first, Aborted)
    assert isinstance(second, ConnectionError)
    assert group.said == ["process 1: ConnectionError: the network is gone"]


def test_nothing_runs_on_when_a_training_has_ended():
    seen: list[str] = []
    names = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.extend(thread.name for thread in threading.enumerate())
    )
    for error in (None, KeyError("stop")):

        class Stops(callbacks.Callback):
            raised = error

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                if self.raised is not None:
                    raise self.raised

        communicator = ThreadCommunicator(Group(1), 0, overlaps=True)
        try:
            perceptron().fit(X, Y, verbose=0, callbacks=[names, Stops()], distribute=communicator)
        except KeyError as raised:
            assert raised is error
        assert "nnc-overlap" in seen
        assert "nnc-overlap" not in [thread.name for thread in threading.enumerate()]
