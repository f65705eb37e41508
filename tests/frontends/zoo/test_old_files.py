"""Files of Keras 2.0 to 2.3, which no package that is installed writes: compared with the formulas themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

import nnc
from nnc.errors import ModelFileError
from nnc.layers import layer_classes
from nnc.readers import read_model
from tests.frontends.zoo.old_files import SCALING, layer, random_arrays, write_h5, write_weights

X = numpy.random.default_rng(0).normal(size=(5, 4)).astype("float32") * 3


def hard(x: Any) -> Any:
    return numpy.clip(0.2 * x + 0.5, 0, 1)


def dense(name: str, units: int, **config: Any) -> dict[str, Any]:
    return layer("Dense", name, units=units, use_bias=True, kernel_initializer=SCALING, **config)


def inbound(entry: dict[str, Any], source: str) -> dict[str, Any]:
    return {**entry, "name": entry["config"]["name"], "inbound_nodes": [[[source, 0, 0, {}]]]}


def sequential(tmp_path: Path, **options: Any) -> tuple[Path, list[Any]]:
    arrays = random_arrays(1, (4, 3), (3,), (3, 2), (2,))
    layers = [
        dense("dense_1", 3, batch_input_shape=[None, 4], activation="hard_sigmoid"),
        layer("Dropout", "dropout_1", rate=0.5, noise_shape=None, seed=None),
        dense("dense_2", 2, activation="linear"),
    ]
    weights: dict[str, Any] = {
        "dense_1": [("dense_1_1/kernel:0", arrays[0]), ("dense_1_1/bias:0", arrays[1])],
        "dropout_1": [],
        "dense_2": [("dense_2_1/kernel:0", arrays[2]), ("dense_2_1/bias:0", arrays[3])],
    }
    config = {"class_name": "Sequential", "config": layers}
    return write_h5(tmp_path / "model.h5", config, weights, **options), arrays


def expected(arrays: list[Any]) -> Any:
    return hard(X @ arrays[0] + arrays[1]) @ arrays[2] + arrays[3]


def test_sequential_without_input(tmp_path: Path) -> None:
    path, arrays = sequential(tmp_path)
    model = read_model(path)
    assert not model.is_compiled
    numpy.testing.assert_allclose(model.predict(X), expected(arrays), atol=1e-5)
    program = tmp_path / "model.nnc"
    model.save(program)
    numpy.testing.assert_allclose(nnc.load(program).predict(X), expected(arrays), atol=1e-5)
    again = nnc.Sequential([nnc.layers.Input((4,)), *(type(x).from_config(x.get_config()) for x in model.layers)])
    again.set_weights(model.get_weights())
    numpy.testing.assert_allclose(again.predict(X), expected(arrays), atol=1e-5)


def test_hdf5_under_the_newer_name(tmp_path: Path) -> None:
    """Until Keras 2.11, ``.keras`` was another suffix of HDF5 files."""
    path, arrays = sequential(tmp_path, version="2.11.0")
    path = path.rename(tmp_path / "model.keras")
    model = read_model(path)
    numpy.testing.assert_allclose(model.predict(X), expected(arrays), atol=1e-5)
    model.set_weights([0 * array for array in arrays])
    model.load_weights(path)
    numpy.testing.assert_allclose(model.predict(X), expected(arrays), atol=1e-5)


def test_batch_normalization_trained_with_renorm(tmp_path: Path) -> None:
    """Predictions read the moving statistics; those of renorm are for training, some of them in old versions only."""
    names = ("gamma", "beta", "moving_mean", "moving_variance", "moving_stddev", "renorm_mean", "renorm_stddev")
    arrays = [numpy.abs(array) + 0.1 for array in random_arrays(9, *[(4,)] * len(names))]
    config = {"axis": [1], "momentum": 0.99, "epsilon": 0.001, "renorm": True, "renorm_clipping": None}
    layers = [layer("BatchNormalizationV1", "bn", batch_input_shape=[None, 4], **config, renorm_momentum=0.99)]
    counters = [("bn/renorm_mean_weight:0", numpy.ones(())), ("bn/renorm_stddev_weight:0", numpy.ones(()))]
    weights = {"bn": [*((f"bn/{name}:0", array) for name, array in zip(names, arrays, strict=True)), *counters]}
    path = write_h5(tmp_path / "bn.h5", {"class_name": "Sequential", "config": layers}, weights, version="2.2.4-tf")
    model = read_model(path)
    found = model.predict(X)
    for array, weight in zip(arrays, model.weights, strict=True):
        numpy.testing.assert_array_equal(array, weight.numpy())
    gamma, beta, mean, variance = arrays[:4]
    numpy.testing.assert_allclose(found, (X - mean) / numpy.sqrt(variance + 0.001) * gamma + beta, rtol=1e-4)


def test_version_decides_what_hard_sigmoid_means(tmp_path: Path) -> None:
    path, arrays = sequential(tmp_path, version="3.3.3")
    x = X @ arrays[0] + arrays[1]
    right = numpy.clip(x / 6 + 0.5, 0, 1) @ arrays[2] + arrays[3]
    numpy.testing.assert_allclose(read_model(path).predict(X), right, atol=1e-5)
    assert numpy.abs(right - expected(arrays)).max() > 0.01


def training(optimizer: str, **config: Any) -> dict[str, Any]:
    options = {"class_name": optimizer, "config": {"lr": 0.5, "decay": 0.0, **config}}
    extra = {"sample_weight_mode": None, "loss_weights": None}
    return {"optimizer_config": options, "loss": "mean_squared_error", "metrics": ["acc"], **extra}


def test_momentum_goes_on(tmp_path: Path) -> None:
    """Keras 2.0's SGD: the number of steps, then the momentum of each weight."""
    before = random_arrays(2, (4, 3), (3,), (3, 2), (2,))
    state = [("iterations:0", 7.0), *((f"Variable_{index}:0", array) for index, array in enumerate(before))]
    options = {"training": training("SGD", momentum=0.25, nesterov=False), "optimizer": state}
    path, arrays = sequential(tmp_path, **options)
    model = read_model(path)
    assert model.is_compiled
    numpy.testing.assert_allclose(model.predict(X), expected(arrays), atol=1e-5)
    found = dict(zip(("kernel", "bias"), model.optimizer.variables[-2:], strict=True))
    numpy.testing.assert_array_equal(found["kernel"], before[2])
    numpy.testing.assert_array_equal(found["bias"], before[3])
    assert model.optimizer.variables[0] == 7


