"""Threads and forked children share a program, on both backends: right answers, no waiting for training, no crash."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest

import nnc
from nnc.layers import Dense
from tests.program.samples import X, Y, digest, network, output

pytestmark = pytest.mark.usefixtures("each_backend")


def in_threads(run, count: int = 8) -> list:
    """Return what `run` returns for 0 … count - 1, each in a thread, all at the same time."""
    barrier = threading.Barrier(count)

    def wait(number: int):
        barrier.wait()
        return run(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(wait, range(count)))


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.sampled(2)
def test_eight_threads_predict_different_batches(warm):
    model = nnc.Sequential([nnc.Input((3,)), Dense(64, "tanh"), Dense(64, "softmax")])
    program = model.program
    expected = nnc.compile(nnc.Sequential([nnc.Input((3,)), *model.layers]))(X) if warm else None
    if warm:
        program(X)

    def run(number: int):
        results = []
        for turn in range(60):
            rows = 1 + (7 * number + 3 * turn) % 50
            results.append((rows, program(X[:rows], copy=turn % 2 == 0).copy(), program.predict(X, batch_size=rows)))
        return results

    reference = expected if expected is not None else program(X)
    for results in in_threads(run):
        for rows, called, predicted in results:
            numpy.testing.assert_allclose(called, reference[:rows], rtol=1e-5)
            numpy.testing.assert_allclose(predicted, reference, rtol=1e-5)
    assert program.compilations == 1


def test_first_use_in_many_threads():
    program = network().program
    found = in_threads(lambda number: program.evaluate(X, Y) if number % 2 else program(X))
    assert program.compilations == 3
    for number, result in enumerate(found):
        if number % 2:
            assert result == found[1]
        else:
            numpy.testing.assert_array_equal(result, found[0])


def test_predictions_do_not_wait_for_training():
    program, other = network().program, network().program
    program(X)
    training, done = threading.Event(), threading.Event()
    errors, epochs, deadline = [], [], time.monotonic() + 30

    def train():
        try:
            program.fit(X, Y, epochs=10**9, verbose=0, on_epoch=step)
        except StopIteration:
            pass
        except BaseException as error:
            errors.append(error)

    def step(epoch, logs):
        training.set()
        epochs.append(epoch)
        if done.is_set():
            raise StopIteration
        assert time.monotonic() < deadline, "predictions wait for the training to end"

    trainer = threading.Thread(target=train)
    trainer.start()
    assert training.wait(30)

    def run(number: int):  # fresh threads, sizes never seen before
        return [program.predict(X, batch_size=1 + (number + turn) % 50) for turn in range(40)]

    try:
        results = in_threads(run)
    finally:
        done.set()
        trainer.join(30)
    assert not trainer.is_alive()
    assert errors == []
    for found in results:
        for array in found:
            assert array.shape == (50, 1)
            assert ((array >= 0) & (array <= 1)).all()  # in so many epochs the sigmoid's last bit may round to 1
    other.fit(X, Y, epochs=len(epochs), verbose=0)
    assert digest(program) == digest(other)  # nor does training notice


def test_trainings_take_turns():
    program, other = network("sgd").program, network("sgd").program

    def run(number: int):
        return program.fit(X, Y, epochs=3, shuffle=False, verbose=0).history["loss"]

    losses = [loss for history in in_threads(run, 4) for loss in history]
    expected = other.fit(X, Y, epochs=12, shuffle=False, verbose=0).history["loss"]
    assert sorted(losses) == sorted(expected)
    numpy.testing.assert_array_equal(program.states["parameters"], other.states["parameters"])


def test_saving_waits_for_a_whole_training(tmp_path):
    model = network()
    program = model.program
    for name in program.graph_names:
        program.graph(name)

    def run(number: int):
        if number:
            program.save(tmp_path / f"{number}.nnc")
            return int(nnc.load(tmp_path / f"{number}.nnc").states.get("optimizer/iterations", 0))
        program.fit(X, Y, epochs=50, verbose=0)
        return 100

    assert set(in_threads(run, 4)) <= {0, 100}


FORK = """
import multiprocessing, os, threading
import nnc
program = nnc.load(sys.argv[1])
expected = program(X)
def right():
    found = program(X[:20]), program.predict(X, batch_size=7), program.predict(X[:3])
    return bool(all(numpy.allclose(array, expected[: len(array)], rtol=1e-5) for array in found))
def train(start):
    return program.fit(X, Y, epochs=2, verbose=0).history["loss"]
if __name__ == "__main__":
    child = os.fork()
    if child == 0:
        os._exit(42 if right() and program.train_step(X, Y) > 0 else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    with multiprocessing.get_context("fork").Pool(2) as pool:
        first, second = pool.map(train, range(2), chunksize=1)
    print(right(), train(0) == first)
    # a child forked while another thread trains still predicts, evaluates and trains
    started, stop = threading.Event(), []
    def on_epoch(epoch, logs):
        started.set()
        if stop:
            raise SystemExit
    thread = threading.Thread(target=lambda: program.fit(X, Y, epochs=10**9, verbose=0, on_epoch=on_epoch))
    thread.start()
    started.wait()
    child = os.fork()
    if child == 0:
        predicts = program(X[:5]).shape == (5, 1) and program.predict(X).shape == (50, 1)
        os._exit(43 if predicts and program.evaluate(X, Y)["loss"] > 0 and train(0) else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    stop.append(True)
    thread.join()
"""


def test_forked_children(tmp_path):
    network().save(tmp_path / "net.nnc")
    code = "import warnings\nwarnings.filterwarnings('ignore', 'This process .* is multi-threaded')\n" + FORK
    assert output(code, tmp_path / "net.nnc").split() == ["42", "True", "True", "43"]
