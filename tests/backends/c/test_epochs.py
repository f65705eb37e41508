"""Many epochs in one call are the same epochs: order, numbers and records, to the bit."""

from __future__ import annotations

import pickle
import signal
import sys

import numpy
import pytest

import nnc
from nnc.callbacks import Callback
from nnc.program import batches, training
from nnc.program.batches import WholeEpochs

ROWS = 70


class Looking(Callback):
    """Looks at each epoch, so that they run one by one."""

    def on_epoch_end(self, epoch, logs=None):
        pass


def make_program(optimizer="adam", metrics=("accuracy",)):
    nnc.utils.set_random_seed(3)
    model = nnc.Sequential(
        [
            nnc.Input((3,)),
            nnc.layers.Dense(20, activation="tanh"),
            nnc.layers.Dropout(0.2),
            nnc.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer, "binary_crossentropy", metrics=list(metrics))
    model.program.use_backend("c")
    return model.program


@pytest.fixture
def data():
    generator = numpy.random.default_rng(0)
    x = generator.normal(size=(ROWS, 3)).astype("float32")
    return x, (x.sum(-1, keepdims=True) > 0).astype("float32")


@pytest.fixture
def calls(monkeypatch):
    """Numbers of epochs that were asked for at once."""
    made = []
    run = WholeEpochs.run

    def counted(self, most):
        logs = run(self, most)
        made.append(len(logs["loss"]))
        return logs

    monkeypatch.setattr(WholeEpochs, "run", counted)
    return made


def check_same(first, second):
    assert first.order_state == second.order_state
    assert first.states.keys() == second.states.keys()
    for label, state in first.states.items():
        assert numpy.array_equal(state, second.states[label]), label


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch_size", [32, 7, 70, 100, 1])
@pytest.mark.sampled(6)
def test_they_are_the_epochs_that_run_one_by_one(data, calls, batch_size, shuffle, optimizer):
    together, single = make_program(optimizer), make_program(optimizer)
    options = {"epochs": 9, "batch_size": batch_size, "shuffle": shuffle, "verbose": 0}
    first = together.fit(*data, **options)
    assert sum(calls) == 8  # hints look at the first epoch
    second = single.fit(*data, **options, callbacks=[Looking()])
    assert sum(calls) == 8
    assert first.history == second.history
    assert first.epoch == second.epoch == list(range(9))
    check_same(together, single)
    assert together.optimizer.iterations == single.optimizer.iterations == 9 * -(-ROWS // batch_size)


def test_training_goes_on_as_if_it_had_not_paused(data, calls):
    paused, straight = make_program(), make_program()
    parts = [paused.fit(*data, epochs=number, verbose=0).history["loss"] for number in (3, 2)]
    assert [*parts[0], *parts[1]] == straight.fit(*data, epochs=5, verbose=0).history["loss"]
    check_same(paused, straight)


@pytest.mark.slow
def test_calls_grow_with_what_the_last_one_took(data, calls, monkeypatch):
    monkeypatch.setattr(batches, "CALL_SECONDS", 100.0)
    make_program().fit(*data, epochs=5000, verbose=0)
    assert calls[0] == 1
    assert calls[1:] == [4096, 902]  # hints look at the first epoch


def test_the_order_is_that_of_numpy(data):
    other = make_program()
    other.use_backend("numpy")
    found = make_program().fit(*data, epochs=5, verbose=0).history["loss"]
    expected = other.fit(*data, epochs=5, verbose=0).history["loss"]
    numpy.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"callbacks": [Looking()]},
        {"validation_split": 0.2},
        {"verbose": 2},
        {"steps_per_epoch": 3},
        {"on_epoch": lambda epoch, logs: None},
    ],
    ids=lambda options: next(iter(options)),
)
def test_where_somebody_looks_epochs_run_one_by_one(data, calls, options):
    make_program().fit(*data, epochs=3, **{"verbose": 0} | options)
    assert not calls


@pytest.mark.parametrize("metric", ["AUC", "Precision", "R2Score"])
@pytest.mark.sampled(1)
def test_metrics_that_are_no_means_run_epoch_by_epoch(data, calls, metric):
    program = make_program(metrics=(metric,))
    assert program.spec.results
    history = program.fit(*data, epochs=3, verbose=0)
    assert not calls
    assert [len(numbers) for numbers in history.history.values()] == [3, 3]


def test_another_way_to_shuffle_is_left_to_numpy(data, calls, monkeypatch):
    expected = make_program().fit(*data, epochs=3, verbose=0).history
    calls.clear()
    monkeypatch.setattr(batches, "_draws_as_expected", lambda: False)
    assert make_program().fit(*data, epochs=3, verbose=0).history == expected
    assert not calls


def test_an_interrupt_ends_training_between_two_calls(data, monkeypatch):
    run, done = WholeEpochs.run, []

    def interrupting(self, most):
        logs = run(self, min(most, 2))
        done.append(len(logs["loss"]))
        if len(done) == 3:
            signal.raise_signal(signal.SIGINT)
        return logs

    monkeypatch.setattr(training.WholeEpochs, "run", interrupting)
    program, other = make_program(), make_program()
    with pytest.raises(KeyboardInterrupt):
        program.fit(*data, epochs=1000, verbose=0)
    monkeypatch.undo()
    other.fit(*data, epochs=1 + sum(done), verbose=0)  # the first one runs by itself, for hints
    check_same(program, other)


def test_numbers_become_objects_when_they_are_read(data):
    program, epochs = make_program(), 2000
    program.fit(*data, epochs=3, verbose=0)
    before = sys.getallocatedblocks()
    history = program.fit(*data, epochs=epochs, verbose=0)
    assert sys.getallocatedblocks() - before < epochs
    assert len(history.history["loss"]) == len(history.epoch) == epochs
    assert sys.getallocatedblocks() - before > epochs
    assert {type(number) for number in history.history["loss"]} == {float}
    assert pickle.loads(pickle.dumps(history)).history == history.history


def test_user_stops_it(data, monkeypatch):
    run = WholeEpochs.run
    program = make_program()

    def stopping(self, most):
        program.stop_training = True
        return run(self, 1)

    monkeypatch.setattr(WholeEpochs, "run", stopping)
    assert len(program.fit(*data, epochs=100, verbose=0).epoch) == 2  # the first one runs by itself, for hints


@pytest.mark.slow
def test_runs_of_many_sizes_are_forgotten(data):
    program = make_program()
    for rows in range(400, 0, -1):  # the first has room for all others
        program.bound("train", {"batch": rows})
    executable = program.executor.local.graphs["c", "train"].executable
    assert len(executable._runs) <= 256
