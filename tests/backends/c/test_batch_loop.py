"""An epoch is one call: the loop over batches in C does what one call per batch does."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.callbacks import Callback
from nnc.program import batches
from nnc.program.batches import Batches, Stretch
from tests.backends.c.helpers import threads

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


def pictures(backend: str = "c"):
    nnc.utils.set_random_seed(3)
    model = nnc.Sequential([nnc.Input((784,)), nnc.layers.Dense(128, activation="relu"), nnc.layers.Dense(1)])
    model.compile("adam", "mse")
    model.program.use_backend(backend)
    return model.program


def gathering(program) -> str:
    """Return the text of the loop over batches."""
    _, _, text = program.source("train").partition("void nnc_train_batches(")
    return text.partition("\n}\n")[0]


def test_threads_gather_long_rows_and_one_thread_short_ones(data):
    text = gathering(pictures())
    assert text.count("#pragma omp parallel for num_threads(nnc_members(") == 1
    assert text.index("nnc_begin_team(run)") < text.index("#pragma omp") < text.index("nnc_train_once(run)")
    assert "nnc_begin_team" not in gathering(make_program("c"))
    generator, found = numpy.random.default_rng(0), []
    x, y = generator.normal(size=(130, 784)).astype("float32"), generator.normal(size=(130, 1)).astype("float32")
    for number in (1, 2, 3):
        with threads(number):
            program = pictures()
            program.fit(x, y, batch_size=64, epochs=3, verbose=0)
            found.append(program.states)
    assert all(numpy.array_equal(state, other[label]) for other in found[1:] for label, state in found[0].items())


def test_a_fault_ends_what_threads_do_and_the_next_run_has_them_again():
    nnc.utils.set_random_seed(3)
    words = nnc.Input((600,), dtype="int32")
    x = nnc.layers.GlobalAveragePooling1D()(nnc.layers.Embedding(30, 16)(words))
    model = nnc.Model(words, nnc.layers.Dense(1)(x))
    model.compile("adam", "mse")
    program = model.program
    program.use_backend("c")
    assert "nnc_end_team(before);" in gathering(program)
    x, y = numpy.random.default_rng(0).integers(0, 30, (192, 600)), numpy.zeros((192, 1))
    wrong = x.copy()
    wrong[70, 5] = 30
    with threads(2):
        with pytest.raises(nnc.errors.DataError, match="30"):
            program.fit(wrong, y, batch_size=64, epochs=1, verbose=0, shuffle=False)
        before = program.evaluate(x, y, verbose=0)["loss"]
        program.fit(x, y, batch_size=64, epochs=2, verbose=0)
        assert program.evaluate(x, y, verbose=0)["loss"] < before
