"""Metrics that are used by themselves, against Keras's, over several batches, with weights."""

import warnings

import numpy
import pytest

import nnc
from nnc import metrics
from nnc.errors import ModelError
from tests.registry_battery import check_mistake

BATCHES = (8, 5, 13)
CASES = [
    ("TruePositives", {}, "binary"),
    ("TrueNegatives", {"thresholds": 0.3}, "binary"),
    ("FalsePositives", {"thresholds": [0.7, 0.2]}, "labels"),
    ("FalseNegatives", {"thresholds": [0.0, 0.5, 1.0]}, "binary"),
    ("Precision", {}, "binary"),
    ("Precision", {"thresholds": [0.1, 0.8, 0.4]}, "labels"),
    ("Precision", {"top_k": 2}, "one-hot"),
    ("Precision", {"class_id": 1}, "one-hot"),
    ("Precision", {"top_k": 1, "class_id": 2}, "one-hot"),
    ("Recall", {}, "binary"),
    ("Recall", {}, "steps"),
    ("Recall", {"thresholds": [0.2, 0.9]}, "binary"),
    ("Recall", {"top_k": 3, "class_id": 0}, "one-hot"),
    ("SensitivityAtSpecificity", {"specificity": 0.5}, "binary"),
    ("SensitivityAtSpecificity", {"specificity": 0.3, "num_thresholds": 1}, "binary"),
    ("SpecificityAtSensitivity", {"sensitivity": 0.6, "num_thresholds": 20}, "binary"),
    ("PrecisionAtRecall", {"recall": 0.4}, "binary"),
    ("PrecisionAtRecall", {"recall": 0.4, "class_id": 3}, "one-hot"),
    ("RecallAtPrecision", {"precision": 0.6, "num_thresholds": 2}, "binary"),
    ("RecallAtPrecision", {"precision": 0.99}, "binary"),
    ("AUC", {}, "binary"),
    ("AUC", {"num_thresholds": 7, "curve": "PR"}, "binary"),
    ("AUC", {"curve": "PR", "summation_method": "minoring"}, "labels"),
    ("AUC", {"curve": "PRGAIN", "num_thresholds": 31}, "binary"),
    ("AUC", {"summation_method": "Majoring", "num_thresholds": 3}, "binary"),
    ("AUC", {"thresholds": [0.9, 0.2, 0.35]}, "binary"),
    ("AUC", {"thresholds": [0.25, 0.5, 0.75], "curve": "PR"}, "binary"),
    ("AUC", {"multi_label": True, "num_thresholds": 21}, "labels"),
    ("AUC", {"multi_label": True, "num_labels": 3, "curve": "PR", "label_weights": [0.5, 2.0, 1.0]}, "labels"),
    ("AUC", {"multi_label": True, "thresholds": [0.3, 0.4]}, "labels"),
    ("AUC", {"label_weights": [0.5, 2.0, 1.0]}, "labels"),
    ("AUC", {"from_logits": True}, "logits"),
    ("F1Score", {}, "one-hot"),
    ("F1Score", {"average": "macro", "threshold": 0.4}, "labels"),
    ("F1Score", {"average": "micro"}, "one-hot"),
    ("FBetaScore", {"beta": 2.0, "average": "weighted"}, "one-hot"),
    ("FBetaScore", {"beta": 0.5, "threshold": 0.5}, "labels"),
    ("R2Score", {}, "numbers"),
    ("R2Score", {"class_aggregation": None}, "numbers"),
    ("R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 2}, "numbers"),
    ("RootMeanSquaredError", {}, "numbers"),
    ("IoU", {"num_classes": 4, "target_class_ids": [0, 2]}, "indices"),
    ("IoU", {"num_classes": 3, "target_class_ids": [1], "ignore_class": 0, "dtype": "float32"}, "indices"),
    ("IoU", {"num_classes": 4, "target_class_ids": [0, 3], "sparse_y_pred": False}, "classes"),
    ("BinaryIoU", {}, "binary"),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.3, "dtype": "float32"}, "labels"),
    ("MeanIoU", {"num_classes": 4}, "indices"),
    ("MeanIoU", {"num_classes": 6, "dtype": "float32"}, "indices"),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [0, 1]}, "one-hot"),
    ("OneHotMeanIoU", {"num_classes": 4, "ignore_class": 2, "dtype": "float32"}, "one-hot"),
    ("PearsonCorrelation", {}, "numbers"),
    ("PearsonCorrelation", {"axis": 1}, "steps of numbers"),
    ("ConcordanceCorrelation", {}, "numbers"),
    ("MeanAbsolutePercentageError", {}, "numbers"),
    ("MeanSquaredLogarithmicError", {}, "steps"),
    ("LogCoshError", {}, "numbers"),
    ("CosineSimilarity", {}, "numbers"),
    ("CosineSimilarity", {"axis": 1}, "steps"),
    ("Hinge", {}, "labels"),
    ("SquaredHinge", {}, "numbers"),
    ("CategoricalHinge", {}, "one-hot"),
    ("KLDivergence", {}, "one-hot"),
    ("Poisson", {}, "labels"),
    ("TopKCategoricalAccuracy", {"k": 2}, "one-hot"),
    ("TopKCategoricalAccuracy", {}, "one-hot"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "classes"),
    ("SparseTopKCategoricalAccuracy", {"k": 1}, "steps of classes"),
    ("SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True}, "sorted"),
    ("BinaryAccuracy", {}, "steps"),
]
IDS = [f"{name}-{config}-{kind}" for name, config, kind in CASES]


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def data(generator, kind, rows):
    """Targets and outputs that have to do with each other."""
    shape = {"binary": (1,), "labels": (3,), "logits": (1,), "steps": (4, 3)}
    if kind.endswith("numbers"):
        y = generator.normal(size=(rows, 4, 3) if kind.startswith("steps") else (rows, 3)).astype("float32")
        return y, (y + generator.normal(0.0, 0.7, y.shape)).astype("float32")
    if kind == "indices":
        y = generator.integers(0, 5, rows).astype("int32")  # 4 is not a class
        return y, numpy.where(generator.random(rows) < 0.6, y, generator.integers(0, 4, rows)).astype("float32")
    if kind in shape:
        y = generator.integers(0, 2, (rows, *shape[kind])).astype("float32")
        scores = generator.normal(y - 0.5, 1.0).astype("float32")
        return y, scores if kind == "logits" else (1.0 / (1.0 + numpy.exp(-scores))).astype("float32")
    if kind == "sorted":
        best = numpy.argsort(generator.random((rows, 4)), -1).astype("float32")
        return generator.integers(0, 4, rows).astype("int32"), best
    classes = generator.integers(0, 4, (rows, 3) if kind == "steps of classes" else rows)
    scores = generator.normal(size=(*classes.shape, 4)) + 1.5 * numpy.eye(4)[classes]
    scores = (numpy.exp(scores) / numpy.exp(scores).sum(-1, keepdims=True)).astype("float32")
    return numpy.eye(4, dtype="float32")[classes] if kind == "one-hot" else classes.astype("int32"), scores


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize(("name", "config", "kind"), CASES, ids=IDS)
@pytest.mark.sampled(1 / 2)
def test_results_are_those_of_keras(keras, name, config, kind, weighted):
    generator = numpy.random.default_rng(len(name) + 7)
    ours, theirs = getattr(metrics, name)(**config), getattr(keras.metrics, name)(**config)
    repeated = {("Recall", "steps"): 4, ("BinaryIoU", "labels"): 3}.get((name, kind))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras's about weights that become whole numbers
        for rows in BATCHES:
            y, x = data(generator, kind, rows)
            weights = generator.uniform(0.5, 2.5, rows).astype("float32") if weighted else None
            ours.update_state(y, x, weights)
            if weighted and repeated:  # Keras weighs the wrong axis with less
                weights = numpy.repeat(weights[:, None], repeated, 1)
            theirs.update_state(y, keras.ops.convert_to_tensor(x), weights)
            expected = numpy.asarray(theirs.result())
            numpy.testing.assert_allclose(ours.result(), expected, rtol=2e-6, atol=1e-7)
            assert numpy.shape(ours.result()) == expected.shape
    assert numpy.isfinite(expected).all()
    ours.reset_state()
    theirs.reset_state()
    y, x = data(generator, kind, 6)
    ours.update_state(y, x)
    theirs.update_state(y, keras.ops.convert_to_tensor(x))
    numpy.testing.assert_allclose(ours.result(), numpy.asarray(theirs.result()), rtol=2e-6, atol=1e-7)


