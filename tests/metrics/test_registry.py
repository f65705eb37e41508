"""Metrics by name, the choice of an accuracy by shapes, names in logs, and configs; all as Keras has them."""

import importlib
import inspect
from types import SimpleNamespace

import pytest

from nnc import losses, metrics
from nnc.ir import TensorType, symbol
from nnc.metrics import METRICS
from nnc.metrics.registry import metric_for
from tests.registry_battery import check_import_is_light, check_mistake, check_round_trip

BATCH = symbol("batch")
CLASSES = sorted({cls.__name__ for cls in METRICS.values()})
REQUIRED = {
    "IoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "MeanIoU": {"num_classes": 3},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "OneHotMeanIoU": {"num_classes": 3},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
}
NAMED = {name: {"name": "mine"} for name in CLASSES}
"""Keras numbers names that are not given."""
CONFIGS = [
    *[(name, REQUIRED.get(name, {}) | NAMED[name]) for name in CLASSES],
    *[
        (name, REQUIRED.get(name, {}))
        for name in CLASSES
        if inspect.signature(METRICS[name]).parameters["name"].default
    ],
    ("BinaryAccuracy", {"threshold": 0.25, "name": "mine"}),
    ("MeanSquaredError", {"dtype": "float64"}),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1, "axis": 1}),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": -1}),
    ("TruePositives", {"thresholds": [0.2, 0.5], "name": "mine"}),
    ("Precision", {"thresholds": 0.2, "top_k": 2, "class_id": 1, "name": "mine"}),
    ("PrecisionAtRecall", {"recall": 0.2, "num_thresholds": 7, "class_id": 1, "name": "mine"}),
    ("AUC", {"num_thresholds": 7, "curve": "pr", "summation_method": "Majoring", "from_logits": True, "name": "mine"}),
    ("AUC", {"multi_label": True, "num_labels": 3, "name": "mine"}),
    ("FBetaScore", {"average": "micro", "beta": 2.0, "threshold": 0.5}),
    ("R2Score", {"class_aggregation": None, "num_regressors": 2}),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.2, "dtype": "float32", "name": "mine"}),
    ("IoU", {"num_classes": 3, "target_class_ids": (0, 1), "ignore_class": 1, "axis": 1, "name": "mine"}),
    ("OneHotMeanIoU", {"num_classes": 3, "sparse_y_pred": True, "name": "mine"}),
    ("SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True}),
    ("ConcordanceCorrelation", {"axis": 1}),
]
SHAPES = {
    "one unit": ((1,), (1,)),
    "one unit, flat": ((1,), ()),
    "one-hot": ((3,), (3,)),
    "indices": ((3,), ()),
    "indices in a column": ((3,), (1,)),
    "sequences": ((4, 3), (4, 3)),
    "sequences of indices": ((4, 3), (4,)),
    "sequences of one unit": ((4, 1), (4, 1)),
}


def types(output, target=None):
    target = output if target is None else target
    return TensorType("float32", (BATCH, *output)), TensorType("float32", (BATCH, *target))


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def largest(y_true, y_pred):
    return y_pred


class LargestError(metrics.Metric):
    def call(self, y_true, y_pred):
        return y_pred


@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("identifier", ["accuracy", "acc", "Accuracy", "ACC"])
def test_accuracy_is_the_one_that_keras_chooses(keras, identifier, shapes):
    resolve = importlib.import_module("keras.src.trainers.compile_utils").get_metric
    output, target = (SimpleNamespace(shape=(None, *shape)) for shape in shapes)
    expected, found = resolve(identifier, target, output), metric_for(identifier, *types(*shapes))
    assert (type(found).__name__, found.name) == (type(expected).__name__, expected.name)
    assert found.name == identifier


def test_accuracy_as_a_function():
    for identifier in (metrics.accuracy, metrics.accuracy()):
        found = metric_for(identifier, *types((1,)))
        assert (type(found), found.name) == (metrics.BinaryAccuracy, "accuracy")


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        (SHAPES["one unit"], metrics.BinaryCrossentropy),
        (SHAPES["one-hot"], metrics.CategoricalCrossentropy),
        (SHAPES["indices"], metrics.SparseCategoricalCrossentropy),
    ],
)
def test_crossentropy_is_chosen_likewise(shapes, expected):
    for identifier in ("crossentropy", "ce"):
        found = metric_for(identifier, *types(*shapes))
        assert (type(found), found.name) == (expected, identifier)


@pytest.mark.parametrize(
    "identifier",
    [
        "mse",
        "MSE",
        "mean_squared_error",
        "MeanSquaredError",
        "binary_accuracy",
        "bce",
        "sparse_categorical_accuracy",
        lambda module: module.MeanSquaredError,
        lambda module: module.MeanSquaredError(),
        lambda module: module.BinaryAccuracy(name="mine"),
        lambda module: module.mean_squared_error,
        lambda module: module.binary_accuracy,
        lambda module: largest,
        lambda module: {"class_name": "BinaryAccuracy", "config": {"threshold": 0.25}},
    ],
)
def test_names_in_logs_are_those_of_keras(keras, identifier):
    resolve = importlib.import_module("keras.src.trainers.compile_utils").get_metric
    ours, theirs = (
        (identifier, identifier) if isinstance(identifier, str) else map(identifier, (metrics, keras.metrics))
    )
    output, target = types((1,))
    found, expected = metric_for(ours, output, target), resolve(theirs, output, target)
    assert (type(found).__name__, found.name) == (type(expected).__name__, expected.name)


