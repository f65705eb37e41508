"""Estimators in pipelines, searches and cross-validation; where models come from, and what they are trained on."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

import nnc
from nnc.errors import ModelError
from nnc.layers import Dense, Dropout

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nnc.sklearn import Classifier, Regressor

EXAMPLES = Path(__file__).parents[2] / "examples"
IRIS_X, IRIS_Y = load_iris(return_X_y=True)
NAMES = load_iris().target_names[IRIS_Y]


def small(meta: Any, units: int = 8, activation: str = "tanh") -> nnc.Sequential:
    return nnc.Sequential([Dense(units, activation), Dense(meta["n_classes_"] or meta["n_outputs_"], "softmax")])


# ------------------------------------------------------------------ in scikit-learn's tools


def test_cross_validation_in_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), Classifier(small, epochs=60, optimizer__learning_rate=0.02))
    pipeline.set_params(classifier__random_state=0)
    found = cross_val_score(pipeline, IRIS_X, NAMES, cv=3)
    expected = cross_val_score(make_pipeline(StandardScaler(), LogisticRegression()), IRIS_X, NAMES, cv=3)
    assert found.mean() > expected.mean() - 0.03
    numpy.testing.assert_array_equal(found, cross_val_score(pipeline, IRIS_X, NAMES, cv=3))


@pytest.mark.slow
def test_search_over_arguments_of_function_and_optimizer():
    classifier = Classifier(small, epochs=10, random_state=0)
    grid = {"model__units": [2, 16], "optimizer": ["sgd", "adam"], "optimizer__learning_rate": [1e-5, 0.05]}
    search = GridSearchCV(classifier, grid, cv=3, error_score="raise").fit(IRIS_X, IRIS_Y)
    assert search.best_params_["optimizer__learning_rate"] == 0.05
    best = search.best_estimator_
    assert best.model_.layers[0].units == search.best_params_["model__units"]
    assert float(best.model_.program.optimizer.learning_rate) == pytest.approx(0.05)
    assert search.score(IRIS_X, IRIS_Y) > 0.8


def test_regression_agrees_with_least_squares():
    x, y = make_regression(100, 4, noise=1.0, random_state=0)
    x, y = x.astype("float32"), (y / y.std()).astype("float32")
    regressor = Regressor(lambda: nnc.Sequential([Dense(1)]), optimizer="sgd", optimizer__learning_rate=0.1)
    regressor.set_params(batch_size=100, epochs=300).fit(x, y)
    numpy.testing.assert_allclose(regressor.predict(x), LinearRegression().fit(x, y).predict(x), atol=1e-3)


def test_regression_with_several_outputs():
    x, y = make_regression(60, 3, n_targets=2, random_state=1)
    y = y / y.std()
    regressor = Regressor(random_state=0, epochs=200).fit(x, y)
    assert regressor.predict(x).shape == (60, 2)
    assert regressor.score(x, y) > 0.9
    assert regressor.fit(x, y[:, :1]).predict(x).shape == (60, 1)
    assert regressor.fit(x, y[:, 0]).predict(x).shape == (60,)


# ------------------------------------------------------------------ where models come from


def test_files_and_models_are_started_afresh(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text((EXAMPLES / "base.yaml").read_text())
    x = numpy.random.default_rng(0).normal(size=(200, 2))
    y = x[:, 0] ** 2 > x[:, 1]
    model = nnc.models.load_model(path)
    before = model.get_weights()
    found = [Classifier(source, epochs=20, random_state=1).fit(x, y) for source in (str(path), path, model)]
    for estimator in found:
        assert estimator.model_ is not model
        assert type(estimator.model_.optimizer) is type(model.optimizer)
        numpy.testing.assert_array_equal(estimator.predict_proba(x), found[0].predict_proba(x))
    for one, other in zip(model.get_weights(), before, strict=True):
        numpy.testing.assert_array_equal(one, other)
    assert numpy.any(Classifier(model, epochs=0, random_state=2).fit(x, y).model_.get_weights()[0] != before[0])


def test_functional_models_and_saved_programs(tmp_path):
    inputs = nnc.Input((4,))
    hidden = Dense(6, "tanh")(inputs)
    model = nnc.Model(inputs, Dense(3, "softmax")(nnc.layers.Concatenate()([hidden, inputs])))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.save(tmp_path / "net.nnc")
    for source in (model, tmp_path / "net.nnc"):
        estimator = Classifier(source, random_state=0, optimizer__learning_rate=0.02).fit(IRIS_X, NAMES)
        assert estimator.score(IRIS_X, NAMES) > 0.9
    assert "accuracy" in Classifier(model, epochs=1).fit(IRIS_X, NAMES).history_.history


def test_open_widths_are_those_of_the_data():
    chain = nnc.Sequential([Dense(5, "relu"), Dropout(0.1), Dense(3, "softmax")])
    for width in (2, 4):
        estimator = Classifier(chain, epochs=1).fit(IRIS_X[:, :width], IRIS_Y)
        assert estimator.model_.input_shape == (None, width)
    assert not chain.outputs
    fixed = nnc.Sequential([Dense(3, "softmax", input_dim=3)])
    with pytest.raises(
        ValueError, match=r"^input 'x' must have shape \(rows, 3\), got \(150, 4\); that is a column too"
    ):
        Classifier(fixed).fit(IRIS_X, IRIS_Y)


def test_functions_get_what_is_known_of_the_data():
    seen = []

    def build(meta: Any) -> nnc.Sequential:
        seen.append(meta)
        return small(meta)

    Classifier(build, epochs=1).fit(IRIS_X, NAMES)
    assert seen == [
        {
            "n_features_in_": 4,
            "X_shape_": (150, 4),
            "n_classes_": 3,
            "n_outputs_": 1,
            "target_type_": "multiclass",
        }
    ]


def test_images():
    x = numpy.random.default_rng(0).normal(size=(40, 5, 5, 1))
    y = x.mean((1, 2, 3)) > 0
    layers = [nnc.layers.Conv2D(2, 3, activation="relu"), nnc.layers.Flatten(), Dense(1)]
    for source in (None, nnc.Sequential(layers)):
        estimator = Classifier(source, random_state=0, optimizer__learning_rate=0.01).fit(x, y)
        assert estimator.score(x, y) > 0.9
    assert estimator.n_features_in_ == 5


# ------------------------------------------------------------------ losses, labels and weights

OUTPUTS = [
    (3, "softmax", None),
    (3, None, None),
    (3, "softmax", "categorical_crossentropy"),
    (3, None, nnc.losses.CategoricalCrossentropy(from_logits=True)),
    (3, "softmax", "mse"),
    (3, "sigmoid", "binary_crossentropy"),
    (3, None, "categorical_hinge"),
    (1, "sigmoid", None),
    (1, None, None),
    (2, "softmax", None),
    (1, "sigmoid", "mse"),
    (1, None, "hinge"),
]


@pytest.mark.parametrize(("units", "activation", "loss"), OUTPUTS)
@pytest.mark.filterwarnings("ignore::nnc.errors.NncWarning")  # not all pairs are meant to be used
def test_outputs_and_losses(units, activation, loss):
    rows = slice(None) if units == 3 else slice(50, None)
    x, y = StandardScaler().fit_transform(IRIS_X[rows]), NAMES[rows]
    classifier = Classifier(
        lambda: nnc.Sequential([Dense(8, "tanh"), Dense(units, activation)]),
        loss=loss,
        epochs=60,
        optimizer__learning_rate=0.02,
        random_state=0,
    ).fit(x, y)
    assert classifier.score(x, y) > 0.9
    score = classifier.decision_function(x)
    assert score.shape == ((150, 3) if units == 3 else (100,))
    chosen = score.argmax(1) if units == 3 else (score > 0).astype(int)
    numpy.testing.assert_array_equal(classifier.classes_[chosen], classifier.predict(x))
    is_margin = isinstance(loss, str) and "hinge" in loss
    assert hasattr(classifier, "predict_proba") is not is_margin
    if not is_margin:
        found = classifier.predict_proba(x)
        assert found.shape == (len(x), max(units, 2))
        numpy.testing.assert_allclose(found.sum(1), 1.0, rtol=1e-12)
        numpy.testing.assert_array_equal(classifier.classes_[found.argmax(1)], classifier.predict(x))
    if loss is None and units > 1 and activation:
        numpy.testing.assert_allclose(found, classifier.model_.predict(x), rtol=1e-5)
        loss = classifier.model_.evaluate(x, IRIS_Y[rows] - (units < 3))
        assert loss == pytest.approx(log_loss(y, found), rel=1e-5)


def test_several_labels():
    x, y = make_multilabel_classification(120, 6, n_classes=3, random_state=0)
    x = StandardScaler().fit_transform(x)
    classifier = Classifier(random_state=0, optimizer__learning_rate=0.02).fit(x, y)
    assert (classifier.predict(x) == y).mean() > 0.95
    found = classifier.predict_proba(x)
    numpy.testing.assert_array_equal(found > 0.5, classifier.predict(x) == 1)
    numpy.testing.assert_allclose(found, classifier.model_.predict(x), rtol=1e-5)


def test_weights_of_classes_and_of_rows_are_the_same_thing():
    y = numpy.where(IRIS_Y == 0, "few", "many")
    options: dict[str, Any] = {"epochs": 3, "random_state": 0}
    weights = numpy.where(y == "few", 4.0, 0.5)
    by_class = Classifier(class_weight={"few": 4.0, "many": 0.5}, **options).fit(IRIS_X, y)
    by_row = Classifier(**options).fit(IRIS_X, y, sample_weight=weights)
    scaled = Classifier(**options).fit(IRIS_X, y, sample_weight=weights * 10)
    balanced = Classifier(class_weight="balanced", **options).fit(IRIS_X, y)
    expected = Classifier(class_weight={"few": 150 / 2 / 50, "many": 150 / 2 / 100}, **options).fit(IRIS_X, y)
    numpy.testing.assert_array_equal(by_class.predict_proba(IRIS_X), by_row.predict_proba(IRIS_X))
    numpy.testing.assert_allclose(by_class.predict_proba(IRIS_X), scaled.predict_proba(IRIS_X), rtol=1e-5)
    numpy.testing.assert_allclose(balanced.predict_proba(IRIS_X), expected.predict_proba(IRIS_X), rtol=1e-5)
    assert numpy.any(by_row.predict_proba(IRIS_X) != balanced.predict_proba(IRIS_X))


# ------------------------------------------------------------------ going on, copies, randomness


def test_partial_fit_and_warm_start_go_on():
    classes = numpy.unique(NAMES)
    options: dict[str, Any] = {"model": small, "random_state": 3}
    whole = Classifier(epochs=4, **options).fit(IRIS_X, NAMES)
    parts = Classifier(**options)
    for _ in range(4):
        parts.partial_fit(IRIS_X, NAMES, classes=classes)
    warm = Classifier(epochs=2, warm_start=True, **options).fit(IRIS_X, NAMES).fit(IRIS_X, NAMES)
    for estimator in (parts, warm):
        numpy.testing.assert_array_equal(estimator.predict_proba(IRIS_X), whole.predict_proba(IRIS_X))
        assert estimator.history_.history == whole.history_.history
    cold = Classifier(epochs=2, **options).fit(IRIS_X, NAMES).fit(IRIS_X, NAMES)
    assert len(cold.history_.history["loss"]) == 2


def test_copies():
    classifier = Classifier(small, epochs=3, model__units=5, random_state=0, optimizer=nnc.optimizers.SGD(0.1))
    copy = clone(classifier)
    assert copy.get_params()["model__units"] == 5
    classifier.fit(IRIS_X, NAMES)
    loaded = pickle.loads(pickle.dumps(classifier))
    numpy.testing.assert_array_equal(loaded.predict_proba(IRIS_X), classifier.predict_proba(IRIS_X))
    numpy.testing.assert_array_equal(copy.fit(IRIS_X, NAMES).predict(IRIS_X), classifier.predict(IRIS_X))
    assert repr(copy).startswith("Classifier(epochs=3, model=<function small at")
    model = nnc.Sequential([Dense(3, "softmax", input_dim=4)])
    numpy.testing.assert_array_equal(clone(Classifier(model)).model.get_weights()[0], model.get_weights()[0])


def test_seeds_decide_everything_and_touch_nothing_else():
    def fitted(seed: Any) -> Any:
        return Classifier(small, epochs=2, random_state=seed).fit(IRIS_X, IRIS_Y).predict_proba(IRIS_X)

    numpy.testing.assert_array_equal(fitted(1), fitted(1))
    numpy.testing.assert_array_equal(fitted(numpy.random.RandomState(1)), fitted(numpy.random.RandomState(1)))
    assert numpy.any(fitted(1) != fitted(2))
    nnc.utils.set_random_seed(7)
    expected = Dense(3)(IRIS_X)
    nnc.utils.set_random_seed(7)
    fitted(1)
    numpy.testing.assert_array_equal(Dense(3)(IRIS_X), expected)


def test_callbacks_metrics_and_validation():
    stopping = nnc.callbacks.EarlyStopping("val_loss", patience=0, min_delta=10.0)
    order = numpy.random.default_rng(0).permutation(150)
    classifier = Classifier(small, epochs=50, callbacks=stopping, metrics=["accuracy"], validation_split=0.2)
    history = classifier.fit(IRIS_X[order], NAMES[order]).history_.history
    assert list(history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert len(history["loss"]) == 2


def test_names_of_columns():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(IRIS_X, columns=list("abcd"))
    classifier = Classifier(small, epochs=1).fit(table, pandas.Series(NAMES))
    assert classifier.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names should match"):
        classifier.predict(table[list("dcba")])


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_backends(backend):
    classifier = Classifier(small, epochs=1, backend=backend).fit(IRIS_X, NAMES)
    assert classifier.model_.backend == backend


# ------------------------------------------------------------------ what is refused

REFUSED = [
    (Classifier("missing.yaml"), "no such model file: 'missing.yaml'."),
    (Classifier(3), "model must be a path, an nnc model, a function that returns one, or None, got 3"),
    (Classifier(lambda: 3), "function '<lambda>' must return an nnc model, got 3"),
    (Classifier(small, model__unit=3), "model__unit: function 'small' has no argument 'unit'. Did you mean 'units'?"),
    (
        Classifier(nnc.Sequential([Dense(3)]), model__units=3),
        "model__units is an argument of a function that makes the model, and the model is given as a Model; give a"
        " function",
    ),
    (Classifier(epoch=3), "Classifier has no parameter 'epoch'. Did you mean 'epochs'?"),
    (
        Classifier(optimizer__learning_rat=1),
        "optimizer__learning_rat: Adam has no argument 'learning_rat'. Did you mean 'learning_rate'?",
    ),
    (Classifier(loss="mean_square_error"), "unknown loss 'mean_square_error'. Did you mean 'mean_squared_error'?"),
    (
        Classifier(nnc.Sequential([Dense(4, "softmax")], name="net")),
        "model 'net' has 4 outputs, y has 3 classes; it needs 3",
    ),
    (
        Classifier(nnc.Sequential([nnc.layers.Reshape((4, 1)), Dense(3)], name="net")),
        "model 'net' must return a vector for each row, got rows of shape (4, 3)",
    ),
    (Regressor(nnc.Sequential([Dense(4)], name="net")), "model 'net' has 4 outputs, y has 1 columns"),
    (Classifier(epochs=-1), "epochs must be a whole number of at least 0, got -1"),
]


@pytest.mark.parametrize(("estimator", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_refused(estimator, message):
    with pytest.raises(ValueError) as error:
        estimator.fit(IRIS_X, IRIS_Y)
    assert str(error.value) == message
    with pytest.raises(NotFittedError):
        estimator.predict(IRIS_X)


def test_several_inputs_are_refused():
    left, right = nnc.Input((4,)), nnc.Input((4,))
    model = nnc.Model([left, right], Dense(3)(nnc.layers.Add()([left, right])), name="net")
    with pytest.raises(ModelError, match=r"^model 'net' has 2 inputs and 1 outputs; scikit-learn estimators have one"):
        Classifier(model).fit(IRIS_X, IRIS_Y)


@pytest.mark.filterwarnings("ignore::nnc.errors.NncWarning")  # it is the classes that are tested
def test_classes_that_change_are_refused():
    classifier = Classifier(small, epochs=1, warm_start=True)
    with pytest.raises(ValueError, match=r"^classes must be given in the first call of partial_fit$"):
        classifier.partial_fit(IRIS_X, NAMES)
    classifier.fit(IRIS_X[:100], NAMES[:100])
    with pytest.raises(ValueError, match=r"^y has the classes \['virginica'\], which are not among \['setosa'"):
        classifier.fit(IRIS_X, NAMES)
    with pytest.raises(ValueError, match=r"^the model was trained with the classes \['setosa'.*, got \[0 1\]$"):
        classifier.partial_fit(IRIS_X, IRIS_Y, classes=[0, 1])
    with pytest.raises(ValueError, match=r"^Classifier needs at least 2 classes, y has 1 class: setosa$"):
        Classifier().fit(IRIS_X[:50], NAMES[:50].tolist())
    with pytest.raises(ValueError, match=r"^class_weight='balanced' needs all of y"):
        Classifier(class_weight="balanced").partial_fit(IRIS_X, NAMES, classes=numpy.unique(NAMES))
    regressor = Regressor(epochs=1).fit(IRIS_X, IRIS_X[:, :2])
    with pytest.raises(ValueError, match=r"^y has 1 columns, the model was trained with 2$"):
        regressor.partial_fit(IRIS_X, IRIS_Y)


def test_without_scikit_learn():
    import subprocess
    import sys

    code = "import sys; sys.modules['sklearn'] = None; import nnc; nnc.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith("ImportError: nnc.sklearn needs scikit-learn 1.6 or later (")
    assert done.stderr.splitlines()[-1].endswith("; pip install 'nnc-keras[sklearn]'")


@pytest.mark.filterwarnings("ignore:dead-units")  # two categories leave half of the units without an input
def test_data_frames_with_texts(tmp_path):
    """Texts and gaps are learnt with the model, inside of a cross-validation too."""
    generator = numpy.random.default_rng(0)
    size, colour = generator.normal(50, 9, 120), generator.choice(["red", "blue"], 120)
    size[::9] = numpy.nan
    table = pandas.DataFrame({"size": size, "colour": colour})
    y = numpy.where(colour == "red", "stop", "go")
    y[::20] = "stop"
    path = tmp_path / "model.yaml"
    path.write_text(
        "columns: {size: {number: {missing: median}}}\nlayers: [{Dense: {units: 1, activation: sigmoid}}]\n"
    )
    for model in (None, str(path)):
        classifier = Classifier(model, epochs=100, optimizer__learning_rate=0.01, random_state=0)
        assert cross_val_score(classifier, table, y, cv=3).min() > 0.9
        classifier.fit(table, y)
        assert classifier.table_.labels == ("size", "colour=blue", "colour=red")
        assert classifier.predict(table[["colour", "size"]]).tolist() == classifier.predict(table).tolist()
        with pytest.raises(ValueError, match="expected one of blue, red, found 'rot'"):
            classifier.predict(pandas.DataFrame({"size": [1.0], "colour": ["rot"]}))
    assert Classifier(epochs=1).fit(table[["size"]].fillna(0), y).table_ is None
