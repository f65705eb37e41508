"""Functional models: branches, several inputs and outputs, shared layers and weights, models inside models."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError
from nnc.layers import Add, Concatenate, Dense

GENERATOR = numpy.random.default_rng(0)
A, B = (GENERATOR.normal(size=(10, width)).astype("float32") for width in (3, 2))
Y = A[:, :1] - B[:, 1:]


def branching() -> nnc.Model:
    """Two inputs, a shared layer used twice, and two outputs."""
    a, b = nnc.Input((3,), name="a"), nnc.Input((2,), name="b")
    left, right = Dense(4, activation="tanh", name="left")(a), Dense(4, activation="relu", name="right")(b)
    shared = Dense(4, name="shared")
    joined = Add(name="sum")([shared(left), shared(right)])
    both = Concatenate(name="both")([joined, left])
    return nnc.Model([a, b], [Dense(1, name="first")(both), Dense(2, activation="softmax", name="second")(joined)])


def test_wiring():
    model = branching()
    assert [layer.name for layer in model.layers] == [
        "a",
        "b",
        "left",
        "right",
        "shared",
        "sum",
        "both",
        "first",
        "second",
    ]
    assert model.input_shape == [(None, 3), (None, 2)]
    assert model.output_shape == [(None, 1), (None, 2)]
    assert [len(call.inputs) for call in model.calls if call.layer.name == "shared"] == [1, 1]
    assert model.count_params() == 16 + 12 + 20 + 9 + 10
    assert model.get_layer("shared") is model.layers[4] is model.get_layer(index=4)


def test_prediction_is_what_one_computes_by_hand():
    model = branching()
    weights = {layer.name: layer.get_weights() for layer in model.layers}

    def dense(x, name):
        return x @ weights[name][0] + weights[name][1]

    left, right = numpy.tanh(dense(A, "left")), numpy.maximum(dense(B, "right"), 0)
    joined = dense(left, "shared") + dense(right, "shared")
    first = dense(numpy.concatenate([joined, left], -1), "first")
    second = numpy.exp(dense(joined, "second"))
    second /= second.sum(-1, keepdims=True)
    for inputs in ([A, B], (A, B), {"a": A, "b": B}, {"b": B, "a": A}):
        found = model.predict(inputs)
        numpy.testing.assert_allclose(found[0], first, rtol=1e-4, atol=1e-5)
        numpy.testing.assert_allclose(found[1], second, rtol=1e-4, atol=1e-5)
    for found in (model([A, B]), model(A, B), model.predict_on_batch([A, B]), model.program(A, B)):
        numpy.testing.assert_allclose(found[0], first, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (A, "expected 2 inputs (a, b), got 1"),
        ([A, B, B], "expected 2 inputs (a, b), got 3"),
        ({"a": A}, "expected inputs a, b, got a"),
        ({"a": A, "c": B}, "expected inputs a, b, got a, c"),
        ([A, B[:4]], "all arrays must have the same number of rows: a has 10, b has 4"),
        ([B, A], "input 'a' must have shape (rows, 3), got (10, 2)"),
    ],
)
def test_inputs_that_do_not_fit(inputs, message):
    with pytest.raises(DataError) as error:
        branching().predict(inputs)
    assert str(error.value) == message


def test_training_several_outputs():
    model = branching()
    second = numpy.eye(2)[(A[:, 0] > 0).astype(int)]
    model.compile(
        nnc.optimizers.Adam(0.02),
        {"first": "mse", "second": "categorical_crossentropy"},
        loss_weights={"first": 1.0, "second": 0.5},
        metrics={"second": ["accuracy"]},
    )
    for targets in ([Y, second], {"first": Y, "second": second}, {"y_first": Y, "y_second": second}):
        logs = model.fit([A, B], targets, epochs=60, batch_size=5, verbose=0).history
    assert list(logs) == ["first_loss", "loss", "second_accuracy", "second_loss"]
    assert logs["loss"][-1] == pytest.approx(logs["first_loss"][-1] + 0.5 * logs["second_loss"][-1], rel=1e-5)
    assert logs["loss"][-1] < 0.25
    assert model.evaluate([A, B], [Y, second], return_dict=True).keys() == logs.keys()
    assert len(model.evaluate([A, B], [Y, second])) == 4


@pytest.mark.filterwarnings("ignore::nnc.errors.NncWarning")  # large steps show what is shared
def test_models_that_share_layers_share_memory():
    x = nnc.Input((3,))
    hidden = Dense(4, activation="tanh")
    encoder = nnc.Model(x, hidden(x))
    classifier = nnc.Model(x, Dense(1)(hidden(x)))
    other = nnc.Sequential([nnc.Input((3,)), hidden, Dense(2)])
    models = (encoder, classifier, other)
    before = [model.predict(A) for model in models]
    classifier.compile(nnc.optimizers.SGD(0.5), "mse")
    classifier.fit(A, Y, epochs=5, verbose=0)
    for model, old in zip(models, before, strict=True):
        assert numpy.abs(model.predict(A) - old).max() > 1e-3
    numpy.testing.assert_allclose(
        classifier.predict(A), encoder.predict(A) @ classifier.get_weights()[2] + classifier.get_weights()[3], rtol=1e-5
    )
    assert all(
        numpy.shares_memory(hidden.kernel.array, model.program.variables[hidden.kernel.path]) for model in models
    )
    other.compile("adam", "mse")
    other.fit(A, A[:, :2], epochs=2, verbose=0)  # trains a slab of another model's and one of its own
    numpy.testing.assert_array_equal(encoder.get_weights()[0], other.get_weights()[0])
    numpy.testing.assert_array_equal(encoder.predict(A), nnc.Model(x, hidden(x)).predict(A))
    hidden.set_weights([numpy.zeros((3, 4)), numpy.ones(4)])
    numpy.testing.assert_allclose(encoder.predict(A), numpy.tanh(1), rtol=1e-6)
    numpy.testing.assert_array_equal(hidden(A), encoder.predict(A))


def test_another_element_type_moves_shared_weights_for_all():
    hidden = Dense(1)
    first, second = nnc.Sequential([nnc.Input((3,)), hidden]), nnc.Sequential([nnc.Input((3,)), hidden])
    second.compile("adam", "mse")
    second.fit(A, Y, verbose=0)
    assert nnc.compile(first, dtype="float64")(A).dtype == "float64"
    first.set_weights([numpy.ones((3, 1)), numpy.ones(1)])
    numpy.testing.assert_allclose(second.predict(A), A.sum(1, keepdims=True) + 1, rtol=1e-6)
    assert second.program.states["optimizer/iterations"] == 1


def test_a_model_is_used_like_a_layer():
    inner = nnc.Sequential([nnc.Input((3,)), Dense(4, activation="tanh"), Dense(2)], name="inner")
    x, z = nnc.Input((3,)), nnc.Input((3,))
    siamese = nnc.Model([x, z], Dense(1)(Concatenate()([inner(x), inner(z)])))
    assert siamese.count_params() == inner.count_params() + 5
    assert [layer.name for layer in siamese.layers if layer.weights] == ["inner", "dense"]
    siamese.compile("sgd", "mse")
    before = inner.predict(A)
    siamese.fit([A, A], Y, verbose=0)
    assert (inner.predict(A) != before).all()
    outer = nnc.Model(x, inner(x))
    numpy.testing.assert_array_equal(outer.predict(A), inner.predict(A))
    two = branching()
    a, b = nnc.Input((3,)), nnc.Input((2,))
    first, second = two([a, b])
    numpy.testing.assert_array_equal(nnc.Model([a, b], [second, first]).predict([A, B])[1], two.predict([A, B])[0])
    with pytest.raises(ModelError, match=r"^Layer 'inner' \(Sequential\) takes one input, got 2$"):
        inner([x, z])


def test_identity_and_repeated_outputs():
    x = nnc.Input((3,))
    numpy.testing.assert_array_equal(nnc.Model(x, x).predict(A), A)
    hidden = Dense(2, name="h")(x)
    first, second = nnc.Model(x, [hidden, hidden]).predict(A)
    numpy.testing.assert_array_equal(first, second)
    twice = Dense(3, name="twice")
    model = nnc.Model(x, [Dense(1, name="twice_1")(x), twice(x), twice(twice(x))])
    assert model.output_names == ["twice_1", "twice", "twice_2"]
    assert [output.shape for output in model.predict(A)] == [(10, 1), (10, 3), (10, 3)]


def test_names_of_inputs_and_targets_do_not_meet():
    y, z = nnc.Input((3,), name="y"), nnc.Input((2,), name="y_true")
    model = nnc.Model([y, z], Dense(1)(Concatenate()([y, z])))
    model.compile("adam", "mse")
    model.fit([A, B], Y, verbose=0)
    assert [target.label for target in model.program.spec.targets] == ["y_true_true"]
    weight = nnc.Input((1,), name="sample_weight")
    model = nnc.Model([weight, y], Dense(1)(Concatenate()([weight, y])))
    assert model.predict([Y, A]).shape == (10, 1)
    with pytest.raises(ModelError, match=r"^compile: an input cannot be named 'sample_weight', which is"):
        model.compile("adam", "mse")


def test_a_model_may_begin_with_what_a_layer_returns():
    keras = pytest.importorskip("keras")
    found, weights = [], None
    for lib in (keras, nnc):
        given = lib.Input((None, 2))
        layers = [lib.layers.Dense(3, name="one"), lib.layers.Dense(4, name="two"), lib.layers.Dense(5, name="three")]
        tensors = [given]
        for layer in layers:
            tensors.append(layer(tensors[-1]))
        whole = lib.Model(given, tensors[-1])
        weights = weights or whole.get_weights()
        whole.set_weights(weights)
        part = lib.Model(tensors[1], {"end": tensors[3], "middle": tensors[2]})
        assert [type(layer).__name__ for layer in part.layers] == ["InputLayer", "Dense", "Dense"]
        assert part.layers[1] is layers[1]
        found.append(part.predict(numpy.ones((2, 3, 3), "float32"), verbose=0))
        assert lib.Model(whole.get_layer("two").input, whole.output).layers[1:] == layers[1:]
    for name, array in found[0].items():
        numpy.testing.assert_allclose(found[1][name], array, rtol=1e-5)


def test_a_model_checks_its_input_spec():
    keras = pytest.importorskip("keras")
    for lib in (keras, nnc):
        given = lib.Input((None, 3))
        model = lib.Model(given, lib.layers.Dense(2)(given))
        model.input_spec = lib.InputSpec(shape=(None, 4, 3))
        with pytest.raises(ValueError, match=r"expected shape=\(None, 4, 3\), found shape=\(2, 3, 3\)"):
            model(numpy.zeros((2, 3, 3), "float32"))
        assert model(numpy.zeros((2, 4, 3), "float32")).shape == (2, 4, 2)


def test_a_clone_is_compiled_as_the_model_is():
    keras = pytest.importorskip("keras")
    for lib in (keras, nnc):
        model = lib.Sequential([lib.Input((3,)), lib.layers.Dense(1)])
        assert not lib.models.clone_model(model).compiled
        model.compile(lib.optimizers.SGD(0.3), "mse")
        clone = lib.models.clone_model(model)
        assert clone.compiled
        assert clone.optimizer is not model.optimizer
        assert float(clone.optimizer.learning_rate) == pytest.approx(0.3)


x1, x2 = nnc.Input((3,), name="one"), nnc.Input((3,), name="two")
ERRORS = [
    (
        lambda: nnc.Model(x1, Dense(1)(x2), name="m"),
        "an output depends on input 'two', which is not among the model's inputs",
    ),
    (lambda: nnc.Model([x1, x1], Dense(1)(x1), name="m"), "input 'one' is given twice"),
    (
        lambda: nnc.Model(Dense(1, name="d")(x1), Dense(1)(x1), name="m"),
        "an output depends on input 'one', which is not among the model's inputs",
    ),
    (
        lambda: nnc.Model(x1, [Dense(1, name="d")(x1), Dense(1, name="d")(x1)], name="m"),
        "two layers are named 'd' (Dense and Dense); give one of them another name=",
    ),
]


@pytest.mark.parametrize(("make", "message"), ERRORS, ids=[message for _, message in ERRORS])
def test_errors(make, message):
    with pytest.raises(ModelError) as error:
        make()
    assert str(error.value) == f"model 'm': {message}"


def test_only_symbolic_tensors_make_a_model():
    with pytest.raises(ModelError, match=r"^All `\w+` values must be KerasTensors: Model takes .* got array"):
        nnc.Model(A, A)
    with pytest.raises(ModelError, match=r"^All `\w+` values must be KerasTensors: Model takes .* got None$"):
        nnc.Model(x1)


def test_layers_and_weights_come_in_the_order_of_keras():
    keras = pytest.importorskip("keras")

    def branches(nn):
        layers = nn.layers
        x, z = nn.Input((4,), name="x"), nn.Input((4,), name="z")
        shared = layers.Dense(4, name="shared")
        long = layers.Dense(4, name="long_3")(layers.Dense(4, name="long_2")(layers.Dense(4, name="long_1")(shared(x))))
        short = layers.Dense(4, name="short")(shared(z))
        joined = layers.Add(name="add")([short, long, shared(short)])
        return nn.Model([z, x], [layers.Dense(1, name="b")(long), layers.Dense(2, name="a")(joined), joined])

    ours, theirs = branches(nnc), branches(keras)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [weight.shape for weight in ours.get_weights()] == [weight.shape for weight in theirs.get_weights()]


def test_an_optional_input_is_refused():
    assert nnc.Input((2,), optional=False).shape == (None, 2)
    with pytest.raises(ModelError, match="Input 'o': optional=True is not supported"):
        nnc.Input((2,), name="o", optional=True)


@pytest.mark.parametrize(("make", "message"), [(nnc.Model, "is reserved"), (nnc.Sequential, "Use `add")])
def test_layers_of_a_model_are_no_name_for_others(make, message):
    with pytest.raises(AttributeError, match=message):
        make().layers = [nnc.layers.Dense(4)]
