"""Weights of models: get, set, copies of models, tables of layers and of parameters."""

from __future__ import annotations

import copy
import pickle

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError
from nnc.layers import Dense, Dropout, Flatten

X = numpy.random.default_rng(0).normal(size=(12, 2)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


def network(optimizer="adam") -> nnc.Sequential:
    nnc.utils.set_random_seed(0)
    model = nnc.Sequential([Dense(2, "sigmoid", input_dim=2, name="hidden"), Dropout(0.25), Dense(1, "sigmoid")])
    model.compile(optimizer, "mse")
    return model


def test_get_and_set():
    model = network()
    weights = [numpy.full(weight.shape, number) for number, weight in enumerate(model.get_weights(), 1)]
    model.set_weights(weights)
    for weight, array in zip(weights, model.get_weights(), strict=True):
        numpy.testing.assert_array_equal(weight, array)
    model.get_weights()[0][...] = 7.0  # a copy
    numpy.testing.assert_array_equal(model.get_weights()[0], 1.0)
    hidden = 1 / (1 + numpy.exp(-(X.sum(1, keepdims=True) + 2)))
    numpy.testing.assert_allclose(model.predict(X), 1 / (1 + numpy.exp(-(hidden * 6 + 4))), rtol=1e-5)
    model.program.variables["hidden/kernel"][...] = 0.0  # a view
    numpy.testing.assert_array_equal(model.get_weights()[0], 0.0)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1], "model 'sequential' has 4 weights, got 1"),
        (None, "model 'sequential' needs a list of 4 weights, got NoneType"),
        (
            [numpy.ones((2, 2)), numpy.ones(2), numpy.ones((2, 1)), [[1]]],
            "weight 'dense/bias' has shape (1,), got (1, 1)",
        ),
        (
            [numpy.ones((2, 2)), numpy.ones(2), numpy.ones((2, 1)), ["a"]],
            "weight 'dense/bias' must hold numbers, got elements of type <U1; convert them first, for example with"
            " x.astype('float32')",
        ),
    ],
)
def test_nothing_is_set_where_something_is_wrong(weights, message):
    model = network()
    before = model.get_weights()
    with pytest.raises(ModelError) as error:
        model.set_weights(weights)
    assert str(error.value) == message
    for weight, array in zip(before, model.get_weights(), strict=True):
        numpy.testing.assert_array_equal(weight, array)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
@pytest.mark.parametrize("epochs", [0, 3])
def test_a_copy_goes_on_to_the_bit_and_by_itself(duplicate, epochs):
    model = network()
    model.fit(X, Y, epochs=epochs, batch_size=4, verbose=0)
    again = duplicate(model)
    again = duplicate(again)
    numpy.testing.assert_array_equal(again.predict(X), model.predict(X))
    before = model.get_weights()
    logs = again.fit(X, Y, epochs=3, batch_size=4, verbose=0).history
    for weight, array in zip(before, model.get_weights(), strict=True):
        numpy.testing.assert_array_equal(weight, array)
    assert model.fit(X, Y, epochs=3, batch_size=4, verbose=0).history == logs
    for weight, array in zip(again.get_weights(), model.get_weights(), strict=True):
        numpy.testing.assert_array_equal(weight, array)
    assert again.optimizer.iterations == model.optimizer.iterations == 3 * (epochs + 3)
    again.optimizer.learning_rate = 0.5
    assert model.optimizer.learning_rate == pytest.approx(0.001)
    again.set_weights([numpy.zeros_like(weight) for weight in before])
    numpy.testing.assert_allclose(again.predict(X), 0.5)


def test_deep_models_can_be_copied():
    model = nnc.Sequential([nnc.Input((1,)), *(Dense(1) for _ in range(300))])
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
        assert again.output_shape == (None, 1)


def test_save_names_the_suffix(tmp_path):
    model = network()
    model.make_program = None  # which nothing asks for
    for name, message in {
        "m.pt": r"a model is written to \.nnc, \.keras or \.h5 files, got '.*m\.pt'; use save\('m\.keras'\) for",
        "m.weights.h5": r"^\.weights\.h5 files have weights alone, which save_weights writes; got '.*m\.weights\.h5'$",
    }.items():
        with pytest.raises(DataError, match=message):
            model.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["m.nnc", "m.keras", "m.h5", "m.weights.h5", "m.npz"])
