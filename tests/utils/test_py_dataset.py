"""Data that give batches by number, in `fit`, `evaluate` and `predict`, beside Keras's."""

from __future__ import annotations

import threading
import warnings
from itertools import islice

import numpy
import pytest

import nnc
from nnc.errors import DataError
from tests.callbacks.networks import arrays, network


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def dataset(module, told=None, name="", flips=True, **settings):
    class Rows(module.utils.PyDataset):
        def __init__(self, **settings):
            super().__init__(**settings)
            self.x, self.y = arrays()
            self.taken = []

        def __len__(self):
            return 5

        def __getitem__(self, index):
            self.taken.append(index)
            rows = slice(8 * index, 8 * index + 8)
            return self.x[rows], self.y[rows]

        def on_epoch_begin(self):
            if told is not None:
                told.append(f"{name}begin")

        def on_epoch_end(self):
            if told is not None:
                told.append(f"{name}end")
            self.x = self.x[::-1] if flips else self.x

    return Rows(**settings)


ACTIONS = {
    "fit": lambda model, data, check: model.fit(data, epochs=3, verbose=0),
    "all steps": lambda model, data, check: model.fit(data, epochs=3, steps_per_epoch=5, verbose=0),
    "some steps": lambda model, data, check: model.fit(data, epochs=4, steps_per_epoch=2, verbose=0),
    "fit and validate": lambda model, data, check: model.fit(data, epochs=2, validation_data=check, verbose=0),
    "validate on steps": lambda model, data, check: model.fit(
        data, epochs=3, validation_data=check, validation_steps=3, validation_freq=2, verbose=0
    ),
    "evaluate": lambda model, data, check: model.evaluate(data, verbose=0),
    "evaluate steps": lambda model, data, check: model.evaluate(data, steps=2, verbose=0),
    "predict": lambda model, data, check: model.predict(data, verbose=0),
    "predict steps": lambda model, data, check: model.predict(data, steps=2, verbose=0),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.sampled(1 / 2)
def test_epochs_begin_and_end_as_in_keras(action, keras):
    found = []
    for module in (nnc, keras):
        told = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ACTIONS[action](network(module), dataset(module, told), dataset(module, told, "check "))
        found.append((told, any("ran out" in str(item.message) for item in caught)))
    assert found[0] == found[1]
    assert "begin" in found[0][0]


@pytest.mark.parametrize("settings", [{}, {"steps_per_epoch": 5}, {"steps_per_epoch": 3, "epochs": 3}])
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.sampled(2)
def test_losses_are_those_of_keras(settings, workers, keras):
    histories = []
    for module in (nnc, keras):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*ran out")
            flips = settings.get("steps_per_epoch") != 3  # Keras takes batches of the next epoch before one ends within
            history = network(module).fit(
                dataset(module, flips=flips, workers=workers if module is nnc else 1),
                validation_data=dataset(module),
                **{"epochs": 2, "shuffle": False, "verbose": 0, **settings},
            )
        histories.append(history.history)
    ours, theirs = histories
    assert list(ours) == list(theirs)
    for name, values in theirs.items():
        numpy.testing.assert_allclose(ours[name], values, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_order_of_batches_changes_unless_told(workers):
    data = dataset(nnc, workers=workers)
    network(nnc).fit(data, epochs=4, verbose=0)
    epochs = [tuple(data.taken[start : start + 5]) for start in range(len(data.taken) - 20, len(data.taken), 5)]
    assert len(set(epochs)) > 1
    if workers == 1:
        assert all(sorted(epoch) == list(range(5)) for epoch in epochs)
    data = dataset(nnc)
    network(nnc).fit(data, epochs=2, shuffle=False, verbose=0)
    assert data.taken[-10:] == [*range(5), *range(5)]


def test_threads_prepare_batches_in_order_and_not_too_many():
    started, release = [], threading.Event()

    class Slow(nnc.utils.PyDataset):
        num_batches = 20

        def __getitem__(self, index):
            started.append(threading.current_thread().name)
            if index:
                release.wait(20)
            return numpy.full((1, 3), float(index))

    from nnc.program.streams import batches_of

    batches = iter(batches_of(Slow(workers=2, max_queue_size=4)))
    assert next(batches)[0, 0] == 0
    assert len(started) <= 3
    release.set()
    assert [batch[0, 0] for batch in islice(batches, 2)] == [1, 2]
    batches.close()
    assert len(started) <= 7
    assert threading.main_thread().name not in started
    predicted = network(nnc).predict(Slow(workers=3), verbose=0)
    numpy.testing.assert_array_equal(predicted, network(nnc).predict(Slow(), verbose=0))
    assert len(predicted) == 20


def test_errors_of_threads_reach_the_caller():
    class Broken(nnc.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            raise OSError(f"no file for {index}")

    with pytest.raises(OSError, match=r"^no file for 0$"):
        network(nnc).predict(Broken(workers=2), verbose=0)


class Endless(nnc.utils.PyDataset):
    num_batches = None

    def __getitem__(self, index):
        x, y = arrays()
        rows = numpy.arange(8 * index, 8 * index + 8) % len(x)
        return x[rows], y[rows]


@pytest.mark.parametrize("workers", [1, 2])
def test_batches_without_end(workers):
    history = network(nnc).fit(Endless(workers=workers), steps_per_epoch=5, epochs=2, shuffle=False, verbose=0)
    x, y = arrays()
    expected = network(nnc).fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    assert history.history["loss"] == expected.history["loss"]
    assert len(network(nnc).predict(Endless(), steps=2, verbose=0)) == 16
    assert len(list(islice(Endless(), 7))) == 7


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda model: model.fit(Endless()), "Endless has batches without end (num_batches is None): give steps_per"),
        (lambda model: model.evaluate(Endless()), "Endless has batches without end (num_batches is None): give steps"),
        (lambda model: model.predict(Endless()), "Endless has batches without end (num_batches is None): give steps"),
        (lambda model: model.predict(nnc.utils.PyDataset()), "PyDataset needs a method __len__(self), or a property"),
        (lambda model: nnc.utils.PyDataset()[3], "PyDataset needs a method __getitem__(self, index) that returns"),
        (
            lambda model: model.fit(dataset(nnc, use_multiprocessing=True)),
            "Rows: use_multiprocessing=True is not supported; leave it out, and workers=N prepares batches in N",
        ),
    ],
)
def test_mistakes_are_named(action, message):
    with pytest.raises(DataError) as raised:
        action(network(nnc))
    assert message in str(raised.value)


def test_the_old_name_and_what_is_inherited():
    assert nnc.utils.Sequence is nnc.utils.PyDataset
    data = dataset(nnc)
    assert (data.workers, data.use_multiprocessing, data.max_queue_size, data.num_batches) == (1, False, 10, 5)
    assert len(list(data)) == 5

    class Old(nnc.utils.Sequence):
        def __init__(self):  # without super(), as scripts for Keras 2 have it
            self.x = arrays()

        def __len__(self):
            return 1

        def __getitem__(self, index):
            return self.x

    assert network(nnc).evaluate(Old(), verbose=0) == network(nnc).evaluate(*arrays(), batch_size=40, verbose=0)


def test_what_has_next_without_end_is_taken_by_number():
    class Endless(nnc.utils.PyDataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            return arrays()

        def __iter__(self):
            return self

        def __next__(self):
            raise AssertionError("it is taken by number")

    model = network(nnc)
    assert model.evaluate(Endless(), verbose=0) == model.evaluate(*arrays(), batch_size=40, verbose=0)
    assert len(model.fit(Endless(), epochs=2, verbose=0).history["loss"]) == 2
    assert len(model.predict(Endless(), verbose=0)) == len(arrays()[0])