def test_scores_on_a_threshold_count_as_in_keras(keras):
    scores = numpy.array([[0.0], [0.25], [0.5], [0.75], [1.0], [1.5], [-0.5]], "float32")
    targets = numpy.array([[1], [0], [1], [0], [1], [1], [1]], "float32")
    for name, config in (
        ("TruePositives", {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]}),
        ("FalsePositives", {"thresholds": [0.25, 0.75]}),
        ("TrueNegatives", {"thresholds": [0.25, 0.75, 0.0]}),
        ("AUC", {"num_thresholds": 5}),
        ("AUC", {"num_thresholds": 5, "curve": "PR"}),
        ("AUC", {"thresholds": [0.25, 0.3]}),
    ):
        ours, theirs = getattr(metrics, name)(**config), getattr(keras.metrics, name)(**config)
        ours.update_state(targets, scores)
        theirs.update_state(targets, scores)
        numpy.testing.assert_allclose(ours.result(), numpy.asarray(theirs.result()), rtol=1e-6)


def test_of_equal_scores_the_first_are_the_largest(keras):
    scores = numpy.array([[0.2, 0.4, 0.4, 0.4], [0.1, 0.1, 0.1, 0.1]], "float32")
    targets = numpy.array([[0, 0, 1, 1], [0, 1, 0, 0]], "float32")
    for name in ("Precision", "Recall"):
        ours, theirs = (getattr(module, name)(top_k=2) for module in (metrics, keras.metrics))
        ours.update_state(targets, scores)
        theirs.update_state(targets, scores)
        assert ours.result() == pytest.approx(float(theirs.result()))


