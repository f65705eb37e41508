"""Training, evaluation and prediction from generators and from numbered batches, and steps of an epoch, as in Keras."""

from __future__ import annotations

import warnings
from typing import Any

import numpy
import pytest

import nnc
from nnc.errors import DataError
from tests.callbacks.networks import arrays, network


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def batches(size: int = 8, weighted: bool = False, endless: bool = False) -> Any:
    x, y = arrays()
    while True:
        for start in range(0, len(x), size):
            rows = slice(start, start + size)
            weights = (numpy.linspace(0.5, 2.0, len(x))[rows],) if weighted else ()
            yield (x[rows], y[rows], *weights)
        if not endless:
            return


class Numbered:
    """Batches by number, as a PyDataset of Keras has them."""

    ended = 0

    def __init__(self, size: int = 8) -> None:
        self.items = list(batches(size))

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, number: int) -> Any:
        return self.items[number]

    def on_epoch_end(self) -> None:
        self.ended += 1


def histories(keras: Any, make: Any, **options: Any) -> tuple[Any, Any]:
    given = {"verbose": 0, "shuffle": False, "epochs": 3} | options
    found = []
    for module in (nnc, keras):
        model = network(module)
        found.append((model.fit(make(module), **given).history, model.get_weights()))
    (ours, weights), (theirs, expected) = found
    assert list(ours) == list(theirs)
    for name, values in theirs.items():
        numpy.testing.assert_allclose(ours[name], values, rtol=1e-5, err_msg=name)
    for one, other in zip(weights, expected, strict=True):
        numpy.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    return ours, theirs


@pytest.mark.sampled(1)
@pytest.mark.parametrize("weighted", [False, True])
def test_generators(keras, weighted):
    histories(keras, lambda module: batches(weighted=weighted, endless=True), steps_per_epoch=5)
    ours, _ = histories(keras, lambda module: batches(weighted=weighted, endless=True), steps_per_epoch=7)
    assert len(ours["loss"]) == 3


class Line(nnc.Model):
    def __init__(self):
        super().__init__()
        self.dense = nnc.layers.Dense(1, kernel_initializer="ones")

    def call(self, x):
        return self.dense(x)


@pytest.mark.parametrize("make", [Line, lambda: nnc.Sequential([nnc.layers.Dense(1, kernel_initializer="ones")])])
def test_a_generator_gives_a_model_its_shapes(make):
    """The first batch is looked at to make the weights, and trained on as well."""
    x, y = numpy.arange(12.0).reshape(4, 3) / 10, numpy.arange(4.0)[:, None]
    found = []
    for is_built in (False, True):
        model = make()
        if is_built:
            model.build((None, 3))
        model.compile(nnc.optimizers.SGD(0.01), "mse")
        history = model.fit(((x * n, y) for n in range(1, 4)), verbose=0)
        found.append([*history.history["loss"], *model.predict((x * n for n in range(1, 3)), verbose=0)[:, 0]])
    numpy.testing.assert_array_equal(*found)
    kernel, bias = numpy.ones((3, 1)), numpy.zeros(1)
    losses = []
    for n in range(1, 4):
        error = x * n @ kernel + bias - y
        losses.append(numpy.mean(error**2))
        kernel, bias = kernel - 0.01 * 2 * (x * n).T @ error / 4, bias - 0.01 * 2 * error.mean(0)
    numpy.testing.assert_allclose(found[0][0], numpy.mean(losses), rtol=1e-5)


def test_numbered_batches(keras):
    def make(module: Any) -> Any:
        if module is nnc:
            return Numbered()
        return type("Theirs", (keras.utils.PyDataset,), {"__len__": Numbered.__len__, "__getitem__": take})()

    def take(self: Any, number: int) -> Any:
        return self.items[number]

    keras.utils.PyDataset.items = Numbered().items
    try:
        histories(keras, make)
    finally:
        del keras.utils.PyDataset.items
    x, y = arrays()
    model, whole = network(nnc), network(nnc)
    data = Numbered()
    model.fit(data, shuffle=False, verbose=0, epochs=2)
    whole.fit(x, y, 8, shuffle=False, verbose=0, epochs=2)
    assert data.ended == 3  # once before the first epoch, as in Keras
    for one, other in zip(model.get_weights(), whole.get_weights(), strict=True):
        numpy.testing.assert_array_equal(one, other)
    before = model.get_weights()
    shuffled = network(nnc)
    shuffled.fit(Numbered(), verbose=0, epochs=2)
    assert not numpy.array_equal(shuffled.get_weights()[0], before[0])


@pytest.mark.parametrize("steps", [2, 4, 5])
@pytest.mark.slow
def test_steps_of_an_epoch_go_on_where_the_last_one_ended(keras, steps):
    x, y = arrays()
    found = []
    for module in (nnc, keras):
        model = network(module)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            history = model.fit(
                x, y, batch_size=8, steps_per_epoch=steps, epochs=4, shuffle=False, verbose=0,
                validation_data=(x[:20], y[:20]), validation_steps=2,
            )  # fmt: skip
        found.append((history.history, sum("ran out" in str(item.message) for item in caught), history))
    (ours, warned, history), (theirs, expected, other) = found
    for name, values in theirs.items():
        numpy.testing.assert_allclose(ours[name], values, rtol=1e-5, err_msg=name)
    assert bool(warned) == bool(expected)
    assert history.params == other.params