def test_files_are_overwritten_unless_that_is_forbidden(name, tmp_path):
    path, model = tmp_path / name, network()
    save = model.save_weights if name.endswith((".weights.h5", ".npz")) else model.save
    path.write_text("mine")
    with pytest.raises(ModelError, match=r"exists; give another name, or overwrite=True$"):
        save(filepath=path, overwrite=False)
    assert path.read_text() == "mine"
    save(filepath=path)
    assert path.stat().st_size > 100


SUMMARY = """\
Model: net
Layer                Output shape  Parameters  Connected to
───────────────────  ────────────  ──────────  ────────────
points (InputLayer)  (None, 2)              0
hidden (Dense)       (None, 1000)       3,000  points
flatten (Flatten)    (None, 1000)           0  hidden
dense (Dense)        (None, 3)          3,003  flatten
Parameters: 6,003 (3,003 trainable, 3,000 not)"""


def test_summary(capsys):
    x = nnc.Input((2,), name="points")
    model = nnc.Model(x, Dense(3)(Flatten()(Dense(1000, name="hidden", trainable=False)(x))), name="net")
    model.summary()
    assert capsys.readouterr().out == SUMMARY + "\n"
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert lines == [SUMMARY]


UNWIRED = """\
Model: late
Layer          Output shape  Parameters  Connected to
─────────────  ────────────  ──────────  ────────────
dense (Dense)  ?                      ?
dense (Dense)  ?                      ?
Parameters: ? (the shape of the input is not known yet)"""


def test_summary_before_the_shape_is_known(capsys):
    nnc.Sequential([Dense(2), Dense(1)], name="late").summary()
    assert capsys.readouterr().out == UNWIRED + "\n"


TABLE = """\
           param1      param2    bias
────────  ───────  ──────────  ──────
Layer1-1   1.0000      3.0000  5.0000
Layer1-2   2.0000      4.0000  6.0000
Layer2    -7.0000  12345.6777  0.2500"""


def test_parameter_table(capsys):
    model = network()
    model.set_weights([[[1, 2], [3, 4]], [5, 6], [[-7], [12345.678]], [0.25]])
    assert model.parameter_table() == TABLE
    assert capsys.readouterr().out == TABLE + "\n"


def test_parameter_table_of_layers_without_bias(capsys):
    model = nnc.Sequential([Dense(1, use_bias=False, kernel_initializer="ones", input_dim=1)])
    assert model.parameter_table() == "        param1    bias\n──────  ──────  ──────\nLayer1  1.0000  0.0000"
    assert nnc.Sequential([Dense(2)], name="late").parameter_table() == "Model late has no parameters to show"


def test_a_summary_shows_what_is_trained_and_a_range_of_layers():
    keras = pytest.importorskip("keras")

    def shown(module, **options):
        first, second = (module.layers.Dense(2, name=name) for name in ("first", "second"))
        second.trainable = False
        chain = [first, second, module.layers.Flatten(name="flat"), module.layers.Dense(2, name="last")]
        lines = []
        model = module.Sequential([module.Input((3,)), *chain])
        model.summary(100, None, lambda text, line_break=False: lines.append(text), **options)
        rows = [line.lstrip("│ ").split() for line in "\n".join(lines).splitlines()]
        return [words for words in rows if words and words[0] in ("first", "second", "flat", "last")]

    found = shown(nnc, show_trainable=True)
    assert {words[0]: words[-1] for words in found} == {"first": "Y", "second": "N", "flat": "-", "last": "Y"}
    for names in (("second", "flat"), ("f.*", "f.*"), ("last", "first")):
        ours, theirs = shown(nnc, layer_range=names), shown(keras, layer_range=names)
        assert [words[0] for words in ours] == [words[0] for words in theirs]
    with pytest.raises(ModelError, match="names no layers"):
        shown(nnc, layer_range=("none", "last"))