def test_unknown_training_is_left_out(tmp_path: Path) -> None:
    path, arrays = sequential(tmp_path, training=training("TFOptimizer"))
    with pytest.warns(UserWarning, match=r"model.h5: it is read for predicting and not compiled: .*'TFOptimizer'"):
        model = read_model(path)
    assert not model.is_compiled
    numpy.testing.assert_allclose(model.predict(X), expected(arrays), atol=1e-5)
    options = {**training("SGD"), "loss": "own_loss"}
    with pytest.warns(UserWarning, match="own_loss"):
        assert not read_model(sequential(tmp_path, training=options)[0]).is_compiled
    assert not read_model(path, compile=False).is_compiled


def test_decay_lowers_the_rate(tmp_path: Path) -> None:
    path, _ = sequential(tmp_path, training=training("SGD", decay=0.25), optimizer=[("iterations:0", 4.0)])
    assert read_model(path).optimizer.learning_rate == pytest.approx(0.5 / (1 + 0.25 * 4))


def test_functional_with_an_inner_model(tmp_path: Path) -> None:
    """The first call of an inner model is counted from 1 where the call that made it is counted as well."""
    kernels = random_arrays(3, (4, 4), (4,), (8, 2), (2,))
    for first in (0, 1):
        inner = {
            "name": "inner",
            "layers": [
                layer("InputLayer", "input_2", [], batch_input_shape=[None, 4], dtype="float32", sparse=False),
                inbound(dense("block/dense", 4, activation="tanh"), "input_2"),
            ],
            "input_layers": [["input_2", 0, 0]],
            "output_layers": [["block/dense", 0, 0]],
        }
        calls = [[["input_1", 0, 0, {}]], [["inner", first, 0, {}]]]
        layers = [
            layer("InputLayer", "input_1", [], batch_input_shape=[None, 4], dtype="float32", sparse=False),
            {"class_name": "Model", "name": "inner", "config": inner, "inbound_nodes": calls},
            layer(
                "Concatenate", "joined", [[["inner", first, 0, {}], ["inner", first + 1, 0, {"mask": None}]]], axis=-1
            ),
            inbound(dense("out", 2), "joined"),
        ]
        config = {"name": "model_1", "layers": layers, "input_layers": [["input_1", 0, 0]]}
        config["output_layers"] = [["out", 0, 0]]
        weights = {
            "input_1": [],
            "inner": [("block/dense/kernel:0", kernels[0]), ("block/dense/bias:0", kernels[1])],
            "joined": [],
            "out": [("out/kernel:0", kernels[2]), ("out/bias:0", kernels[3])],
        }
        path = write_h5(tmp_path / f"model_{first}.h5", {"class_name": "Model", "config": config}, weights)
        once = numpy.tanh(X @ kernels[0] + kernels[1])
        twice = numpy.tanh(once @ kernels[0] + kernels[1])
        right = numpy.concatenate([once, twice], 1) @ kernels[2] + kernels[3]
        numpy.testing.assert_allclose(read_model(path).predict(X), right, atol=1e-5)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + numpy.exp(-x))


