"""`nnc.utils.FeatureSpace` beside Keras's, on columns and in models."""

from __future__ import annotations

import inspect
import json
import pickle
import warnings
import zipfile

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError, ModelFileError
from nnc.utils import FeatureSpace

RANDOM = numpy.random.default_rng(0)
ROWS = 70
DATA = {
    "f1": RANDOM.normal(size=ROWS).tolist(),
    "f2": RANDOM.normal(3, 2, ROWS),
    "f3": RANDOM.normal(size=ROWS).astype("float32"),
    "i1": RANDOM.integers(0, 9, ROWS),
    "i2": RANDOM.integers(0, 50, ROWS),
    "i3": RANDOM.integers(0, 5, ROWS).tolist(),
    "s1": RANDOM.choice(list("abcdef"), ROWS),
    "s2": RANDOM.choice(["x", "y", "straße"], ROWS).tolist(),
}
NAMED = {
    "f1": "float",
    "f2": "float_normalized",
    "f3": "float_discretized",
    "i1": "integer_categorical",
    "i2": "integer_hashed",
    "i3": "integer_categorical",
    "s1": "string_categorical",
    "s2": "string_hashed",
}


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


def made(space):
    """Return features that are made by the methods of a class."""
    return {
        "f1": space.float(),
        "f2": space.float_rescaled(2.0, 1.0),
        "f3": space.float_discretized(3, output_mode="int"),
        "i1": space.integer_categorical(max_tokens=5, num_oov_indices=2),
        "i2": space.integer_hashed(7, output_mode="int"),
        "s1": space.string_categorical(max_tokens=4, output_mode="int"),
        "s2": space.string_hashed(7, output_mode="int"),
    }


def check(found, expected):
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for name, item in expected.items():
            check(found[name], item)
        return
    expected = numpy.asarray(expected)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def part(data, features):
    return {name: column for name, column in data.items() if name in features}


@pytest.mark.parametrize("mode", ["concat", "dict"])
def test_numbers_are_those_of_keras(keras, mode):
    crosses = [("f3", "s1"), ("s2", "i2"), ("i1", "i3")]
    features = dict(reversed(NAMED.items()))  # whose order is not that of the numbers
    ours, theirs = (space(features, mode, crosses) for space in (FeatureSpace, keras.utils.FeatureSpace))
    for space in (ours, theirs):
        space.adapt(DATA)
    check(ours(DATA), theirs(DATA))
    row = {name: column[3] for name, column in DATA.items()}
    check(ours(row), theirs(row))
    assert ours.preprocessors.keys() == theirs.preprocessors.keys() and ours.crossers.keys() == theirs.crossers.keys()


def test_numbers_of_features_with_arguments(keras):
    ours, theirs = (
        space(made(space), "dict", [space.cross(("f3", "s1"), 10, "int"), space.cross(("s1", "i1"), 11)])
        for space in (FeatureSpace, keras.utils.FeatureSpace)
    )
    data = part(DATA, ours.features)
    for space in (ours, theirs):
        space.adapt(data)
    check(ours(data), theirs(data))


def test_arguments_are_those_of_keras(keras):
    for name in ("__init__", "cross", "feature", "float", *sorted(set(NAMED.values())), "float_rescaled", "adapt"):
        ours, theirs = (getattr(space, name) for space in (FeatureSpace, keras.utils.FeatureSpace))
        found, expected = (
            [(item.name, item.kind, item.default) for item in inspect.signature(function).parameters.values()]
            for function in (ours, theirs)
        )
        assert found == expected, name


def test_batches_and_rows_to_learn_from():
    data = {"f2": DATA["f2"], "s1": DATA["s1"]}
    features = {"f2": "float_normalized", "s1": "string_categorical"}
    spaces = [FeatureSpace(features) for _ in range(3)]
    spaces[0].adapt(data)
    spaces[1].adapt([{name: column[start : start + 9] for name, column in data.items()} for start in range(0, ROWS, 9)])
    spaces[2].adapt([{name: column[index] for name, column in data.items()} for index in range(ROWS)])
    for space in spaces[1:]:
        check(space(data), spaces[0](data))


def test_a_layer_of_ones_own(keras):
    texts = {"text": ["1st string", "2nd string", "3rd string"]}
    found = []
    for nn, space in ((nnc, FeatureSpace), (keras, keras.utils.FeatureSpace)):
        layer = nn.layers.TextVectorization(output_mode="tf_idf")
        made = space({"text": space.feature("string", layer, "float")})
        made.adapt(texts)
        found.append(made(texts))
    check(*found)


