"""Ctrl-C during training: KeyboardInterrupt is raised, and the program stands where a whole step left it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import numpy
import pytest

from nnc.program.training import deferred_interrupt
from tests.program.samples import SETUP, X, Y, digest, network

pytestmark = pytest.mark.usefixtures("each_backend")


def test_interrupt_between_epochs():
    program, other = network().program, network().program
    seen = []

    def on_epoch(epoch, logs):
        seen.append((epoch, sorted(logs)))
        if epoch == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        program.fit(X, Y, epochs=10, verbose=0, validation_split=0.2, on_epoch=on_epoch)
    assert seen == [(epoch, ["accuracy", "loss", "val_accuracy", "val_loss"]) for epoch in range(3)]
    other.fit(X, Y, epochs=3, verbose=0, validation_split=0.2)
    assert digest(program) == digest(other)
    assert program.fit(X, Y, verbose=0).history == other.fit(X, Y, verbose=0).history


def test_interrupt_within_an_epoch_finishes_the_step(monkeypatch):
    program, other = network().program, network().program
    batches = 0
    program.graph("train"), other.graph("train")
    bound = program.executor.bound

    def interrupting(name, sizes):
        found = bound(name, sizes)

        def run():
            nonlocal batches
            batches += 1
            if batches == 3:
                signal.raise_signal(signal.SIGINT)
            found.run()

        return type(found)(run, found.inputs, found.outputs)

    monkeypatch.setattr(program.executor, "bound", interrupting)
    with pytest.raises(KeyboardInterrupt):
        program.fit(X, Y, batch_size=10, epochs=10, shuffle=False, verbose=0)
    assert batches == 3
    for start in range(0, 30, 10):
        other.train_step(X[start : start + 10], Y[start : start + 10])
    for label in ("parameters", "random", "optimizer/iterations"):
        numpy.testing.assert_array_equal(program.states[label], other.states[label])


def test_the_handler_is_put_back():
    before = signal.getsignal(signal.SIGINT)
    network().fit(X, Y, verbose=0)
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(ValueError, match="mine"), deferred_interrupt():
        raise ValueError("mine")
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt), deferred_interrupt() as received:
        signal.raise_signal(signal.SIGINT)
        assert received == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is before


def test_the_second_interrupt_is_immediate():
    with pytest.raises(KeyboardInterrupt), deferred_interrupt():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("not reached")


def test_another_handler_is_left_alone():
    caught = []
    before = signal.signal(signal.SIGINT, lambda *_: caught.append(1))
    try:
        with deferred_interrupt() as received:
            signal.raise_signal(signal.SIGINT)
        assert (caught, received) == ([1], [])
    finally:
        signal.signal(signal.SIGINT, before)


def test_training_in_another_thread_handles_no_signals():
    errors = []

    def run():
        try:
            network().fit(X, Y, epochs=2, verbose=0)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert errors == []


LONG = """
import nnc
program = nnc.load(sys.argv[1])
program(X), program.fit(X, Y, batch_size=5, verbose=0)  # now all is compiled
print("ready", flush=True)
try:
    options = {"epochs": 10**9, "batch_size": 5, "verbose": int(sys.argv[2])}
    program.fit(X, Y, **options, on_epoch=lambda epoch, logs: epoch == 9 and print("running", flush=True))
except KeyboardInterrupt:
    steps = program.states["optimizer/iterations"]
    finite = all(numpy.isfinite(array).all() for array in program.states.values())
    print("interrupted", steps > 10, finite, program.states["random"][1] == steps, program(X).shape)
    program.fit(X, Y, verbose=0)
    program.save(sys.argv[1])
"""


@pytest.mark.parametrize("verbose", [0, 1])
@pytest.mark.sampled(2)
def test_a_real_interrupt(tmp_path, verbose):
    path = tmp_path / "net.nnc"
    network().save(path)
    command = [sys.executable, "-W", "error", "-c", SETUP + LONG, str(path), str(verbose)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        assert any("running" in line for line in iter(child.stdout.readline, ""))
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    assert out.splitlines()[-1] == "interrupted True True True (50, 1)"