@pytest.mark.slow
def test_validation_evaluation_and_prediction(keras):
    x, y = arrays()
    histories(
        keras,
        lambda module: batches(endless=True),
        steps_per_epoch=5,
        validation_data=(x[:9], y[:9]),
        validation_batch_size=4,
    )
    results = []
    for module in (nnc, keras):
        model = network(module)
        results.append(
            [model.evaluate(batches(endless=True), steps=3, verbose=0), model.evaluate(x, y, steps=2, verbose=0)]
        )
        results[-1].append(model.predict(batches(endless=True), steps=3, verbose=0).sum())
        results[-1].append(model.predict(((x[:4],) for _ in range(2)), steps=2, verbose=0).sum())
    for found, expected in zip(*results, strict=True):
        numpy.testing.assert_allclose(found, expected, rtol=1e-5)
    model = network(nnc)
    history = model.fit(Numbered(), validation_data=Numbered(), shuffle=False, verbose=0)
    assert history.history["val_loss"][0] == pytest.approx(model.evaluate(x, y)[0], rel=1e-6)
    assert model.predict(Numbered()).shape == (40, 1)
    numpy.testing.assert_array_equal(model.predict(Numbered()), model.predict(x))


def test_data_sets_of_tensorflow(keras):
    import tensorflow as tf

    x, y = arrays()
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
    histories(keras, lambda module: data)
    histories(keras, lambda module: data.repeat(), steps_per_epoch=3, validation_data=data)
    model = network(nnc)
    assert model.evaluate(data) == model.evaluate(x, y, batch_size=8)
    numpy.testing.assert_array_equal(model.predict(data), model.predict(x))


def test_loaders_of_torch():
    torch = pytest.importorskip("torch")
    x, y = arrays()
    tensors = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    model, other = network(nnc), network(nnc)
    model.fit(torch.utils.data.DataLoader(tensors, batch_size=8), epochs=2, shuffle=False, verbose=0)
    other.fit(x, y, 8, epochs=2, shuffle=False, verbose=0)
    numpy.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])


def test_a_generator_that_ends_ends_an_epoch():
    model = network(nnc)
    with pytest.warns(UserWarning, match="the data ran out before"):
        history = model.fit(batches(), epochs=3, verbose=0)
    assert len(history.history["loss"]) == 1 or history.epoch == [0, 1]
    with pytest.warns(UserWarning, match="the data ran out before"):
        model.fit(batches(), steps_per_epoch=7, verbose=0)


def test_inputs_by_name(keras):
    x, y = arrays()
    models = []
    for module in (nnc, keras):
        inputs = [module.layers.Input((2,), name="left"), module.layers.Input((1,), name="right")]
        joined = module.layers.Concatenate()(inputs)
        model = module.Model(inputs, module.layers.Dense(1)(joined))
        model.compile(module.optimizers.SGD(0.1), "mse")
        model.set_weights([numpy.full((3, 1), 0.3), numpy.zeros(1)])
        models.append(model)
    named = {"right": x[:, 2:], "left": x[:, :2]}
    losses = [model.fit(named, y, batch_size=8, shuffle=False, verbose=0).history["loss"] for model in models]
    numpy.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    numpy.testing.assert_allclose(models[0].predict(named), models[1].predict(named, verbose=0), rtol=1e-5)
    for form in ([x[:, :2], x[:, 2:]], (x[:, :2], x[:, 2:])):
        numpy.testing.assert_array_equal(models[0].predict(form), models[0].predict(named))
    ours = models[0]
    once = ours.get_weights()

    def stream() -> Any:
        for start in range(0, 40, 8):
            yield {name: array[start : start + 8] for name, array in named.items()}, y[start : start + 8]

    ours.set_weights([numpy.full((3, 1), 0.3), numpy.zeros(1)])
    ours.fit(stream(), steps_per_epoch=5, verbose=0)
    numpy.testing.assert_array_equal(ours.get_weights()[0], once[0])


def test_a_single_input_by_the_name_of_its_layer():
    x, y = arrays()
    model = nnc.Sequential([nnc.Input((3,), name="measured"), nnc.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit({"measured": x}, y, verbose=0, validation_data=({"measured": x}, y))
    for named in ({"measured": x}, {"x": x}):
        numpy.testing.assert_array_equal(model.predict(named), model.predict(x))
        assert model.evaluate(named, y) == model.evaluate(x, y)
    assert model.train_on_batch({"measured": x}, y) > 0.0
    assert model.predict_on_batch({"measured": x}).shape == (40, 1)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda model: model.fit(batches(), arrays()[1]), "y cannot be given where x is generator, which has to yield"),
        (lambda model: model.fit(batches(), batch_size=3), "batch_size cannot be given where x is generator"),
        (lambda model: model.fit(batches(), sample_weight=[1.0]), "sample_weight cannot be given where x is generator"),
        (lambda model: model.fit(batches(), validation_split=0.2), "validation_split cannot be given where x is"),
        (lambda model: model.fit(iter([(1, 2, 3, 4)])), "a batch must be x, (x, y) or (x, y, sample_weight), got a"),
        (lambda model: model.fit(iter([arrays()[0]])), "targets are missing: give y"),
        (lambda model: model.fit(*arrays(), steps_per_epoch=0), "steps_per_epoch must be a whole number of at least 1"),
        (lambda model: model.evaluate(*arrays(), steps=1.5), "steps must be a whole number of at least 1, got 1.5"),
        (lambda model: model.predict(iter([])), "there is nothing to predict from: x yields no batch"),
    ],
)
def test_mistakes_are_named(action, message):
    with pytest.raises(DataError) as raised:
        action(network(nnc))
    assert message in str(raised.value)
