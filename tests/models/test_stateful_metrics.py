"""Metrics that are more than a mean, inside training and evaluation, against Keras on TensorFlow."""

import json
import subprocess
import sys
import warnings
import zipfile

import numpy
import pytest

import nnc
from nnc.errors import ModelError, ProgramFileError

RNG = numpy.random.default_rng(8)
X = RNG.normal(size=(50, 4)).astype("float32")
LABELS = (X @ RNG.normal(size=(4, 3)) + RNG.normal(0.0, 0.5, (50, 3)) > 0).astype("float32")
CLASSES = numpy.eye(3, dtype="float32")[(X @ RNG.normal(size=(4, 3))).argmax(-1)]
WEIGHTS = RNG.uniform(0.5, 2.0, 50).astype("float32")


@pytest.fixture(scope="module")
def tf():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow")


def several(nn):
    return [
        "accuracy",
        nn.metrics.AUC(name="auc"),
        nn.metrics.Precision(thresholds=[0.3, 0.6], name="precision"),
        nn.metrics.F1Score(threshold=0.5),
        nn.metrics.RecallAtPrecision(0.5, name="best"),
        "mae",
        nn.metrics.RootMeanSquaredError(name="total"),
        nn.metrics.TruePositives(name="hits"),
    ]


def make(nn, loss="binary_crossentropy", activation="sigmoid"):
    model = nn.Sequential([nn.Input((4,)), nn.layers.Dense(3, activation)])
    model.compile("sgd", loss, metrics=several(nn), weighted_metrics=several(nn)[:4])
    return model