def model_of(nn, space, data):
    """Return a compiled model that begins with the columns, with the same weights each time."""
    made = space({name: NAMED[name] for name in NAMED}, crosses=[("s2", "i2"), ("s1", "s2")])
    made.adapt(data)
    outputs = nn.layers.Dense(1, name="last")(made.get_encoded_features())
    model = nn.Model(made.get_inputs(), outputs)
    draw = numpy.random.default_rng(1)
    last = model.get_layer("last")
    last.set_weights([draw.normal(size=weight.shape) for weight in last.get_weights()])
    model.compile(nn.optimizers.SGD(0.01), "mse")
    return model


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The structure of `inputs`:UserWarning")  # Keras's, of its own
@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_a_model_that_begins_with_it(keras, backend, tmp_path):
    columns = {name: numpy.asarray(column)[:, None] for name, column in DATA.items()}
    ours = model_of(nnc, FeatureSpace, DATA)
    ours.backend = backend
    theirs = model_of(keras, keras.utils.FeatureSpace, DATA)
    tensors = {name: keras.ops.convert_to_tensor(column.tolist()) for name, column in columns.items()}
    check(ours.predict(columns, verbose=0), theirs.predict(tensors, verbose=0))
    y = numpy.asarray(DATA["f3"])
    losses = [
        model.fit(given, y, epochs=2, batch_size=16, shuffle=False, verbose=0).history["loss"]
        for model, given in ((ours, columns), (theirs, tensors))
    ]
    numpy.testing.assert_allclose(*losses, rtol=1e-5)
    ours.save(tmp_path / "model.nnc")
    check(nnc.load(tmp_path / "model.nnc").predict(columns), ours.predict(columns, verbose=0))


def test_a_cross_that_no_graph_can_hash():
    space = FeatureSpace(NAMED, crosses=[("s1", "i1")])
    space.adapt(DATA)
    with pytest.raises(ModelError, match=r"cross 's1_X_i1' is hashed before .* IntegerLookup of 'i1' is a part of"):
        space.get_encoded_features()


def test_data_sets_map_it():
    space = FeatureSpace({"f2": "float_normalized", "s1": "string_categorical"})
    space.adapt(DATA)
    rows = nnc.utils.timeseries_dataset_from_array(numpy.asarray(DATA["f2"]), None, 1, batch_size=None)
    found = list(rows.map(lambda row: space({"f2": row, "s1": numpy.array(["a"])})))
    assert len(found) == ROWS and found[0].shape == (1, 8)


def test_it_is_copied():
    space = FeatureSpace(made(FeatureSpace), "dict", [FeatureSpace.cross(("f3", "s1"), 10, "int")])
    again = FeatureSpace.from_config(space.get_config())
    data = part(DATA, space.features)
    for item in (space, again):
        item.adapt(data)
    check(again(data), space(data))
    check(pickle.loads(pickle.dumps(space))(data), space(data))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras's variables
def test_files_are_those_of_keras(keras, tmp_path):
    features = {**NAMED, "f4": "float_normalized"}
    data = {**DATA, "f4": DATA["f3"] + 2}
    spaces = [space(features, crosses=[("f3", "s1")]) for space in (FeatureSpace, keras.utils.FeatureSpace)]
    expected = []
    for number, space in enumerate(spaces):
        space.adapt(data)
        space.save(tmp_path / f"{number}.keras")
        expected.append(numpy.asarray(space(data)))
    check(*expected)
    for number in range(2):
        read = nnc.models.load_model(tmp_path / f"{number}.keras")
        check(read(data), expected[1])
        check(keras.models.load_model(tmp_path / f"{number}.keras")(data).numpy(), expected[1])
        read.save(tmp_path / "again.keras")
        check(nnc.models.load_model(tmp_path / "again.keras")(data), expected[1])
    with pytest.raises(ModelError, match=r"0\.keras' has a FeatureSpace, and no model"):
        nnc.compile(tmp_path / "0.keras")