def gru(x: Any, kernel: Any, recurrent: Any, bias: Any, gate: Any) -> Any:
    """Return the last state of a GRU that applies its reset gate before the product, as Keras 2.0 does."""
    units = recurrent.shape[0]
    state = numpy.zeros((len(x), units))
    for step in range(x.shape[1]):
        given = x[:, step] @ kernel + bias
        update, reset = (
            gate(given[:, part : part + units] + state @ recurrent[:, part : part + units]) for part in (0, units)
        )
        new = numpy.tanh(given[:, 2 * units :] + (reset * state) @ recurrent[:, 2 * units :])
        state = update * state + (1 - update) * new
    return state


def test_gru_of_keras_2_0(tmp_path: Path) -> None:
    arrays = random_arrays(4, (4, 9), (3, 9), (9,))
    config = {"units": 3, "activation": "tanh", "recurrent_activation": "hard_sigmoid", "implementation": 0}
    layers = [layer("GRU", "gru_1", batch_input_shape=[None, 6, 4], **config)]
    names = ("gru_1/kernel:0", "gru_1/recurrent_kernel:0", "gru_1/bias:0")
    path = write_h5(
        tmp_path / "gru.h5",
        {"class_name": "Sequential", "config": layers},
        {"gru_1": list(zip(names, arrays, strict=True))},
    )
    x = numpy.random.default_rng(1).normal(size=(5, 6, 4)).astype("float32")
    numpy.testing.assert_allclose(read_model(path).predict(x), gru(x, *arrays, gate=hard), atol=1e-5)