def compare(found, expected):
    assert set(found) == set(expected)
    for name, value in expected.items():
        numpy.testing.assert_allclose(found[name], numpy.asarray(value), rtol=1e-5, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.slow
def test_training_and_evaluation_are_those_of_keras(tf, weights):
    ours, theirs = make(nnc), make(tf.keras)
    ours.set_weights(theirs.get_weights())
    options = {"batch_size": 16, "sample_weight": weights}
    evaluated = theirs.evaluate(X, LABELS, return_dict=True, verbose=0, **options)
    compare(ours.evaluate(X, LABELS, return_dict=True, **options), evaluated)
    assert ours.evaluate(X[:8], LABELS[:8], return_dict=True)["precision"].shape == (2,)
    history = theirs.fit(X, LABELS, epochs=2, shuffle=False, verbose=0, **options).history
    found = ours.fit(X, LABELS, epochs=2, shuffle=False, verbose=2, **options).history
    for epoch in range(2):
        compare({name: item[epoch] for name, item in found.items()}, {name: history[name][epoch] for name in found})


@pytest.mark.slow
def test_one_hot_targets(tf):
    ours, theirs = (make(nn, "categorical_crossentropy", "softmax") for nn in (nnc, tf.keras))
    ours.set_weights(theirs.get_weights())
    compare(ours.evaluate(X, CLASSES, return_dict=True), theirs.evaluate(X, CLASSES, return_dict=True, verbose=0))


def test_several_outputs(tf):
    models = []
    for nn in (nnc, tf.keras):
        x = nn.Input((4,))
        outputs = [nn.layers.Dense(3, "sigmoid", name="labels")(x), nn.layers.Dense(1, name="number")(x)]
        model = nn.Model(x, outputs)
        metrics = {"labels": [nn.metrics.AUC(name="auc"), "accuracy"], "number": [nn.metrics.R2Score(name="r2")]}
        model.compile("sgd", {"labels": "binary_crossentropy", "number": "mse"}, metrics=metrics)
        models.append(model)
    ours, theirs = models
    ours.set_weights(theirs.get_weights())
    targets = {"labels": LABELS, "number": X[:, :1] * 2.0}
    options = {"batch_size": 25, "return_dict": True}  # Keras weighs the losses of outputs by batch, not by row
    compare(ours.evaluate(X, targets, **options), theirs.evaluate(X, targets, verbose=0, **options))


def test_a_saved_program_evaluates_with_numpy_alone(tmp_path):
    model = make(nnc)
    expected = model.evaluate(X, LABELS, return_dict=True)
    model.save(tmp_path / "model.nnc")
    numpy.savez(tmp_path / "data.npz", x=X, y=LABELS)
    code = """
import sys, json, numpy, nnc
data = numpy.load(sys.argv[2])
values = nnc.load(sys.argv[1]).evaluate(data["x"], data["y"])
print(json.dumps({name: numpy.asarray(value).tolist() for name, value in values.items()}))
print([name for name in sys.modules if name in ("nnc.metrics", "nnc.losses", "networkx", "tensorflow")])
"""
    command = [sys.executable, "-c", code, str(tmp_path / "model.nnc"), str(tmp_path / "data.npz")]
    found, loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {name: numpy.asarray(value).tolist() for name, value in expected.items()} == json.loads(found)
    assert loaded == "[]"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda result: result.update(kind="area"), "has an unknown kind of result, 'area'"),
        (lambda result: result.update(metric="loss9"), "'results' must name metrics, each once"),
        (lambda result: result.update(shapes=[[2, 9]]), "does not have 18 elements"),
        (lambda result: result.update(shapes=[[-2, 201]]), "'shapes' has a negative dimension"),
        (lambda result: result["settings"].update(curve="round"), "the result of metric 'auc' cannot be computed"),
        (lambda result: result["settings"].update(order=[900]), "the result of metric 'auc' cannot be computed"),
        (lambda result: result["settings"].pop("order"), "the result of metric 'auc' cannot be computed"),
    ],
)
def test_damaged_results_are_refused(tmp_path, change, message):
    path = tmp_path / "model.nnc"
    make(nnc).save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts["manifest.json"])
    change(manifest["program"]["results"][0])
    parts["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.raises(ProgramFileError) as raised:
        nnc.load(path)
    assert message in str(raised.value)


def test_means_stay_two_additions():
    """A model whose metrics are all means has no state but their sums and counts."""
    model = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy", "mae"])
    graph = model.program.graph("train")
    labels = [label for label in graph.updates if label.startswith("metrics/")]
    assert labels == ["metrics/total", "metrics/count"]


class Bias(nnc.metrics.SumsMetric):
    """The mean error of each unit."""

    def sums(self, y_true, y_pred, sample_weight):
        errors = (
            y_pred - y_true if sample_weight is None else (y_pred - y_true) * nnc.ir.ops.reshape(sample_weight, (-1, 1))
        )
        return [nnc.ir.ops.sum(errors, 0), nnc.ir.ops.size(y_pred, [0])]

    def combine(self, errors, count):
        return errors / count


def test_a_metric_of_ones_own(tmp_path):
    model = nnc.Sequential([nnc.Input((4,)), nnc.layers.Dense(3)])
    model.compile("sgd", "mse", metrics=[Bias()], weighted_metrics=[Bias()])
    errors = model.predict(X) - LABELS
    found = model.evaluate(X, LABELS, batch_size=16, sample_weight=WEIGHTS, return_dict=True)
    numpy.testing.assert_allclose(found["bias"], errors.mean(0), rtol=1e-5, atol=1e-6)
    numpy.testing.assert_allclose(found["weighted_bias"], (errors * WEIGHTS[:, None]).mean(0), rtol=1e-5, atol=1e-6)
    model.save(tmp_path / "model.nnc")
    numpy.testing.assert_array_equal(
        nnc.load(tmp_path / "model.nnc").evaluate(X, LABELS)["bias"], model.evaluate(X, LABELS)[1]
    )


def test_a_damaged_result_graph_is_refused(tmp_path):
    path = tmp_path / "model.nnc"
    model = nnc.Sequential([nnc.Input((4,)), nnc.layers.Dense(3)])
    model.compile("sgd", "mse", metrics=[Bias()])
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for old, new in ((b"divide(", b"divided("), (b"f64[3]", b"f64[4]"), (b"return result", b"return other")):
        assert old in parts["manifest.json"]
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in parts.items():
                archive.writestr(name, data.replace(old, new) if name == "manifest.json" else data)
        with pytest.raises(ProgramFileError, match="the result of metric 'bias' cannot be computed"):
            nnc.load(path)


@pytest.mark.parametrize("method", ["result", "reset_state"])
def test_a_metric_that_changes_nothing_but_its_result_is_refused(method):
    own = type("Own", (nnc.metrics.MeanSquaredError,), {method: lambda self: None})
    model = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1)])
    with pytest.raises(ModelError, match=f"its class Own has {method} of its own, which a program .* never calls"):
        model.compile("sgd", "mse", metrics=[own()])
