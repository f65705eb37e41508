"""Predicts in 32 threads while another one trains, with forks, spawned processes and joblib in the middle of it.

``python -m tests.attacks.threads --count 50`` makes so many forks, and spawns a fifth of that, on each backend.
The rate of learning is next to 0 where numbers are compared, so that there is one right answer at any moment: what one
thread computes alone. Then the network trains in earnest, and must end where it ends without the others, to the bit.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy

import nnc
from nnc.backends.c.threads import THREADS
from nnc.layers import Dense
from tests.attacks.command import Report, run
from tests.program.samples import digest

PREDICTING = 32
PATIENCE = 60.0
"""Seconds after which something is taken to hang."""
STILL = 1e-30
"""A rate of learning that changes no prediction."""
LARGE = 1100
"""Rows with which products are divided among the threads of the C backend."""
X = numpy.random.default_rng(0).normal(size=(LARGE, 20)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


def main() -> None:
    """Run what the command line asks for."""
    if "OPENBLAS_NUM_THREADS" not in os.environ:  # forks beside its threads hang in it, without nnc as well
        os.execve(sys.executable, sys.orig_argv, os.environ | {"OPENBLAS_NUM_THREADS": "1"})
    run({kind: partial(in_the_middle, kind) for kind in ("numpy", "c")} | {"joblib": with_joblib}, __doc__, 50)


def network(backend: str, rate: float) -> nnc.Sequential:
    """Return a network whose predictions read derived and packed weights, which each training makes anew."""
    nnc.utils.set_random_seed(0)
    model = nnc.Sequential([nnc.Input((20,)), Dense(256, "sigmoid"), Dense(256, "tanh"), Dense(1, "sigmoid")])
    model.compile(nnc.optimizers.SGD(rate), "binary_crossentropy", metrics=["accuracy"])
    model.backend = backend
    return model


def is_right(program: nnc.Program, expected: Any, number: int) -> bool:
    """Return whether a program predicts what is expected, for sizes that depend on a number."""
    rows, batch = 1 + 37 * number % LARGE, 1 + 53 * number % LARGE
    some = program(X[:rows]), program(X[:rows], copy=False).copy()
    found = *some, program.predict(X[:rows], batch_size=batch), program.predict(X, batch_size=LARGE - number % 7)
    return all(numpy.allclose(array, expected[: len(array)], rtol=1e-5, atol=1e-6) for array in found)


@contextmanager
def resting(going: threading.Event) -> Iterator[None]:
    """Let a crowd finish its steps and begin none, so that other processes have the processors."""
    going.clear()
    try:
        yield
    finally:
        going.set()


@contextmanager
def crowd(report: Report, work: Callable[[int], bool], train: Callable[[], object]) -> Iterator[threading.Event]:
    """Let all threads work, and one train, again and again until the block ends.

    Args:
        report: of it.
        work: takes a number, each time another, and returns whether all was right.
        train: trains for a moment.

    Yields:
        What says whether they may begin the next step.
    """
    going, done, errors = threading.Event(), threading.Event(), []
    going.set()

    def again(step: Callable[[int], bool], name: str, number: int) -> None:
        try:
            while going.wait() and not done.is_set():
                report.check(step(number), f"{name}: other numbers for {number}")
                report.counts[name] += 1
                number += PREDICTING
                time.sleep(0.02)  # who waits for a lock gets it
        except BaseException as error:
            errors.append(f"{name}: {type(error).__name__}: {error}")

    threads = [threading.Thread(target=again, args=(work, "rounds of predictions", n)) for n in range(PREDICTING)]
    threads.append(threading.Thread(target=again, args=(lambda _: train() is not None, "trainings", 0)))
    for thread in threads:
        thread.daemon = True
        thread.start()
    try:
        yield going
    finally:
        done.set()
        going.set()
        for thread in threads:
            thread.join(PATIENCE)
        report.problems += errors
        report.check(not any(thread.is_alive() for thread in threads), "threads hang")


def in_the_middle(backend: str, folder: Path, count: int, seed: int) -> Report:
    """Fork and spawn while all threads predict and one trains."""
    del folder, seed
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    THREADS[0] = 4
    report = Report()
    program, other = network(backend, STILL).program, network("numpy", STILL).program
    expected = other(X)
    work = partial(is_right, program, expected)
    with crowd(report, work, lambda: program.fit(X, Y, batch_size=100, epochs=2, verbose=0)) as going:
        for number in range(count):
            wait_for(report, "trainings", report.counts["trainings"] + 1)
            child = forked(partial(in_child, program, expected, number))
            report.counts["forks"] += 1
            with resting(going):
                code = ended(child)
            report.check(code == 0, f"fork {number}: {'hangs' if code is None else f'ended with {code}'}")
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            numbers = range(max(count // 5, 2))
            found = [pool.apply_async(is_right, (program, expected, number)) for number in numbers]
            with resting(going):
                for right in found:
                    report.counts["spawned"] += 1
                    report.check(right.get(PATIENCE), "spawned: other numbers")
    program, other = network(backend, 0.1).program, network(backend, 0.1).program
    finite = lambda number: bool(((program(X[: 1 + number % 50]) - 0.5) <= 0.5).all())  # noqa: E731
    with crowd(report, finite, lambda: True):
        program.fit(X, Y, batch_size=100, epochs=5, verbose=0)
    other.fit(X, Y, batch_size=100, epochs=5, verbose=0)
    report.check(digest(program) == digest(other), "the training ends elsewhere when others predict")
    return report


def wait_for(report: Report, name: str, count: int) -> None:
    """Wait until something was done so often."""
    end = time.monotonic() + PATIENCE
    while report.counts[name] < count and time.monotonic() < end:
        time.sleep(0.01)


def in_child(program: nnc.Program, expected: Any, number: int) -> bool:
    """Predict in a fork, with sizes that the parent may never have seen, train, and predict again."""
    if not is_right(program, expected, 10**6 + number):
        return False
    if number % 2:
        program.fit(X, Y, batch_size=100, verbose=0)
        program.evaluate(X, Y)
    return is_right(program, expected, 10**7 + number)


def forked(work: Callable[[], bool]) -> int:
    """Start a fork that ends with 0 if the work returns true; return its number."""
    child = os.fork()
    if child:
        return child
    status = 2
    try:
        status = 0 if work() else 1
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def ended(child: int) -> int | None:
    """Return the exit code of a fork; None where it hangs, and is killed."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        process, status = os.waitpid(child, os.WNOHANG)
        if process:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return None


