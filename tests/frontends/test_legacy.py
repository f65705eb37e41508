"""The rules for older versions of Keras: each by what it makes of an old layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest

from frontends.legacy.compile_options import compile_options, measures, optimizer
from frontends.legacy.layers import RULES, modernized
from frontends.legacy.values import decoded
from frontends.legacy.weights import convert, converted, flipped
from frontends.nodes import from_plain
from frontends.origin import Origin, origin_of, parse_version
from nnc.errors import ModelFileError
from nnc.readers import read_model

OLD = Origin((2, 2, 4))
HARD = "hard_sigmoid_keras_2"

CASES: list[tuple[str, Origin, str, dict[str, Any], str, dict[str, Any]]] = [
    ("dtype policies", OLD, "Dense", {"dtype": "mixed_float16"}, "Dense", {"dtype": "float32"}),
    (
        "dtype policies",
        OLD,
        "Dense",
        {"dtype": {"class_name": "Policy", "config": {"name": "float32"}}},
        "Dense",
        {"dtype": "float32"},
    ),
    ("dtype policies", OLD, "Dense", {"dtype": {"class_name": "PolicyV1", "config": {"name": "infer"}}}, "Dense", {}),
    (
        "element types of operations",
        Origin((3, 15)),
        "Operation",
        {"operation": "Cast", "settings": {"dtype": "bfloat16"}},
        "Operation",
        {"operation": "Cast", "settings": {"dtype": "float32"}},
    ),
    (
        "names of Keras 1",
        OLD,
        "Convolution2D",
        {"nb_filter": 3, "border_mode": "same", "subsample": [2, 2], "dim_ordering": "th", "bias": True},
        "Conv2D",
        {"filters": 3, "padding": "same", "strides": [2, 2], "data_format": "channels_first", "use_bias": True},
    ),
    (
        "names of Keras 1",
        OLD,
        "LSTM",
        {"output_dim": 3, "inner_activation": "hard_sigmoid", "inner_init": "orthogonal", "dropout_W": 0.1},
        "LSTM",
        {"units": 3, "recurrent_activation": HARD, "recurrent_initializer": "orthogonal", "dropout": 0.1},
    ),
    (
        "names of Keras 1",
        OLD,
        "Embedding",
        {"input_dim": 9, "output_dim": 3, "init": "uniform"},
        "Embedding",
        {"input_dim": 9, "output_dim": 3, "embeddings_initializer": "uniform"},
    ),
    ("names of Keras 1", OLD, "Dropout", {"p": 0.5}, "Dropout", {"rate": 0.5}),
    ("kernel size of Keras 1", OLD, "Conv2D", {"nb_row": 3, "nb_col": 2}, "Conv2D", {"kernel_size": [3, 2]}),
    (
        "forget_bias_init",
        OLD,
        "LSTM",
        {"forget_bias_init": "one", "recurrent_activation": "tanh"},
        "LSTM",
        {"unit_forget_bias": True, "recurrent_activation": "tanh"},
    ),
    ("consume_less", OLD, "SimpleRNN", {"consume_less": "cpu"}, "SimpleRNN", {}),
    ("Merge", OLD, "Merge", {"mode": "concat", "concat_axis": 1, "name": "m"}, "Concatenate", {"name": "m", "axis": 1}),
    ("Merge", OLD, "Merge", {"mode": "ave"}, "Average", {}),
    (
        "CuDNN layers",
        OLD,
        "CuDNNGRU",
        {"units": 3},
        "GRU",
        {"units": 3, "activation": "tanh", "recurrent_activation": "sigmoid", "reset_after": True},
    ),
    ("ThresholdedReLU", OLD, "ThresholdedReLU", {"theta": 0.7}, "ReLU", {"threshold": 0.7}),
    (
        "GRU without reset_after",
        Origin((2, 3, 1)),
        "GRU",
        {"units": 3},
        "GRU",
        {"units": 3, "reset_after": False},
    ),
    ("default of recurrent_activation", OLD, "LSTM", {"units": 3}, "LSTM", {"units": 3, "recurrent_activation": HARD}),
    ("default of recurrent_activation", Origin((2, 3, 1)), "LSTM", {"units": 3}, "LSTM", {"units": 3}),
    ("time_major", OLD, "SimpleRNN", {"time_major": False}, "SimpleRNN", {}),
    ("masks", Origin((2, 2), has_masks=True), "Add", {}, "Add", {"keras_2_masks": True}),
    ("masks", Origin((3, 1), has_masks=True), "Add", {}, "Add", {}),
    ("masks", OLD, "Add", {}, "Add", {}),
    ("implementation", OLD, "SimpleRNN", {"implementation": 2}, "SimpleRNN", {}),
    ("num_constants", OLD, "RNN", {"num_constants": None}, "RNN", {}),
    ("groups of depthwise layers", OLD, "DepthwiseConv2D", {"groups": 1}, "DepthwiseConv2D", {}),
    ("groups of transposed convolutions", OLD, "Conv2DTranspose", {"groups": 1}, "Conv2DTranspose", {}),
    ("filters of depthwise layers", OLD, "DepthwiseConv2D", {"filters": None}, "DepthwiseConv2D", {}),
    (
        "kernel of depthwise layers",
        OLD,
        "SeparableConv2D",
        {"filters": 3, "kernel_initializer": "zeros", "kernel_regularizer": None, "kernel_constraint": None},
        "SeparableConv2D",
        {"filters": 3},
    ),
    ("kind of random numbers", OLD, "RandomFlip", {"rng_type": "stateful", "seed": 1}, "RandomFlip", {"seed": 1}),
    ("noise_shape", OLD, "SpatialDropout1D", {"rate": 0.1, "noise_shape": None}, "SpatialDropout1D", {"rate": 0.1}),
    ("axis in a list", Origin(), "BatchNormalization", {"axis": [3]}, "BatchNormalization", {"axis": 3}),
    ("mode", OLD, "BatchNormalization", {"mode": 0}, "BatchNormalization", {}),
    ("fused", OLD, "BatchNormalizationV1", {"fused": True, "virtual_batch_size": None}, "BatchNormalization", {}),
    ("renorm", OLD, "BatchNormalization", {"renorm": False, "renorm_momentum": 0.5}, "BatchNormalization", {}),
    (
        "numbers as arrays",
        OLD,
        "LeakyReLU",
        {"alpha": {"type": "ndarray", "value": [0.25]}},
        "LeakyReLU",
        {"negative_slope": 0.25},
    ),
    ("alpha of LeakyReLU", Origin((3, 1)), "LeakyReLU", {"alpha": 0.25}, "LeakyReLU", {"negative_slope": 0.25}),
    (
        "input_length",
        OLD,
        "Embedding",
        {"input_dim": 9, "output_dim": 2, "input_length": 5},
        "Embedding",
        {"input_dim": 9, "output_dim": 2, "batch_input_shape": [None, 5]},
    ),
    ("shapes of attention", OLD, "MultiHeadAttention", {"query_shape": [None, 2]}, "MultiHeadAttention", {}),
    ("causal", OLD, "Attention", {"causal": False}, "Attention", {}),
    ("activations", OLD, "Dense", {"activation": "hard_sigmoid"}, "Dense", {"activation": HARD}),
    ("activations", OLD, "Dense", {"activation": "softmax_v2"}, "Dense", {"activation": "softmax"}),
    ("activations", Origin(), "Dense", {"activation": "hard_sigmoid"}, "Dense", {"activation": "hard_sigmoid"}),
    (
        "activations",
        OLD,
        "Dense",
        {"activation": {"class_name": "LeakyReLU", "config": {"name": "x", "trainable": True, "alpha": 0.1}}},
        "Dense",
        {"activation": {"class_name": "LeakyReLU", "config": {"negative_slope": 0.1}}},
    ),
    (
        "activations",
        OLD,
        "Dense",
        {"activation": {"class_name": "Activation", "config": {"activation": "hard_sigmoid"}}},
        "Dense",
        {"activation": HARD},
    ),
    (
        "initializers and penalties",
        OLD,
        "Dense",
        {
            "kernel_initializer": {
                "class_name": "VarianceScaling",
                "config": {"distribution": "normal", "scale": 2.0, "dtype": "float32"},
            },
            "kernel_regularizer": {"class_name": "WeightRegularizer", "config": {"l1": 0.1, "l2": 0.0}},
        },
        "Dense",
        {
            "kernel_initializer": {
                "class_name": "VarianceScaling",
                "config": {"distribution": "truncated_normal", "scale": 2.0},
            },
            "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.1, "l2": 0.0}},
        },
    ),
]


def none(name: str) -> bool:
    return False


@pytest.mark.parametrize(("rule", "origin", "old_class", "old", "new_class", "new"), CASES)
def test_rules(
    rule: str, origin: Origin, old_class: str, old: dict[str, Any], new_class: str, new: dict[str, Any]
) -> None:
    assert rule in {item.name for item in RULES}
    node = decoded(from_plain(old))
    entry = modernized(old_class, dict(node.entries), origin, None, none)  # type: ignore[attr-defined]
    assert not entry.problems
    assert entry.class_name == new_class
    assert {key: item.plain() for key, item in entry.arguments.items()} == new


def test_every_rule_has_a_case() -> None:
    assert {rule for rule, *_ in CASES} == {rule.name for rule in RULES}
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize(
    ("class_name", "arguments", "message"),
    [
        ("LSTM", {"time_major": True}, "time_major=true is not supported"),
        ("BatchNormalization", {"mode": 2}, "mode=2 is not supported"),
        ("Attention", {"causal": True}, "causal=true is not supported"),
        ("Merge", {"mode": "cos"}, "mode='cos' of Merge is not supported"),
    ],
)
def test_what_no_layer_can_say(class_name: str, arguments: dict[str, Any], message: str) -> None:
    entry = modernized(class_name, dict(from_plain(arguments).entries), OLD, None, none)  # type: ignore[attr-defined]
    assert [text for text, _ in entry.problems] == [message]


def test_layers_inside_layers() -> None:
    cell = {"class_name": "GRUCell", "config": {"units": 2, "recurrent_activation": "hard_sigmoid"}}
    layer = {"class_name": "RNN", "config": {"cell": [cell], "time_major": False}}
    node = from_plain({"layer": layer, "merge_mode": "sum"})
    entry = modernized("Bidirectional", dict(node.entries), OLD, None, none)  # type: ignore[attr-defined]
    inner = entry.arguments["layer"].plain()["config"]
    assert "time_major" not in inner
    found = {"units": 2, "recurrent_activation": HARD, "reset_after": False}
    assert inner["cell"] == [{"class_name": "GRUCell", "config": found}]


def test_own_classes_keep_their_arguments() -> None:
    node = from_plain({"alpha": 0.1})
    entry = modernized("LeakyReLU", dict(node.entries), OLD, None, lambda name: True)  # type: ignore[attr-defined]
    assert list(entry.arguments) == ["alpha"]


@pytest.mark.parametrize(
    ("text", "is_old"), [("2.2.4-tf", True), ("1.2.2", True), ("2.13.1-rc0", True), ("3.0.5", False), ("x", False)]
)
def test_versions(text: str, is_old: bool) -> None:
    assert parse_version(text).is_old is is_old


def test_origin_without_a_version() -> None:
    first = {"class_name": "Dense", "config": {"units": 1, "batch_input_shape": [None, 2]}}
    assert origin_of(from_plain({"class_name": "Sequential", "config": [first]})).is_old
    first = {"class_name": "InputLayer", "config": {"batch_shape": [None, 2]}}
    assert not origin_of(from_plain({"class_name": "Sequential", "config": {"layers": [first]}})).is_old


# ------------------------------------------------------------------ training


def test_decay_becomes_a_schedule() -> None:
    old = {"class_name": "Adam", "config": {"lr": 0.1, "decay": 0.5, "epsilon": None, "amsgrad": False}}
    found = optimizer(from_plain(old)).plain()["config"]
    assert found["amsgrad"] is False
    assert "epsilon" not in found
    rate = found["learning_rate"]
    assert rate["class_name"] == "InverseTimeDecay"
    assert rate["config"] == {"initial_learning_rate": 0.1, "decay_steps": 1, "decay_rate": 0.5}


def test_training_config() -> None:
    old = {
        "optimizer_config": {"class_name": "Custom>SGD", "config": {"learning_rate": 0.5, "is_legacy_optimizer": True}},
        "loss": {"class_name": "BinaryCrossentropy", "config": {"reduction": "auto", "from_logits": False}},
        "metrics": [[{"class_name": "MeanMetricWrapper", "config": {"name": "accuracy", "fn": "binary_accuracy"}}]],
        "sample_weight_mode": None,
        "loss_weights": None,
    }
    assert compile_options(from_plain(old), OLD).plain() == {  # type: ignore[arg-type]
        "optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.5}},
        "loss": {
            "class_name": "BinaryCrossentropy",
            "config": {"reduction": "sum_over_batch_size", "from_logits": False},
        },
        "metrics": [["accuracy"]],
    }
    for function in ("binary_crossentropy", {"class_name": "function", "config": "binary_crossentropy"}):
        named = {"class_name": "BinaryCrossentropy", "config": {"reduction": "auto", "fn": function}}
        assert measures(from_plain(named)).plain()["config"] == {"reduction": "sum_over_batch_size"}
    other = {"class_name": "BinaryCrossentropy", "config": {"fn": "mine"}}
    assert measures(from_plain(other)).plain() == other  # and is refused, by name
    wrapped = {"class_name": "MeanMetricWrapper", "config": {"name": "mine", "fn": "binary_accuracy"}}
    assert measures(from_plain([wrapped])).plain() == ["binary_accuracy"]


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file", "ignore:__array__ implementation")
def test_a_loss_that_names_its_function_is_read_from_a_file(tmp_path: Path) -> None:
    keras, h5py = pytest.importorskip("keras"), pytest.importorskip("h5py")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy")
    path = tmp_path / "model.h5"
    model.save(path)
    function = {"module": "builtins", "class_name": "function", "config": "categorical_crossentropy"}
    loss = {"class_name": "CategoricalCrossentropy", "config": {"fn": function, "label_smoothing": 0.2}}
    with h5py.File(path, "a") as file:
        file.attrs["keras_version"] = "2.13.1"
        file.attrs["training_config"] = json.dumps(
            {"loss": loss, "optimizer_config": {"class_name": "SGD", "config": {}}}
        )
    x, y = numpy.float32([[1, 2, 3]]), numpy.float32([[0, 1]])
    model.compile("sgd", keras.losses.CategoricalCrossentropy(label_smoothing=0.2))
    assert read_model(path).evaluate(x, y) == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-5)


# ------------------------------------------------------------------ weights


def test_cudnn_lstm() -> None:
    """The layout of tf_keras, whose layer of this name computes on a GPU only: written out by hand."""
    generator = numpy.random.default_rng(0)
    kernel, recurrent, bias = (generator.normal(size=shape) for shape in ((3, 8), (2, 8), (8,)))
    gates = [gate.T.reshape(gate.shape[1], -1) for gate in numpy.split(kernel, 4, axis=1)]
    stored = [
        numpy.concatenate([gate.reshape(3, 2) for gate in gates], axis=1),
        numpy.concatenate([gate.T for gate in numpy.split(recurrent, 4, axis=1)], axis=1),
        numpy.concatenate([bias * 0.25, bias * 0.75]),
    ]
    names = ["kernel", "recurrent_kernel", "bias"]
    expected = [kernel, recurrent, bias]
    ways = converted([array.shape for array in expected], names, [array.shape for array in stored])
    assert ways is not None
    for array, way, right in zip(stored, ways, expected, strict=True):
        numpy.testing.assert_allclose(convert(array, way, right.shape), right)


def test_arguments_that_do_not_fit_are_an_authors(tmp_path: Path) -> None:
    """Files of Keras 2 do not say whose a class is."""
    softmax = {
        "class_name": "Softmax",
        "config": {"name": "softmax", "batch_input_shape": [None, 3], "temperature": 2.0},
    }
    definition = {"class_name": "Sequential", "config": {"name": "m", "layers": [softmax]}, "keras_version": "2.4.0"}
    (tmp_path / "own.json").write_text(json.dumps(definition))
    with pytest.raises(ModelFileError) as error:
        read_model(tmp_path / "own.json")
    assert error.value.problems == (
        "own.json line 1: layer 'softmax' (Softmax): has no argument 'temperature'. If the class is its author's,"
        " replace it with a layer: --replace 'Softmax=Layer(args)'",
    )
    model = read_model(tmp_path / "own.json", replace={"Softmax": "Rescaling(0.5)"})
    assert type(model.layers[0]).__name__ == "Rescaling"


def test_cudnn_of_tf_keras() -> None:
    legacy = pytest.importorskip("tf_keras.src.saving.legacy.hdf5_format")
    tf_keras = pytest.importorskip("tf_keras")
    generator = numpy.random.default_rng(0)
    for make, sizes in ((tf_keras.layers.LSTM, (12, 24)), (tf_keras.layers.GRU, (9, 18))):
        layer = make(3)
        layer.build((None, None, 4))
        stored = [generator.normal(size=(4, sizes[0])), generator.normal(size=(3, sizes[0]))]
        stored.append(generator.normal(size=sizes[1]))
        right = legacy.preprocess_weights_for_loading(layer, [array.copy() for array in stored], "2.2.4")
        names = ["kernel", "recurrent_kernel", "bias"]
        ways = converted([weight.shape for weight in right], names, [array.shape for array in stored])
        assert ways is not None
        for array, way, weight in zip(stored, ways, right, strict=True):
            numpy.testing.assert_allclose(convert(array, way, weight.shape), weight)


@pytest.mark.parametrize(
    "stored", [[(4, 8), (2, 8)], [(4, 8), (2, 8), (9,)], [(4, 9), (2, 8), (8,)], [(4, 8), (2, 8), (16, 1)]]
)
def test_other_shapes_are_refused(stored: list[tuple[int, ...]]) -> None:
    assert converted([(4, 8), (2, 8), (8,)], ["kernel", "recurrent_kernel", "bias"], stored) is None


def test_kernels_of_theano_are_turned() -> None:
    kernel = numpy.arange(12).reshape(2, 3, 2, 1)
    numpy.testing.assert_array_equal(flipped(kernel, "Conv2D", "kernel"), kernel[::-1, ::-1])
    numpy.testing.assert_array_equal(flipped(kernel, "Dense", "kernel"), kernel)
