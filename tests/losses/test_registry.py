"""Losses by name, their configs, and the targets they ask for; all as Keras has them, and mistakes named."""

import importlib
import inspect

import numpy
import pytest

from nnc import losses
from nnc.ir import TensorType, symbol
from nnc.losses import LOSSES, ExpectedTargets
from nnc.losses.registry import as_loss
from tests.registry_battery import check_import_is_light, check_mistake, check_round_trip

BATCH, TIME = symbol("batch"), symbol("time")
CLASSES = sorted({cls.__name__ for cls in LOSSES.values()})
CONFIGS = [
    *[(name, {}) for name in CLASSES if name != "CategoricalGeneralizedCrossEntropy"],
    ("MeanSquaredError", {"reduction": "sum", "name": "mine"}),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1, "axis": 1}),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1, "reduction": "mean_with_sample_weight"}),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "reduction": "mean", "ignore_class": 3}),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.5, "gamma": 1, "from_logits": True}),
    ("CategoricalFocalCrossentropy", {"alpha": 0.5, "gamma": 1, "from_logits": True, "label_smoothing": 0.1}),
    ("Dice", {"axis": [1, 2], "reduction": None}),
    ("Tversky", {"alpha": 0.1, "beta": 0.2, "axis": 1, "reduction": "none"}),
    ("Circle", {"gamma": 3.0, "margin": 0.1, "remove_diagonal": False}),
]


def f32(*shape):
    return TensorType("float32", (BATCH, *shape))


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def test_names_and_signatures_are_those_of_keras(keras):
    names = importlib.import_module("keras.src.losses").ALL_OBJECTS_DICT
    only_exported = {"CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy"}
    of_keras_2 = {"kullback_leibler_divergence", "logcosh"}
    assert set(LOSSES) - only_exported - of_keras_2 == set(names) - {"Loss", "LossFunctionWrapper"}
    for name in dir(keras.losses):
        assert name.startswith("_") or hasattr(losses, name)
    for name, cls in LOSSES.items():
        found = inspect.signature(cls).parameters.values()
        expected = inspect.signature(getattr(keras.losses, cls.__name__)).parameters.values()
        assert [(item.name, item.default) for item in found] == [(item.name, item.default) for item in expected]
        loss = as_loss(name)
        assert type(loss) is cls
        if name != cls.__name__:
            assert loss.name == name
    for name in losses.registry.FUNCTIONS:
        found, expected = (inspect.signature(getattr(module, name)) for module in (losses, keras.losses))
        pairs = zip(found.parameters.values(), expected.parameters.values(), strict=True)
        assert all((ours.name, ours.default) == (theirs.name, theirs.default) for ours, theirs in pairs)


@pytest.mark.parametrize(("name", "arguments"), CONFIGS)
def test_config_round_trip_is_that_of_keras(keras, name, arguments):
    check_round_trip(losses, keras.losses, name, arguments)


def test_config_of_a_loss_that_keras_does_not_list(keras):
    """``keras.losses.deserialize`` does not know this class, though Keras exports it."""
    ours, theirs = (module.CategoricalGeneralizedCrossEntropy(q=0.3) for module in (losses, keras.losses))
    config = losses.serialize(ours)
    assert config == keras.losses.serialize(theirs)
    assert losses.deserialize(config).get_config() == theirs.get_config()
    assert keras.saving.deserialize_keras_object(config).get_config() == theirs.get_config()


def test_short_spellings():
    assert losses.MSE is losses.MeanSquaredError
    assert losses.BCE is losses.BinaryCrossentropy
    assert losses.mae is losses.mean_absolute_error
    loss = losses.BCE(from_logits=True)
    assert as_loss(loss) is loss
    assert type(as_loss(losses.BCE)) is losses.BCE
    for function in (losses.binary_crossentropy, losses.bce):
        assert type(as_loss(function)) is losses.BCE
        assert as_loss(function).name == "binary_crossentropy"
    assert repr(losses.MSE(name="m")) == "<MeanSquaredError 'm'>"