def with_joblib(folder: Path, count: int, seed: int) -> Report:
    """Give programs and models to joblib's threads and processes, in the middle of it."""
    del folder, seed
    report = Report()
    try:
        import joblib
    except ImportError:
        report.counts["as joblib is not installed"] = 0
        return report
    for backend in ("numpy", "c"):
        model = network(backend, STILL)
        program, expected = model.program, network("numpy", STILL).program(X)
        with crowd(report, partial(is_right, program, expected), lambda p=program: p.fit(X, Y, verbose=0)):
            for kind in ("threading", "loky", "multiprocessing"):
                for item in (program, model):
                    calls = (joblib.delayed(_predicted)(item, rows) for rows in range(1, count + 1))
                    found = joblib.Parallel(n_jobs=4, backend=kind, timeout=PATIENCE)(calls)
                    right = all(numpy.allclose(array, expected[: len(array)], rtol=1e-5, atol=1e-6) for array in found)
                    report.check(right, f"{kind}, {type(item).__name__}, {backend}: other numbers")
                    report.counts["calls by joblib"] += len(found)
    return report


def _predicted(item: Any, rows: int) -> Any:
    return item.predict(X[:rows], verbose=0) if isinstance(item, nnc.Model) else item.predict(X[:rows])


if __name__ == "__main__":
    main()