def test_a_call_adds_and_returns(keras):
    y, x = data(numpy.random.default_rng(1), "binary", 9)
    ours, theirs = metrics.AUC(), keras.metrics.AUC()
    for rows in (slice(0, 4), slice(4, 9)):
        assert ours(y[rows], x[rows]) == pytest.approx(float(theirs(y[rows], x[rows])), rel=1e-6)
    assert metrics.Mean()([1, 2, 6]) == 3.0
    assert metrics.Sum()([1, 2, 6], [1, 0, 1]) == 7.0


@pytest.mark.parametrize("weighted", ["", "rows", "steps"])
@pytest.mark.parametrize("name", ["Mean", "Sum"])
def test_means_and_sums_of_values(keras, name, weighted):
    generator = numpy.random.default_rng(4)
    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    assert ours.result() == 0.0
    for rows in BATCHES:
        values = generator.normal(size=(rows, 3)).astype("float32")
        shape = (rows, 3) if weighted == "steps" else rows
        weights = generator.uniform(0.0, 2.0, shape).astype("float32") if weighted else None
        ours.update_state(values, weights)
        theirs.update_state(values, weights)
        assert ours.result() == pytest.approx(float(theirs.result()), rel=1e-6)
    ours.update_state(3.0)
    if not weighted:
        theirs.update_state(3.0)
        assert ours.result() == pytest.approx(float(theirs.result()), rel=1e-6)