@pytest.mark.parametrize(
    ("loss", "output", "expected"),
    [
        (losses.MSE(), f32(3), ExpectedTargets(f32(3))),
        (losses.MeanAbsoluteError(), f32(TIME, 1), ExpectedTargets(f32(TIME, 1))),
        (losses.BCE(), f32(1), ExpectedTargets(f32(1), low=0.0, high=1.0)),
        (losses.CategoricalCrossentropy(), f32(10), ExpectedTargets(f32(10))),
        (losses.CategoricalCrossentropy(axis=1), f32(10, 1), ExpectedTargets(f32(10, 1))),
        (losses.SparseCategoricalCrossentropy(), f32(10), ExpectedTargets(TensorType("int32", (BATCH,)), classes=10)),
        (
            losses.SparseCategoricalCrossentropy(),
            f32(TIME, 10),
            ExpectedTargets(TensorType("int32", (BATCH, TIME)), classes=10),
        ),
        (
            losses.SparseCategoricalCrossentropy(ignore_class=-1),
            f32(4),
            ExpectedTargets(TensorType("int32", (BATCH,)), classes=4, ignored=-1),
        ),
        (losses.Hinge(), f32(3), ExpectedTargets(f32(3))),
        (losses.BinaryFocalCrossentropy(), f32(3), ExpectedTargets(f32(3), low=0.0, high=1.0)),
        (losses.CategoricalFocalCrossentropy(axis=1), f32(3, 2), ExpectedTargets(f32(3, 2))),
        (
            losses.CategoricalGeneralizedCrossEntropy(),
            f32(3),
            ExpectedTargets(TensorType("int32", (BATCH,)), classes=3),
        ),
        (losses.CTC(), f32(7, 5), ExpectedTargets(TensorType("int32", (BATCH, symbol("labels"))), classes=5)),
        (losses.Circle(), f32(3), ExpectedTargets(TensorType("int32", (BATCH,)))),
        (as_loss(lambda y_true, y_pred: y_pred), f32(), ExpectedTargets(f32())),
    ],
)
def test_targets(loss, output, expected):
    assert loss.target(output) == expected
    double = loss.target(output.with_dtype("float64")).type
    assert double.dtype == ("int32" if expected.type.dtype == "int32" else "float64")


