"""Outputs in dictionaries, tuples and nests: they come back so, and targets and losses may be given so, as in Keras."""

from __future__ import annotations

import json
import pickle
import warnings

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError, ProgramFileError
from nnc.execution.spec import ProgramSpec
from nnc.readers import read_model

X = numpy.random.default_rng(0).normal(size=(4, 3)).astype("float32")
ONE, TWO = numpy.ones((4, 1), "float32"), numpy.zeros((4, 2), "float32")
ROWS = numpy.array([0.5, 0.0, 1.0, 0.25], "float32")
NESTS = {
    "dictionary": lambda two, one: {"two": two, "a": one},
    "tuple": lambda two, one: (two, one),
    "list": lambda two, one: [two, one],
    "one in a list": lambda two, one: [two],
    "one in a tuple": lambda two, one: (two,),
    "one in a dictionary": lambda two, one: {"two": two},
    "dictionary of lists": lambda two, one: {"q": [two, one], "p": (one,)},
    "list with a dictionary": lambda two, one: [two, {"z": one}],
    "dictionary with a tuple": lambda two, one: {"q": (two, one), "p": one},
    "twice": lambda two, one: {"two": two, "again": two},
}


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


def model(module, nest):
    x = module.Input((3,), name="x")
    two, one = (module.layers.Dense(n, name=f"dense{n}", kernel_initializer="ones")(x) for n in (2, 1))
    return module.Model(x, NESTS[nest](two, one))


def listed(nested):
    """Return a nest with lists of numbers instead of arrays, types of lists and tuples kept."""
    if isinstance(nested, dict):
        return {key: listed(item) for key, item in nested.items()}
    if isinstance(nested, list | tuple):
        return type(nested)([listed(item) for item in nested])
    return numpy.asarray(nested).round(4).tolist()


@pytest.mark.sampled(5)
@pytest.mark.parametrize("nest", NESTS)
def test_what_comes_out_is_nested_as_it_was_given(nest, keras, tmp_path):
    ours, theirs = model(nnc, nest), model(keras, nest)
    expected = listed(theirs.predict(X, verbose=0))
    assert listed(theirs(X)) == expected
    program = nnc.compile(ours)
    program.save(tmp_path / "model.nnc")
    outer = nnc.Input((3,))
    for found in (
        ours.predict(X),
        ours.predict(X, steps=1),
        ours(X),
        ours(X),
        ours(X, training=True),
        ours.predict_on_batch(X),
        program(X),
        nnc.load(tmp_path / "model.nnc").predict(X),
        pickle.loads(pickle.dumps(ours)).predict(X),
        nnc.models.clone_model(ours).predict(X),
        nnc.Model(outer, ours(outer)).predict(X),
    ):
        assert listed(found) == expected
    assert list(expected) == list(listed(ours.predict(X)))  # keys in the same order
    assert ours.output_shape == theirs.output_shape


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of h5py's arrays, in Keras
@pytest.mark.parametrize("nest", NESTS)
@pytest.mark.sampled(3)
def test_files_keep_the_nest(nest, keras, tmp_path):
    """Tuples are lists in files, Keras's own included; in memory they are kept."""
    theirs = model(keras, nest)
    theirs.save(tmp_path / "model.keras")
    expected = listed(keras.saving.load_model(tmp_path / "model.keras").predict(X, verbose=0))
    assert listed(read_model(tmp_path / "model.keras").predict(X)) == expected
    ours = model(nnc, nest)
    again = nnc.Model.from_config(ours.get_config())
    again.set_weights(ours.get_weights())
    for found in (read_model(theirs), again):
        assert listed(found.predict(X)) == listed(theirs.predict(X, verbose=0))
    written = keras.Model.from_config(json.loads(json.dumps(ours.get_config())))
    written.set_weights(ours.get_weights())
    assert listed(written.predict(X, verbose=0)) == expected


def of_both(y_true, y_pred):
    first, second = (abs(true - pred) for true, pred in zip(y_true, y_pred, strict=True))
    return first[:, 0] * second[:, 0] + first[:, 1]


def of_both_by_key(y_true, y_pred):
    return of_both([y_true["two"], y_true["a"]], [y_pred["two"], y_pred["a"]])