@pytest.mark.parametrize("name", ["MeanSquaredError", "BinaryAccuracy", "RootMeanSquaredError"])
def test_weights_per_step(keras, name):
    generator = numpy.random.default_rng(4)
    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    for rows in BATCHES:
        y, x = data(generator, "steps", rows)
        weights = generator.uniform(0.0, 2.0, (rows, 4)).astype("float32")
        ours.update_state(y, x, weights)
        theirs.update_state(y, x, weights)
        assert ours.result() == pytest.approx(float(theirs.result()), rel=1e-6)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            lambda: metrics.Precision(thresholds=[0.5, 2]),
            "Threshold values must be in [0, 1]. Received: [2]",
        ),
        (lambda: metrics.Precision(thresholds=[]), "thresholds must not be empty"),
        (lambda: metrics.Recall(top_k=0), "metric 'recall': top_k must be a positive integer, got 0"),
        (lambda: metrics.AUC(curve="RO"), "metric 'auc': Invalid AUC curve value: \"RO\". Expected one of"),
        (
            lambda: metrics.AUC(summation_method=3),
            'Invalid AUC summation method value: "3". Expected one of: ',
        ),
        (lambda: metrics.AUC(num_labels=3), "num_labels is needed only where multi_label is True"),
        (
            lambda: metrics.AUC(num_thresholds=1),
            "Argument `num_thresholds` must be an integer > 1. Received: num_t",
        ),
        (lambda: metrics.PrecisionAtRecall(1.5), "`recall` must be in the range [0, 1]. Received: recall=1.5"),
        (
            lambda: metrics.F1Score(average="mean"),
            "one of: {None, 'micro', 'macro', 'weighted'}. Received: average=",
        ),
        (lambda: metrics.FBetaScore(beta=0.0), "Invalid `beta` argument value. It should be > 0. Received: beta=0.0"),
        (lambda: metrics.F1Score(threshold=0.0), "It should verify 0 < threshold <= 1. Received: threshold=0.0"),
        (lambda: metrics.R2Score("mean"), "Invalid value for argument `class_aggregation`. Expected one of uniform"),
        (lambda: metrics.IoU(2), "metric IoU: target_class_ids is missing"),
        (lambda: metrics.IoU(2, []), "target_class_ids must not be empty"),
        (lambda: metrics.AUC(thresholds=0.5), "thresholds must be several numbers, got 0.5"),
        (lambda: metrics.IoU(2, [2]), "target_class_ids must be below num_classes, 2, got [2]"),
        (lambda: metrics.TopKCategoricalAccuracy(0), "k must be a positive integer, got 0"),
        (lambda: metrics.Recall(top_k=4).update_state([[0.0]], [[0.0]]), "top_k 4 needs an output with at least that"),
        (lambda: metrics.Recall(class_id=4).update_state([[0.0]], [[0.0]]), "class_id 4 needs an output with such a"),
        (lambda: metrics.F1Score().update_state([0.0], [0.0]), "needs an output (batch, classes), got f32[1]"),
        (
            lambda: metrics.R2Score().update_state([0.0], [0.0]),
            "expects 2D inputs with shape (batch_size, units), got",
        ),
        (lambda: metrics.AUC(multi_label=True).update_state([0.0], [0.0]), "needs an output (batch, labels), got"),
        (lambda: metrics.AUC(label_weights=[1]).update_state([[0, 1]], [[0, 1]]), "there are 1 label_weights for an"),
        (lambda: metrics.Mean().lower(None, None), "metric 'mean': Mean takes values, not targets and outputs"),
        (lambda: metrics.SumsMetric().result_settings([()]), "SumsMetric must define combine(self, ...), of its sums"),
        (lambda: metrics.SumsMetric().update_state([1.0], [1.0]), "SumsMetric must define sums(self, y_true, y_pred,"),
    ],
)
def test_mistakes_are_named(action, message):
    check_mistake(action, message)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("MeanSquaredError", {}),
        ("BinaryAccuracy", {}),
        ("TruePositives", {"thresholds": [0.2, 0.7]}),
        ("FalseNegatives", {}),
        ("Precision", {}),
        ("Recall", {"thresholds": [0.7, 0.2]}),
        ("SensitivityAtSpecificity", {"specificity": 0.5, "num_thresholds": 5}),
        ("AUC", {"num_thresholds": 5}),
        ("AUC", {"num_thresholds": 5, "multi_label": True}),
    ],
)
def test_variables_are_those_of_keras(keras, name, settings):
    y, x = data(numpy.random.default_rng(1), "labels", 9)
    ours, theirs = (getattr(module, name)(**settings) for module in (metrics, keras.metrics))
    for metric in (ours, theirs):
        metric.update_state(y, x)
    assert [item.name for item in ours.variables] == [item.name for item in theirs.variables]
    for mine, other in zip(ours.variables, theirs.variables, strict=True):
        assert mine.dtype == other.dtype
        numpy.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-6)
        assert getattr(ours, mine.name, mine).shape == mine.shape
    with pytest.raises(ValueError, match="shows what a metric has added up, and cannot be assigned"):
        ours.variables[0].assign(numpy.zeros(ours.variables[0].shape))
    ours.reset_state()
    assert not any(item.numpy().any() for item in ours.variables)


@pytest.mark.parametrize("method", ["result", "reset_state"])
def test_what_a_program_would_not_call_is_refused(method):
    """A program adds up for the metrics of Keras, and reads and resets the sums by itself."""
    kind = type("Changed", (metrics.MeanSquaredError,), {method: lambda self: None})
    model = nnc.Sequential([nnc.Input((1,)), nnc.layers.Dense(1)])
    with pytest.raises(ModelError, match=f"'changed': its class Changed has {method} of its own"):
        model.compile("sgd", "mse", metrics=[kind(name="changed")])