def test_loss_objects_can_be_metrics():
    found = metric_for(losses.MSE(name="mine"), *types((3,)))
    assert (type(found), found.name) == (metrics.MeanMetricWrapper, "mine")


def test_own_metrics():
    pair = types((3,))
    metric = LargestError(name="mine")
    assert metric_for(metric, *pair) is metric
    assert metric_for(LargestError, *pair).name == "largest_error"
    assert metric_for("worst", *pair, {"worst": LargestError}).name == "worst"
    assert metric_for("worst", *pair, {"worst": metric}) is metric
    assert metric_for("accuracy", *pair, {"accuracy": largest}).fn is largest
    copy = metrics.deserialize(metrics.serialize(metric), {"LargestError": LargestError})
    assert (type(copy), copy.name) == (LargestError, metric.name)
    wrapper = metrics.MeanMetricWrapper(metrics.binary_accuracy, "half", threshold=0.5)
    copy = metrics.deserialize(metrics.serialize(wrapper))
    assert (copy.fn, copy.name, copy.arguments) == (metrics.binary_accuracy, "half", {"threshold": 0.5})


def test_names_and_signatures_are_those_of_keras(keras):
    names = importlib.import_module("keras.src.metrics").ALL_OBJECTS_DICT
    bases = {"Metric", "metric", "MeanMetricWrapper", "mean_metric_wrapper"}
    assert set(METRICS) == set(names) - bases
    for name in dir(keras.metrics):
        assert name.startswith("_") or hasattr(metrics, name)
    for name, cls in METRICS.items():
        assert cls.__name__ == names[name].__name__
        found, expected = (inspect.signature(item).parameters.values() for item in (cls, names[name]))
        assert [(item.name, item.default) for item in found] == [(item.name, item.default) for item in expected]


@pytest.mark.parametrize(("name", "arguments"), CONFIGS)
def test_config_round_trip_is_that_of_keras(keras, name, arguments):
    check_round_trip(metrics, keras.metrics, name, arguments)


def test_wrapper_config_is_that_of_keras(keras):
    ours = metrics.MeanMetricWrapper(metrics.mean_squared_error, "mine")
    theirs = keras.metrics.MeanMetricWrapper(keras.metrics.mean_squared_error, "mine")
    assert metrics.serialize(ours) == keras.metrics.serialize(theirs)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: metric_for("acuracy", *types((1,))), "unknown metric 'acuracy'. Did you mean 'accuracy'?"),
        (lambda: metric_for("aucs", *types((1,))), "unknown metric 'aucs'. Did you mean 'auc'?"),
        (lambda: metric_for(None, *types((1,))), "a metric must be a name, a config, a Metric or a function"),
        (lambda: metric_for(dict, *types((1,))), "a metric must be a name"),
        (lambda: metrics.Accuracy(name="a\nb"), r"Accuracy: name must be printable text on one line, got 'a\nb'"),
        (lambda: metrics.deserialize("mine", {"mine": 3}), "metric 'mine' must be a Metric or a function of (y_true"),
        (lambda: metrics.deserialize({"class_name": 3}), "a metric's config needs 'class_name' and 'config'"),
        (
            lambda: metrics.deserialize({"class_name": "BinaryAccuracy", "config": {"treshold": 1}}),
            "metric BinaryAccuracy has no argument 'treshold'. Did you mean 'threshold'?",
        ),
        (lambda: metrics.deserialize({"class_name": "own", "config": {"a": 1}}, {"own": largest}), "takes no config"),
        (
            lambda: metrics.deserialize({"class_name": "MeanMetricWrapper", "config": {"fn": "f"}}),
            "metric function 'f'",
        ),
        (lambda: metrics.serialize(metrics.MeanMetricWrapper(lambda a, b: a)), "has no name and cannot be saved"),
        (lambda: metrics.BinaryAccuracy(threshold="x"), "metric 'binary_accuracy': threshold must be a finite number"),
        (
            lambda: metrics.BinaryCrossentropy(label_smoothing=-1),
            "label_smoothing must be a number from 0 to 1, got -1",
        ),
        (lambda: metrics.SparseCategoricalCrossentropy(ignore_class=0.5), "ignore_class must be an integer"),
        (lambda: metrics.CategoricalCrossentropy(axis="1"), "axis must be an integer, got '1'"),
        (lambda: metrics.MeanSquaredError(dtype="float16"), "dtype must be one of float32, float64 or None"),
    ],
)
def test_mistakes_are_named(action, message):
    check_mistake(action, message)


def test_import_is_light():
    check_import_is_light("nnc.metrics")