def lstm(x: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    """Return the last state of an LSTM with sigmoid gates."""
    units = recurrent.shape[0]
    state = memory = numpy.zeros((len(x), units))
    for step in range(x.shape[1]):
        given = x[:, step] @ kernel + bias + state @ recurrent
        enter, forget, new, leave = numpy.split(given, 4, axis=1)
        memory = sigmoid(forget) * memory + sigmoid(enter) * numpy.tanh(new)
        state = sigmoid(leave) * numpy.tanh(memory)
    return state


def test_cudnn_lstm(tmp_path: Path) -> None:
    """cuDNN keeps each gate's kernel transposed, in the order of columns, and two biases."""
    kernel, recurrent, bias = random_arrays(5, (4, 12), (3, 12), (12,))
    stored = [
        numpy.concatenate([gate.T.reshape(4, 3) for gate in numpy.split(kernel, 4, axis=1)], axis=1),
        numpy.concatenate([gate.T for gate in numpy.split(recurrent, 4, axis=1)], axis=1),
        numpy.concatenate([bias * 0.75, bias * 0.25]),
    ]
    names = ("cu_dnnlstm_1/kernel:0", "cu_dnnlstm_1/recurrent_kernel:0", "cu_dnnlstm_1/bias:0")
    layers = [layer("CuDNNLSTM", "cu_dnnlstm_1", batch_input_shape=[None, 6, 4], units=3, return_sequences=False)]
    path = write_h5(
        tmp_path / "lstm.h5",
        {"class_name": "Sequential", "config": layers},
        {"cu_dnnlstm_1": list(zip(names, stored, strict=True))},
        version="2.2.4",
    )
    x = numpy.random.default_rng(1).normal(size=(5, 6, 4)).astype("float32")
    numpy.testing.assert_allclose(read_model(path).predict(x), lstm(x, kernel, recurrent, bias), atol=1e-5)


def test_kernels_written_with_theano(tmp_path: Path) -> None:
    kernel, bias = random_arrays(6, (2, 2, 1, 3), (3,))
    config = {"filters": 3, "kernel_size": [2, 2], "strides": [1, 1], "padding": "valid"}
    layers = [layer("Conv2D", "conv2d_1", batch_input_shape=[None, 3, 3, 1], data_format="channels_last", **config)]
    for backend, right in (("tensorflow", kernel), ("theano", kernel[::-1, ::-1])):
        path = write_h5(
            tmp_path / f"{backend}.h5",
            {"class_name": "Sequential", "config": layers},
            {"conv2d_1": [("conv2d_1/kernel:0", kernel), ("conv2d_1/bias:0", bias)]},
            backend=backend,
        )
        numpy.testing.assert_array_equal(read_model(path).layers[0].get_weights()[0], right)


# ------------------------------------------------------------------ code, and unknown classes


def with_code(tmp_path: Path) -> Path:
    code = ["4wEAAAAAAAAA", None, None]
    layers = [
        dense("one", 4, batch_input_shape=[None, 4], activation="<lambda>"),
        layer("Lambda", "two", function=code, function_type="lambda", output_shape=None, arguments={}),
        layer("Lambda", "three", function="helper", function_type="function", arguments={}),
        layer("Swich", "four", beta=2.0),
        layer("Denze", "five", units=2),
    ]
    (kernel,) = random_arrays(7, (4, 4))
    weights: dict[str, Any] = {"one": [("one/kernel:0", kernel), ("one/bias:0", numpy.zeros(4))]}
    return write_h5(tmp_path / "code.h5", {"class_name": "Sequential", "config": layers}, weights)


def test_code_is_named_in_one_error(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError) as caught:
        read_model(with_code(tmp_path))
    problems = "\n".join(caught.value.problems)
    assert "layer 'one' (Dense): activation '<lambda>' is its author's Python code" in problems
    assert "layer 'two' (Lambda): holds Python byte code, which is never run" in problems
    assert "layer 'four' (Swich): unknown layer class 'Swich'." in problems
    assert "layer 'five' (Denze): unknown layer class 'Denze'. Did you mean 'Dense'?" in problems
    assert problems.count("--replace '") >= 4
    assert problems.count("@nnc.layers.register") >= 3


def test_replacements_let_the_rest_load(tmp_path: Path) -> None:
    replace: dict[str, Any] = {
        "<lambda>": "LeakyReLU(negative_slope=0.5)",
        "Lambda": "Activation('tanh')",
        "three": "Identity()" if "Identity" in layer_classes() else "Activation('linear')",
        "Swich": nnc.layers.ReLU(max_value=0.5),
        "Denze": nnc.layers.Flatten,
    }
    with pytest.raises(ModelFileError, match=r"Flatten.* has no argument 'units'"):
        read_model(with_code(tmp_path), replace=replace)
    model = read_model(with_code(tmp_path), replace=replace | {"Denze": "Reshape((2, 2))"})
    (kernel,) = random_arrays(7, (4, 4))
    x = X @ kernel
    x = numpy.clip(numpy.tanh(numpy.where(x > 0, x, 0.5 * x)), 0, 0.5)
    numpy.testing.assert_allclose(model.predict(X), x.reshape(5, 2, 2), atol=1e-5)
    assert [item.name for item in model.layers] == ["one", "two", "three", "four", "five"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Dense(__import__('os').system('true'))", "units must be a plain value"),
        ("Dense(3", "must be a layer with its arguments"),
        ("nnc.layers.Dense(3)", "must be a layer with its arguments"),
        ("Dence(3)", "unknown layer class 'Dence'. Did you mean 'Dense'?"),
        ("Dense(1, units=2)", "each argument must be given once"),
        ("Dense(**{})", "each argument must be given once"),
        ("(" * 5000 + ")" * 5000, "must be a layer with its arguments"),
        ("Flatten(1, 2, 3, 4, 5, 6, 7)", "arguments without names, got 7"),
    ],
)
def test_replacements_execute_nothing(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(nnc.errors.ModelError) as caught:
        read_model(with_code(tmp_path), replace={"Swich": text})
    assert message in str(caught.value)


# ------------------------------------------------------------------ weights alone


def weights_file(tmp_path: Path, names: tuple[str, str] = ("a", "b")) -> tuple[Path, list[Any]]:
    import h5py

    arrays = random_arrays(8, (4, 3), (3,), (3, 2), (2,))
    pairs = [[("kernel:0", arrays[0]), ("bias:0", arrays[1])], [("kernel:0", arrays[2]), ("bias:0", arrays[3])]]
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.attrs["keras_version"] = "2.2.0"
        write_weights(file, dict(zip(names, pairs, strict=True)))
    return tmp_path / "weights.h5", arrays


def small(names: tuple[str, str], units: int = 2) -> nnc.Model:
    layers = [nnc.layers.Dense(3, name=names[0]), nnc.layers.Dense(units, name=names[1])]
    return nnc.Sequential([nnc.layers.Input((4,)), *layers])


def test_weights_by_order_and_by_name(tmp_path: Path) -> None:
    path, arrays = weights_file(tmp_path)
    model = small(("x", "y"))
    model.load_weights(path)
    for found, right in zip(model.get_weights(), arrays, strict=True):
        numpy.testing.assert_array_equal(found, right)
    model = small(("x", "b"))
    before = model.get_weights()
    model.load_weights(path, by_name=True)
    numpy.testing.assert_array_equal(model.get_weights()[0], before[0])
    numpy.testing.assert_array_equal(model.get_weights()[2], arrays[2])


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    path, arrays = weights_file(tmp_path)
    model = small(("a", "b"), units=5)
    before = model.get_weights()
    with pytest.raises(ModelFileError, match=r"layer 'b' \(Dense\): its weights have the shapes \(3, 2\), \(2,\)"):
        model.load_weights(path)
    numpy.testing.assert_array_equal(model.get_weights()[0], before[0])
    with pytest.warns(UserWarning, match="it stays as it is"):
        model.load_weights(path, by_name=True, skip_mismatch=True)
    numpy.testing.assert_array_equal(model.get_weights()[0], arrays[0])
    numpy.testing.assert_array_equal(model.get_weights()[2], before[2])
    with pytest.raises(ModelFileError, match="no layer of the model has the name of one in the file, such as 'a'"):
        small(("x", "y")).load_weights(path, by_name=True)
    three = nnc.Sequential([*small(("x", "y")).layers, nnc.layers.Dense(2)])
    three.build((None, 4))
    with pytest.raises(ModelFileError, match="the file has weights for 2 layers, the model has 3"):
        three.load_weights(path)
    with pytest.raises(nnc.errors.ModelError, match=r"holds weights alone; make the model, then call"):
        read_model(path)
