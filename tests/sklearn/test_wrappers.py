"""Keras's scikit-learn estimators, beside Keras's own with models of equal weights."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib import import_module

import numpy
import pytest

import nnc

pytest.importorskip("sklearn")

from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from nnc.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer

ROWS = numpy.random.default_rng(0).normal(size=(60, 4))
FIT = {"epochs": 4, "shuffle": False, "batch_size": 16, "verbose": 0}
TARGETS = {
    "SKLearnClassifier": numpy.array(["no", "perhaps", "yes"])[(ROWS[:, 0] > 0).astype(int) + (ROWS[:, 1] > 0.5)],
    "SKLearnRegressor": ROWS[:, 0] - ROWS[:, 2],
    "SKLearnTransformer": ROWS[:, 1] * ROWS[:, 2],
}
LOSSES = {
    "SKLearnClassifier": "categorical_crossentropy",
    "SKLearnRegressor": "mse",
    "SKLearnTransformer": "mae",
}


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


@dataclass(frozen=True)
class Network:
    """Makes a compiled network whose weights are the same each time; unlike a function it is printed alike."""

    package: str

    def __call__(self, X, y, loss, units=5):
        nn = import_module(self.package)
        last = "softmax" if loss == "categorical_crossentropy" else None
        width = y.shape[1] if y.ndim > 1 else 1
        layers = [nn.layers.Dense(units, "tanh"), nn.layers.Dense(width, last)]
        model = nn.Sequential([nn.Input(X.shape[1:]), *layers])
        draw = numpy.random.default_rng(1)
        model.set_weights([draw.normal(size=weight.shape).astype("float32") for weight in model.get_weights()])
        model.compile(nn.optimizers.Adam(0.02), loss)
        return model


def estimator(nn, name):
    return getattr(nn.wrappers, name)(Network(nn.__name__), model_kwargs={"loss": LOSSES[name]}, fit_kwargs=FIT)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.filterwarnings("ignore::nnc.errors.NncWarning")
@pytest.mark.sampled(1)
def test_numbers_are_those_of_keras(keras, name):
    y = TARGETS[name]
    ours, theirs = (estimator(nn, name).fit(ROWS, y, epochs=6) for nn in (nnc, keras))
    assert len(ours.history_.epoch) == len(theirs.history_.epoch) == ours.epoch_ == 6
    numpy.testing.assert_allclose(ours.history_.history["loss"], theirs.history_.history["loss"], rtol=1e-5)
    found, expected = ours.predict(ROWS), theirs.predict(ROWS)
    assert found.shape == expected.shape
    if name == "SKLearnClassifier":
        assert found.tolist() == expected.tolist()
        assert ours.classes_.tolist() == theirs.classes_.tolist()
        numpy.testing.assert_allclose(ours.decision_function(ROWS), theirs.decision_function(ROWS), rtol=1e-4)
    else:
        assert found.dtype == expected.dtype
        numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    if name == "SKLearnTransformer":
        numpy.testing.assert_allclose(ours.transform(ROWS), theirs.transform(ROWS), rtol=1e-4, atol=1e-5)
    else:
        assert ours.score(ROWS, y) == pytest.approx(theirs.score(ROWS, y), rel=1e-4)
    ours_tags, theirs_tags = (item.__sklearn_tags__() for item in (ours, theirs))
    assert repr(ours_tags) == repr(theirs_tags)


EXPECTED = {
    "check_classifiers_one_label_sample_weights": "rows of weight 0 are not left out",
    "check_classifiers_classes": "in one epoch a network has not learnt all classes",
    "check_classifiers_train": "decision_function returns what the model puts out",
}


@parametrize_with_checks(
    [
        SKLearnClassifier(
            Network("nnc"),
            model_kwargs={"loss": "categorical_crossentropy", "units": 20},
            fit_kwargs={"epochs": 5, "shuffle": False},
        ),
        SKLearnRegressor(Network("nnc"), model_kwargs={"loss": "mse"}, fit_kwargs={"shuffle": False}),
        SKLearnTransformer(Network("nnc"), model_kwargs={"loss": "mse"}, fit_kwargs={"shuffle": False}),
    ],
    expected_failed_checks=lambda estimator: EXPECTED if isinstance(estimator, SKLearnClassifier) else {},
)
@pytest.mark.filterwarnings("ignore::nnc.errors.NncWarning")
@pytest.mark.filterwarnings("default")
@pytest.mark.sampled(10)
def test_checks(estimator, check):
    check(estimator)


def test_a_model_that_is_given_is_copied():
    model = Network("nnc")(ROWS, TARGETS["SKLearnRegressor"], "mse")
    before = model.get_weights()
    first = SKLearnRegressor(model, fit_kwargs=FIT).fit(ROWS, TARGETS["SKLearnRegressor"])
    assert first.model_ is not model
    assert all(numpy.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))


def test_warm_start_goes_on():
    model = Network("nnc")(ROWS, TARGETS["SKLearnRegressor"], "mse")
    regressor = SKLearnRegressor(model, warm_start=True, fit_kwargs=FIT)
    losses = [regressor.fit(ROWS, TARGETS["SKLearnRegressor"]).history_.history["loss"] for _ in range(2)]
    assert regressor.model_ is model
    assert losses[1][0] < losses[0][-1]


def test_scores_of_copies():
    classifier = estimator(nnc, "SKLearnClassifier")
    copy = clone(classifier)
    assert copy.get_params() == classifier.get_params()
    scores = cross_val_score(classifier, ROWS, TARGETS["SKLearnClassifier"], cv=2)
    assert scores.shape == (2,) and classifier.fit_kwargs == FIT and classifier.epoch_ == 0


@pytest.mark.parametrize(
    ("arguments", "y", "message"),
    [
        ({"model": nnc.Sequential([nnc.Input((4,)), nnc.layers.Dense(1)])}, 0, "must be compiled with a loss"),
        ({"model": Network("nnc")(ROWS, ROWS[:, 0], "mse"), "model_kwargs": {"units": 3}}, 0, "and the model is given"),
        (
            {"model": Network("nnc"), "model_kwargs": {"loss": "mse"}},
            1,
            "more than one class|only one class is present",
        ),
        ({"model": Network("nnc"), "model_kwargs": {"loss": "mse"}}, 0.5, "Only binary and multiclass target types"),
    ],
)
def test_what_cannot_be_fitted(arguments, y, message):
    targets = {0: TARGETS["SKLearnClassifier"], 1: numpy.ones(60, "int64"), 0.5: ROWS[:, 0]}[y]
    with pytest.raises(ValueError, match=message):
        SKLearnClassifier(**arguments).fit(ROWS, targets)


def test_metadata_is_asked_for():
    regressor = estimator(nnc, "SKLearnRegressor")
    with pytest.raises(nnc.errors.DataError, match="metadata routing is off"):
        regressor.set_fit_request(sample_weight=True)
    with config_context(enable_metadata_routing=True):
        assert regressor.set_fit_request(sample_weight="weights") is regressor
        assert regressor.get_metadata_routing().fit.requests == {"sample_weight": "weights"}


def test_a_transformer_of_several_features():
    model = nnc.Sequential([nnc.Input((4,)), nnc.layers.Dense(3, name="embedding"), nnc.layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    transformer = SKLearnTransformer(model, fit_kwargs=FIT).fit(ROWS, (ROWS[:, 0] > 0).astype(int))
    assert transformer.transform(ROWS).shape == (60, 3)
    with pytest.raises(nnc.errors.DataError, match="predict returns a number for each row, and the model has 3"):
        transformer.predict(ROWS)
