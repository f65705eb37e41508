"""An epoch is one call: the loop over batches in C does what one call per batch does."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.callbacks import Callback
from nnc.program import batches
from nnc.program.batches import Batches, Stretch

ROWS = 70


def make_program(backend: str):
    nnc.utils.set_random_seed(3)
    model = nnc.Sequential(
        [
            nnc.Input((3,)),
            nnc.layers.Dense(20, activation="tanh"),
            nnc.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.program.use_backend(backend)
    return model.program


@pytest.fixture
def data():
    generator = numpy.random.default_rng(0)
    x = generator.normal(size=(ROWS, 3)).astype("float32")
    return x, (x.sum(-1, keepdims=True) > 0).astype("float32")


class Watching(Callback):
    """Wants to be called for each batch, so that batches run one by one."""

    def on_train_batch_end(self, batch, logs=None):
        pass


@pytest.mark.parametrize("batch_size", [32, 70, 7, 100])
def test_many_batches_in_a_call_are_the_same_as_one(data, batch_size):
    together, single = make_program("c"), make_program("c")
    first = together.fit(*data, epochs=3, batch_size=batch_size, verbose=0)
    second = single.fit(*data, epochs=3, batch_size=batch_size, verbose=0, callbacks=[Watching()])
    assert first.history == second.history
    for label, state in together.states.items():
        assert numpy.array_equal(state, single.states[label]), label


def test_both_backends_see_the_rows_in_the_same_order(data):
    histories = [make_program(backend).fit(*data, epochs=4, verbose=0).history for backend in ("numpy", "c")]
    assert numpy.allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-5, atol=0)


def test_an_epoch_is_one_call(data, monkeypatch):
    monkeypatch.setattr(batches, "CALL_SECONDS", 10.0)
    program = make_program("c")
    feed = Batches(program.executor, "train", labelled(program, *data), 10)
    (stretch,) = feed.stretches
    calls = []
    run = stretch.run
    stretch.run = lambda first, count: calls.append((first, count)) or run(first, count)
    feed.run()
    feed.run()
    assert calls == [(0, 1), (10, 6), (0, 7)]


def test_rows_of_another_type_are_gathered_batch_by_batch(data):
    program = make_program("c")
    x, y = data
    assert Batches(program.executor, "train", labelled(program, x, y), 32).stretches
    assert not Batches(program.executor, "train", labelled(program, x.astype("float64"), y), 32).stretches
    assert not Batches(program.executor, "train", labelled(program, numpy.asfortranarray(x), y), 32).stretches


def labelled(program, x, y):
    """Arrays by the labels of the graph's inputs."""
    labels = [item.label for item in (*program.spec.inputs, *program.spec.targets)]
    return dict(zip(labels, (x, y), strict=True))


def test_an_interrupt_ends_a_stretch_between_two_calls():
    interrupted: list[int] = []
    calls = []

    def run(first: int, count: int) -> None:
        calls.append((first, count))
        if len(calls) == 2:
            interrupted.append(2)

    Stretch(run, 5, 3, 1000, at_once=10).run_all(interrupted, lambda count: None)
    assert calls[0] == (5, 10)
    assert len(calls) == 2
