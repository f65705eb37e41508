"""Weights of rows and of steps, for one output and for several, as Keras on TensorFlow takes them."""

import warnings

import numpy
import pytest

import nnc
from nnc.errors import DataError

RNG = numpy.random.default_rng(6)
X = RNG.normal(size=(24, 5, 3)).astype("float32")
NUMBERS = RNG.normal(size=(24, 5, 2)).astype("float32")
CLASSES = RNG.integers(0, 2, (24, 5)).astype("int32")
ROWS = RNG.uniform(0.0, 2.0, 24).astype("float32")
STEPS = RNG.uniform(0.0, 2.0, (24, 5)).astype("float32")


@pytest.fixture(scope="module")
def tf():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow")


def sequences(nn, loss="mse", reduction="sum_over_batch_size"):
    model = nn.Sequential([nn.Input((5, 3)), nn.layers.Dense(2, "softmax" if loss.startswith("sparse") else None)])
    made = nn.losses.MeanSquaredError(reduction) if loss == "mse" else loss
    metric = "accuracy" if loss.startswith("sparse") else nn.metrics.RootMeanSquaredError(name="rmse")
    model.compile("sgd", made, metrics=["mae"] if loss == "mse" else None, weighted_metrics=[metric])
    return model


def several(nn):
    x = nn.Input((5, 3))
    flat = nn.layers.Flatten()(x)
    outputs = [nn.layers.Dense(2, name="steps")(x), nn.layers.Dense(1, "sigmoid", name="row")(flat)]
    model = nn.Model(x, outputs)
    metrics = {"steps": ["mae"], "row": [nn.metrics.AUC(name="auc")]}
    model.compile("sgd", {"steps": "mse", "row": "binary_crossentropy"}, weighted_metrics=metrics)
    return model


def compare(ours, theirs, x, y, weights, theirs_weights=None):
    ours.set_weights(theirs.get_weights())
    for start in range(0, 24, 8):
        rows = slice(start, start + 8)
        cut = [
            None if given is None else cut_rows(given, rows)
            for given in (weights, weights if theirs_weights is None else theirs_weights)
        ]
        targets = cut_rows(y, rows)
        found = ours.train_on_batch(x[rows], targets, cut[0], return_dict=True)
        theirs.reset_metrics()
        expected = theirs.train_on_batch(x[rows], targets, cut[1], return_dict=True)
        assert set(found) == set(expected)
        for name, value in expected.items():
            assert found[name] == pytest.approx(float(value), rel=2e-5), name
    for weight, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_allclose(weight, other, rtol=1e-4, atol=1e-6)


def cut_rows(given, rows):
    if isinstance(given, dict):
        return {key: cut_rows(item, rows) for key, item in given.items()}
    return [cut_rows(item, rows) for item in given] if isinstance(given, list) else given[rows]


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_weights_per_step(tf, reduction):
    compare(sequences(nnc, reduction=reduction), sequences(tf.keras, reduction=reduction), X, NUMBERS, STEPS)


def test_weights_per_step_of_class_indices(tf):
    loss = "sparse_categorical_crossentropy"
    compare(sequences(nnc, loss), sequences(tf.keras, loss), X, CLASSES, STEPS)


def test_a_weight_per_row_weighs_its_steps(tf):
    compare(sequences(nnc), sequences(tf.keras), X, NUMBERS, ROWS, numpy.repeat(ROWS[:, None], 5, 1))


@pytest.mark.parametrize("form", ["list", "by name", "one missing"])
@pytest.mark.sampled(1)
def test_outputs_have_weights_of_their_own(tf, form):
    y = {"steps": NUMBERS, "row": CLASSES[:, :1].astype("float32")}
    full = {"steps": STEPS, "row": ROWS}
    given = {
        "list": list(full.values()),
        "by name": full,
        "one missing": {"row": ROWS},
    }[form]
    steps = numpy.ones((24, 5), "float32") if form == "one missing" else STEPS
    compare(several(nnc), several(tf.keras), X, y, given, [steps, ROWS])  # Keras wants what the model returns: a list


def test_one_weight_per_row_for_all_outputs():
    y = {"steps": NUMBERS, "row": CLASSES[:, :1]}
    ours, other = several(nnc), several(nnc)
    other.set_weights(ours.get_weights())
    expected = other.evaluate(X, y, sample_weight={"steps": ROWS, "row": ROWS})
    assert ours.evaluate(X, y, sample_weight=ROWS) == expected


def test_fit_shuffles_and_validates_with_weights_per_step(tmp_path):
    model = sequences(nnc)
    history = model.fit(
        X, NUMBERS, epochs=2, batch_size=7, sample_weight=STEPS, validation_data=(X, NUMBERS, STEPS), verbose=0
    ).history
    assert len(history["val_loss"]) == 2
    model.save(tmp_path / "model.nnc")
    loaded = nnc.load(tmp_path / "model.nnc")
    found = loaded.evaluate(X, NUMBERS, sample_weight=STEPS)
    assert found == model.evaluate(X, NUMBERS, sample_weight=STEPS, return_dict=True)
    assert found["loss"] == pytest.approx(history["val_loss"][-1], rel=1e-5)


def test_steps_may_have_any_number():
    model = nnc.Sequential([nnc.Input((None, 3)), nnc.layers.Dense(2)])
    model.compile("sgd", "mse")
    for steps in (5, 3):
        x, y, weights = X[:, :steps], NUMBERS[:, :steps], STEPS[:, :steps]
        errors = ((model.predict(x) - y) ** 2).mean(-1)
        assert model.evaluate(x, y, sample_weight=weights) == pytest.approx((errors * weights).mean(), rel=1e-5)
        assert model.evaluate(x, y, sample_weight=ROWS) == pytest.approx((errors * ROWS[:, None]).mean(), rel=1e-5)


def test_a_metric_of_whole_rows_leaves_weights_of_rows(tmp_path):
    model = nnc.Sequential([nnc.Input((5, 3)), nnc.layers.Dense(2)])
    whole = nnc.metrics.MeanMetricWrapper(lambda y_true, y_pred: nnc.ir.ops.max(y_pred, [1, 2]), name="largest")
    model.compile("sgd", "mse", weighted_metrics=[whole])
    assert model.evaluate(X, NUMBERS, sample_weight=ROWS)
    with pytest.raises(DataError, match=r"sample_weight must have shape \(24,\), got \(24, 5\)"):
        model.evaluate(X, NUMBERS, sample_weight=STEPS)


@pytest.mark.parametrize(
    ("make", "weights", "message"),
    [
        (sequences, STEPS[:, :3], "sample_weight must have shape (rows, 5), or its first dimensions, got (24, 3)"),
        (sequences, STEPS[..., None] * numpy.ones(2), "must have shape (24,), or up to 1 more dimensions, got (24, 5"),
        (sequences, ROWS[:5], "sample_weight must have shape (24,), or up to 1 more dimensions, got (5,)"),
        (sequences, {"out": ROWS}, "sample_weight: the model has no output 'out', only dense"),
        (several, {"steps": STEPS, "row": STEPS}, "sample_weight_y_row must have shape (24,), got (24, 5)"),
        (several, [ROWS, numpy.full(24, numpy.nan)], "sample_weight_y_row has NaN or infinity, first in row 0: nan"),
    ],
)
def test_weights_that_do_not_fit(make, weights, message):
    model = make(nnc)
    y = NUMBERS if make is sequences else {"steps": NUMBERS, "row": CLASSES[:, :1]}
    with pytest.raises(DataError) as raised:
        model.fit(X, y, sample_weight=weights, verbose=0)
    assert message in str(raised.value).replace("dense_1", "dense")