@pytest.mark.parametrize(
    ("name", "arguments"), [("Huber", {"delta": 2.0}), ("CosineSimilarity", {"axis": 1})], ids=["Huber", "Cosine"]
)
def test_settings_that_keras_forgets_are_kept(keras, name, arguments):
    config = losses.serialize(getattr(losses, name)(**arguments))
    assert config["config"].items() >= arguments.items()
    assert losses.deserialize(config).get_config() == config["config"]
    keras.losses.deserialize(config)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            lambda: as_loss("categorical_crossentropy").target(f32(1)),
            "loss 'categorical_crossentropy' needs an output with one unit per class, got f32[batch,1], which has 1;"
            " use 'binary_crossentropy', or Dense(classes)",
        ),
        (lambda: losses.SparseCategoricalCrossentropy(name="s").target(f32(5, 1)), "loss 's' needs an output with one"),
        (
            lambda: losses.SparseCategoricalCrossentropy().target(f32(TIME)),
            "run-time length 'time'; use Dense(classes)",
        ),
        (lambda: losses.CategoricalCrossentropy(axis=2).target(f32(3)), "axis 2 is out of range for an output of type"),
        (lambda: losses.MSE().target(TensorType("float32", ())), "of shape (batch, …), got f32[]"),
        (lambda: losses.BCE().target(TensorType("int32", (BATCH, 1))), "floating-point numbers of shape"),
        (
            lambda: losses.Loss().target(TensorType("int32", (BATCH, 1))),
            "loss 'loss' needs an output of floating-point",
        ),
        (
            lambda: as_loss("mean_squared_eror"),
            "unknown loss 'mean_squared_eror'. Did you mean 'mean_squared_error'?",
        ),
        (lambda: as_loss("hinges"), "unknown loss 'hinges'. Did you mean 'hinge'?"),
        (lambda: as_loss("crossentropy"), "'categorical_crossentropy' for one-hot targets or 'sparse_categorical"),
        (lambda: as_loss("CE"), "loss 'CE' depends on the targets"),
        (
            lambda: as_loss(None),
            "a loss must be a name, a config, a Loss or a function of (y_true, y_pred), got None",
        ),
        (lambda: as_loss(dict), "a loss must be a name"),
        (lambda: as_loss({"config": {}}), "a loss's config needs 'class_name' and 'config', got {'config': {}}"),
        (lambda: as_loss({"class_name": "BinaryCrossentropy", "config": []}), "needs 'class_name' and 'config'"),
        (
            lambda: as_loss({"class_name": "BinaryCrossentropy", "config": {"from_logit": True}}),
            "loss BinaryCrossentropy has no argument 'from_logit'. Did you mean 'from_logits'?",
        ),
        (lambda: as_loss({"class_name": "MeanSquaredError", "config": {3: 4}}), "has no argument 3"),
        (lambda: as_loss({"class_name": "own", "config": {"a": 1}}, {"own": losses.mse}), "'own' takes no config"),
        (
            lambda: as_loss({"class_name": "LossFunctionWrapper", "config": {"fn": "os"}}),
            "function 'os'; give it in",
        ),
        (lambda: as_loss({"class_name": "LossFunctionWrapper"}), "unknown loss function None"),
        (lambda: losses.serialize(as_loss(lambda y_true, y_pred: y_pred)), "has no name and cannot be saved"),
        (
            lambda: losses.MSE(reduction="sums"),
            "must be one of sum_over_batch_size, mean, mean_with_sample_weight, sum, none or None",
        ),
        (lambda: losses.MSE(reduction="sums"), "got 'sums'. Did you mean 'sum'?"),
        (lambda: losses.MSE(dtype="int32"), "dtype must be one of float32, float64 or None, got 'int32'"),
        (lambda: losses.BCE(label_smoothing=1.5), "label_smoothing must be a number from 0 to 1, got 1.5"),
        (lambda: losses.BCE(label_smoothing="0"), "label_smoothing must be a number from 0 to 1, got '0'"),
        (lambda: losses.BCE(label_smoothing=numpy.nan), "label_smoothing must be a number from 0 to 1, got nan"),
        (lambda: losses.BCE(axis=True), "axis must be an integer, got True"),
        (lambda: losses.CategoricalCrossentropy(axis=0.5), "axis must be an integer, got 0.5"),
        (lambda: losses.SparseCategoricalCrossentropy(ignore_class=0.5), "ignore_class must be an integer, got 0.5"),
        (lambda: losses.CategoricalGeneralizedCrossEntropy(1), "q must be a finite number above 0 and below 1, got 1"),
        (lambda: losses.Dice(axis="1"), "axis must be a whole number, several, or None, got '1'"),
        (lambda: losses.Huber(delta=None), "delta must be a finite number, got None"),
        (lambda: losses.Huber(deta=2.0), "loss Huber has no argument 'deta'. Did you mean 'delta'?"),
        (
            lambda: losses.BCE(from_logits="no"),
            "loss 'binary_crossentropy': from_logits must be True or False, got 'no'",
        ),
        (lambda: losses.Circle().target(f32(3, 2)), "needs an output of one vector per row, (batch, units), got f32"),
        (lambda: losses.SparseCategoricalCrossentropy(axis=None), "axis must be an integer, got None"),
    ],
)
def test_mistakes_are_named(action, message):
    check_mistake(action, message)


def test_import_is_light():
    check_import_is_light("nnc.losses")


def test_get_is_that_of_keras(keras):
    y, x = numpy.array([[0.0, 1.0]], "float32"), numpy.array([[0.5, 0.5]], "float32")
    for name in ("mse", "MSE", "mean_squared_error", "bce", "hinge", "MeanSquaredError", "Poisson"):
        ours, theirs = losses.get(name), keras.losses.get(name)
        assert getattr(ours, "__name__", type(ours).__name__) == getattr(theirs, "__name__", type(theirs).__name__)
        numpy.testing.assert_allclose(ours(y, x), numpy.asarray(theirs(y, x)), rtol=1e-6)
        assert numpy.shape(ours(y, x)) == theirs(y, x).shape
    assert losses.get(None) is None
    assert losses.get(losses.mse) is losses.mse
    assert losses.get("own", {"own": max}) is max
    assert losses.serialize(losses.hinge) == keras.losses.serialize(keras.losses.hinge)
    assert losses.deserialize(losses.serialize(losses.hinge)) is losses.hinge