TRAINED = {
    "one loss": ("dictionary", "mse", {"a": ONE, "two": TWO}, {}),
    "a loss by key": ("dictionary", {"a": "mse", "two": "mae"}, {"a": ONE, "two": TWO}, {}),
    "one output trained": ("dictionary", {"a": "mse"}, {"a": ONE}, {}),
    "lists in the order of keys": ("dictionary", ["mse", "mae"], [ONE, TWO], {}),
    "all by key": (
        "dictionary",
        {"a": "mse", "two": "mae"},
        {"a": ONE, "two": TWO},
        {"metrics": {"a": ["mae"]}, "loss_weights": {"a": 2.0, "two": 0.5}},
    ),
    "tuple": ("tuple", ("mse", "mae"), (TWO, ONE), {"metrics": [["mae"], ["mse"]]}),
    "list by name": ("list", {"dense1": "mse", "dense2": "mae"}, {"dense1": ONE, "dense2": TWO}, {}),
    "nest": ("dictionary of lists", {"q": ["mse", "mae"], "p": ("mse",)}, {"q": [TWO, ONE], "p": (ONE,)}, {}),
    "weights of rows": (
        "dictionary",
        "mse",
        {"a": ONE, "two": TWO},
        {"weighted_metrics": {"a": ["mae"], "two": ["mae"]}},
        {"a": ROWS, "two": 1.0 - ROWS},
    ),
    "weights of rows in a tuple": ("tuple", "mse", (TWO, ONE), {}, (ROWS, 1.0 - ROWS)),
    "one weight of rows for all": ("dictionary", "mse", {"a": ONE, "two": TWO}, {}, ROWS),
    "single": ("one in a dictionary", {"two": "mse"}, {"two": TWO}, {"metrics": ["mae"]}),
    "single array": ("one in a dictionary", "mse", TWO, {}),
    "both at once, and each": (
        "tuple",
        [of_both, ("mse", "mae")],
        (TWO, ONE),
        {"loss_weights": [0.5, (2.0, 3.0)], "metrics": (["mae"], ["mse"])},
        ROWS,
    ),
    "both at once alone": ("tuple", [of_both], (TWO, ONE), {}),
    "several for one output": ("list", ["mse", ["mse", "mae"]], [TWO, ONE], {}),
    "both of a part": (
        "dictionary with a tuple",
        {"q": [of_both, (None, "mae")], "p": "mse"},
        {"q": (TWO, ONE), "p": ONE},
        {"metrics": {"q": (["mae"], None), "p": ["mse"]}},
    ),
    "both in a dictionary": (
        "dictionary",
        [of_both_by_key, {"a": "mse", "two": None}],
        {"a": ONE, "two": TWO},
        {},
    ),
}


@pytest.mark.filterwarnings("ignore:Gradients do not exist")  # Keras's, where one output is trained
@pytest.mark.parametrize("case", TRAINED)
@pytest.mark.sampled(1)
def test_targets_losses_and_metrics_by_structure(case, keras):
    nest, loss, y, options, *weights = TRAINED[case]
    rows = {"sample_weight": weights[0]} if weights else {}
    histories = []
    for module in (nnc, keras):
        trained = model(module, nest)
        trained.compile(module.optimizers.SGD(0.01), loss, **options)
        history = trained.fit(X, y, epochs=2, verbose=0, **rows).history
        histories.append(history | {f"test {key}": [value] for key, value in _evaluated(trained, y, rows).items()})
    found, expected = histories
    assert set(found) == set(expected)
    for key, values in expected.items():
        numpy.testing.assert_allclose(found[key], values, rtol=1e-4, err_msg=key)


def _evaluated(trained, y, rows):
    return trained.evaluate(X, y, verbose=0, return_dict=True, **rows)


def test_what_does_not_fit_is_refused():
    trained = model(nnc, "dictionary")
    with pytest.raises(ModelError, match="no output 'dense1', only a, two"):
        trained.compile("sgd", {"dense1": "mse"})
    trained.compile("sgd", "mse")
    with pytest.raises(DataError, match="expected targets y_a, y_two, got a"):
        trained.fit(X, {"a": ONE}, verbose=0)
    with pytest.raises(ModelError, match="keys of a dictionary of tensors must be strings"):
        x = nnc.Input((3,))
        nnc.Model(x, {1: x})


@pytest.mark.parametrize(
    ("nest", "loss", "weights", "message"),
    [
        ("tuple", [of_both, ("mse", "mae")], [1.0, 2.0], "there are 3 losses, and 2 weights"),
        ("tuple", ["mse", ("mse", "mae")], None, "takes one output, and stands where there are"),
        ("dictionary", {"two": {"b": "mse"}}, None, r"a dict of 1 losses at the path \('two',\), where .* 'two'"),
        ("dictionary", {"b": ["mse", "mae"]}, None, r"the path \('b',\) can't be found"),
        ("tuple", (of_both, ("mse",), "mae"), None, "expected 2 items at the top"),
        ("one in a dictionary", {"two": ["mse", "mae"]}, None, "there are 2 losses of the only output 'two'"),
    ],
)
def test_nested_losses_that_do_not_fit_are_refused(nest, loss, weights, message):
    with pytest.raises(ModelError, match=message):
        model(nnc, nest).compile("sgd", loss, weights)


def test_rows_weigh_alike_for_a_loss_of_several_outputs():
    trained = model(nnc, "tuple")
    trained.compile("sgd", [of_both])
    assert trained.evaluate(X, (TWO, ONE), sample_weight=(ROWS, ROWS), verbose=0) > 0
    with pytest.raises(DataError, match="whose rows can't have different weights"):
        trained.evaluate(X, (TWO, ONE), sample_weight=(ROWS, 1.0 - ROWS), verbose=0)


@pytest.mark.parametrize(
    "structure",
    [
        {"list": [0]},
        {"list": [0, 0]},
        {"set": [0, 1]},
        {"dict": [0, 1]},
        [0, 1],
        {"list": [0, True]},
        {"tuple": [[0], 1]},
    ],
    ids=str,
)
def test_a_damaged_structure_is_refused(structure):
    data = json.loads(json.dumps(nnc.compile(model(nnc, "tuple")).spec.to_json()))
    assert ProgramSpec.from_json(data).structure == {"tuple": [0, 1]}
    with pytest.raises(ProgramFileError, match="'structure' must have each output once"):
        ProgramSpec.from_json(data | {"structure": structure})
    deep = 0
    for _ in range(50):
        deep = {"list": [deep]}
    with pytest.raises(ProgramFileError, match="'structure'"):
        ProgramSpec.from_json(data | {"structure": {"list": [deep, 1]}})