def changed(path, target, **entries):
    """Write a file whose config has other entries."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                config["config"].update(entries)
                content = json.dumps(config).encode()
            new.writestr(name, content)


BAD = [
    ({"features": 3}, "config.json has no config of a feature space"),
    ({"features": {"a": {"config": {}}}}, "config.json has no config of a feature space"),
    ({"output_mode": "all"}, "Expected 'concat' or 'dict', got 'all'"),
    ({"crosses": [{"config": {"names": []}}]}, "config.json has no config of a feature space"),
    ({"surprise": 1}, "config.json has no config of a feature space"),
    ({"features": {"a": {"config": {"preprocessor": {"class_name": "Own", "config": {}}}}}}, "unknown layer 'Own'"),
]


@pytest.mark.parametrize(("entries", "message"), BAD)
def test_files_that_are_none(tmp_path, entries, message):
    FeatureSpace({"a": "float"}).save(tmp_path / "good.keras")
    if "unknown layer" in message:
        entries["features"]["a"]["config"] |= {"dtype": "float32", "output_mode": "float"}
    changed(tmp_path / "good.keras", tmp_path / "bad.keras", **entries)
    with pytest.raises(ModelFileError, match=message):
        nnc.models.load_model(tmp_path / "bad.keras")


def test_a_file_without_what_a_layer_has_learnt(tmp_path):
    FeatureSpace({"a": "float"}).save(tmp_path / "good.keras")
    normalized = FeatureSpace({"a": "float_normalized"})
    normalized.adapt({"a": [1.0, 2.0]})
    changed(tmp_path / "good.keras", tmp_path / "bad.keras", features=normalized.get_config()["features"])
    with pytest.raises(
        ModelFileError, match=r"layer 'a_preprocessor' \(Normalization\): its weight 'mean' of shape \(1,\) is not"
    ):
        nnc.models.load_model(tmp_path / "bad.keras")


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras's variables
@pytest.mark.parametrize("writer", ["nnc", "keras"])
def test_files_of_layers_with_layers_inside(keras, writer, tmp_path):
    package = {"nnc": nnc, "keras": keras}[writer]
    layers, space = package.layers, package.utils.FeatureSpace
    chain = package.Sequential([package.Input((1,)), layers.Dense(3, "tanh"), layers.Dense(2)])
    features = {
        "f1": space.feature("float32", chain, "float"),
        "f2": space.feature("float32", layers.Dense(2), "float"),
    }
    features["f3"] = "float_normalized"
    made = space(features)
    made.adapt(part(DATA, features))
    expected = numpy.asarray(made(part(DATA, features)))
    made.save(tmp_path / "space.keras")
    for load in (nnc.models.load_model, keras.saving.load_model):
        check(numpy.asarray(load(tmp_path / "space.keras")(part(DATA, features))), expected)


def test_files_of_a_layer_for_two_features(keras, tmp_path):
    layer = nnc.layers.Normalization()
    space = FeatureSpace({name: FeatureSpace.feature("float32", layer, "float") for name in ("f1", "f2")})
    data = part(DATA, space.features)
    space.adapt(data)
    space.save(tmp_path / "space.keras")
    for load in (nnc.models.load_model, keras.saving.load_model):
        check(numpy.asarray(load(tmp_path / "space.keras")(data)), space(data))


def test_a_file_with_weights_of_other_shapes(tmp_path):
    def space(units):
        return FeatureSpace({"a": FeatureSpace.feature("float32", nnc.layers.Dense(units, name="d"), "float")})

    made = space(3)
    made({"a": [1.0]})
    made.save(tmp_path / "good.keras")
    changed(tmp_path / "good.keras", tmp_path / "bad.keras", features=space(2).get_config()["features"])
    with pytest.raises(
        ModelFileError,
        match=r"layer 'd' \(Dense\): its weights have the shapes \(1, 3\), \(3,\) in the file, expected \(1, 2\)",
    ):
        nnc.models.load_model(tmp_path / "bad.keras")


def two(**options):
    return FeatureSpace({"f1": "integer_categorical", "f2": "integer_categorical"}, **options)


def unknown_size():
    layer = nnc.layers.TextVectorization(output_sequence_length=3, vocabulary=["a"])
    return FeatureSpace({"a": FeatureSpace.feature("string", layer, "one_hot")})


REFUSED = {
    "cannot be None or empty": lambda: FeatureSpace({}),
    "Invalid feature type: 'integer'": lambda: FeatureSpace({"a": "integer"}),
    "`crossing_dim`": lambda: two(crosses=[("f1", "f2")], crossing_dim=None),
    "should be present in": lambda: two(crosses=[("f1", "unknown")]),
    "for argument `output_mode`": lambda: two(output_mode="unknown"),
    "Expected one of int, one_hot, got output_mode='float'": lambda: FeatureSpace.cross(("a", "b"), 3, "float"),
    "You need to call `.adapt": lambda: two()({"f1": [0], "f2": [0]}),
    "You need to call": lambda: two().get_encoded_features(),
    "called with a dict": lambda: FeatureSpace({"a": "float"})([1.0]),
    "there is no column 'a'": lambda: FeatureSpace({"a": "float"})({"b": [1.0]}),
    "dict of arrays or lists": lambda: two().adapt([[1, 2]]),
    "no data of 'f1'": lambda: two().adapt({"f1": [], "f2": []}),
    "has not been encoded": lambda: FeatureSpace({"a": FeatureSpace.integer_hashed(3, "int")})({"a": [1]}),
    "integer dtype": lambda: FeatureSpace({"a": FeatureSpace.feature("float32", nnc.layers.Rescaling(1.0), "one_hot")})(
        {"a": [1.0]}
    ),
    "isn't a standard feature": lambda: unknown_size()({"a": ["a"]}),
    "You need to call .* on the FeatureSpace": lambda: two().save("space.keras"),
    "a feature space is saved as .keras, got 'space.h5'": lambda: FeatureSpace({"a": "float"}).save("space.h5"),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_refused(message):
    with pytest.raises((DataError, ModelError), match=message):
        REFUSED[message]()
