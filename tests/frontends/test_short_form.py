"""Good files in the short form give the models that one would write in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

import nnc
from frontends.yaml_file import read_text
from nnc.layers import Activation, Add, Concatenate, Dense, Dropout, Flatten, Input, Layer, ReLU, Reshape, Softmax
from tests.frontends.samples import SHORT

EXAMPLES = Path(__file__).parents[2] / "examples"


def read(text: str, **options: Any) -> nnc.Model:
    nnc.utils.set_random_seed(5)
    return read_text(text, "model.yaml", **options)


def assert_equal(found: nnc.Model, expected: nnc.Model) -> None:
    assert type(found) is type(expected)
    assert found.get_config() == expected.get_config()
    for left, right in zip(found.get_weights(), expected.get_weights(), strict=True):
        numpy.testing.assert_array_equal(left, right)


def base() -> nnc.Sequential:
    return nnc.Sequential(
        [
            Input((2,), name="input"),
            Dense(2, activation="sigmoid", name="dense"),
            Dense(1, activation="sigmoid", name="dense_1"),
        ],
        name="base",
    )


def every_layer() -> nnc.Sequential:
    layers = [Reshape((2, 3)), Softmax(axis=1), Flatten(), Dense(4, use_bias=False), ReLU(negative_slope=0.1)]
    return nnc.Sequential([Input((6,), name="input"), *layers, Activation("gelu"), Dropout(0.25, seed=3), Dense(1)])


def branching() -> nnc.Model:
    a, b = Input((4,), name="a"), Input((2, 2), name="b")
    left = Dense(3, activation="relu", name="left")(a)
    right = Dense(3, kernel_initializer=nnc.initializers.RandomNormal(stddev=0.1), name="dense")(Flatten()(b))
    total = Add(name="add")([left, right])
    return nnc.Model([a, b], Dense(1, name="dense_1")(Dropout(0.5, name="dropout")(total)), name="sample")


def two_outputs() -> nnc.Model:
    x = Input((3,), name="input", dtype="float64")
    h = Dense(2, name="h", dtype="float64")(x)
    k = Dense(2, name="k", dtype="float64")(h)
    joined = Concatenate(axis=1, name="concatenate", dtype="float64")([h, k, x])
    return nnc.Model(x, [joined, k])


EVERY_LAYER = """
input: [6]
layers:
  - Reshape: [2, 3]
  - Softmax: {axis: 1}
  - Flatten
  - Dense: {units: 4, use_bias: false}
  - ReLU: {negative_slope: 0.1}
  - Activation: gelu
  - Dropout: {rate: .25, seed: 3}
  - Dense: 1
"""
TWO_OUTPUTS = """
dtype: float64
input: 3
layers:
  - Dense: 2
    name: h
  - Dense: {units: 2, name: k}
  - Concatenate: {axis: 1, inputs: [h, k, input]}
outputs: [concatenate, k]
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ((EXAMPLES / "base.yaml").read_text(), base),
        (EVERY_LAYER, every_layer),
        (SHORT, branching),
        (TWO_OUTPUTS, two_outputs),
    ],
)
def test_equals_the_model_in_python(text: str, expected: Any) -> None:
    found = read(text)
    nnc.utils.set_random_seed(5)
    assert_equal(found, expected())


def test_golden_config_of_the_base_network() -> None:
    model = read((EXAMPLES / "base.yaml").read_text())
    found = [(entry["class_name"], entry["config"]) for entry in model.get_config()["layers"]]
    assert [name for name, _ in found] == ["InputLayer", "Dense", "Dense"]
    assert found[0][1] == {"batch_shape": [None, 2], "dtype": "float32", "name": "input"}
    assert {key: found[2][1][key] for key in ("name", "units", "activation", "use_bias", "trainable")} == {
        "name": "dense_1",
        "units": 1,
        "activation": "sigmoid",
        "use_bias": True,
        "trainable": True,
    }
    assert model.optimizer.get_config()["learning_rate"] == pytest.approx(0.1)
    assert type(model.optimizer).__name__ == "SGD"
    assert model.program.spec.metrics == ("loss", "accuracy")


def test_files_in_both_forms_are_one_model() -> None:
    short = read((EXAMPLES / "base.yaml").read_text())
    nnc.utils.set_random_seed(5)
    long = read_text((EXAMPLES / "base.json").read_bytes(), "base.json", is_json=True)
    assert long.get_config()["layers"][1:] == short.get_config()["layers"][1:]
    assert long.optimizer.get_config() == short.optimizer.get_config()
    assert long.program.graph("train").nx.number_of_nodes() == short.program.graph("train").nx.number_of_nodes()
    x = numpy.random.default_rng(0).normal(size=(8, 2))
    numpy.testing.assert_array_equal(long.predict(x), short.predict(x))


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("input: 2\nlayers: [Flatten]", (None, 2)),
        ("input: [2, 3]\nlayers: [Flatten]", (None, 6)),
        ("input: {shape: [2, 3], dtype: int32, name: words}\nlayers: [Flatten]", (None, 6)),
        ("input: {words: [2, 3]}\nlayers:\n- Flatten:\n", (None, 6)),
        ("layers: [{Dense: {units: 3, input_dim: 2}}]", (None, 3)),
        ("layers: [{Flatten: {input_shape: [2, 2]}}]", (None, 4)),
        ("layers: [{Flatten: {batch_input_shape: [null, 2, 2]}}]", (None, 4)),
        ("input: [0x10]\nlayers: [Flatten: {}]", (None, 16)),
        ("%YAML 1.2\n---\ninput: [2]\nlayers: [!!str Flatten]\n...\n", (None, 2)),
        ("\ufeffinput: [2]\r\nlayers: [Flatten]\r\n", (None, 2)),
        ('{"input":[2],"layers":["Flatten",{"Reshape":[1,-1]}]}', (None, 1, 2)),
    ],
)
def test_ways_to_write_inputs(text: str, shape: tuple[int | None, ...]) -> None:
    assert read_text(text.encode(), "model.yaml").output_shape == shape


def test_anchors_merges_and_aliases() -> None:
    text = """
input: [4]
layers:
  - Dense: &hidden {units: 8, activation: relu}
  - Dense: *hidden
  - Dense: {<<: *hidden, units: 2}
  - Dense: {<<: [*hidden, {use_bias: false}]}
"""
    layers = read(text).get_config()["layers"][1:]
    found = [(entry["config"]["units"], entry["config"]["activation"], entry["config"]["use_bias"]) for entry in layers]
    assert found == [(8, "relu", True), (8, "relu", True), (2, "relu", True), (8, "relu", False)]


def test_layers_may_come_before_those_they_read() -> None:
    text = """
input: [4]
layers:
  - Add: {name: total, inputs: [one, two]}
  - Dense: {name: two, units: 3, inputs: one}
  - Dense: {name: one, units: 3, inputs: input}
"""
    model = read(text)
    assert model.output_names == ["total"]
    assert [layer.name for layer in model.layers] == ["input", "one", "two", "total"]


def test_words_have_the_meaning_of_yaml_1_2() -> None:
    model = read("name: no\ninput: [4]\nlayers: [{Dropout: {rate: 1e-3, name: on}}, {Dense: {units: 010}}]")
    assert model.name == "no"
    assert [layer.name for layer in model.layers] == ["on", "dense"]
    assert model.get_config()["layers"][1]["config"]["rate"] == 0.001
    assert model.output_shape == (None, 10)


@pytest.mark.parametrize(
    ("compile", "loss", "metrics"),
    [
        ("loss: mse", "mse", ("loss",)),
        ("optimizer: adam, loss: {MeanSquaredError: {}}, metrics: mae", "mse", ("loss", "mae")),
        (
            "loss: {BinaryCrossentropy: {from_logits: true}}, metrics: [accuracy, {BinaryAccuracy: {threshold: 0.1}}]",
            "",
            (),
        ),
        ("loss: {out: mse}, metrics: {out: [mae]}", "mse", ("loss", "mae")),
        ("loss: [mse], metrics: [[mae]], weighted_metrics: [mse]", "mse", ("loss", "mae", "mse")),
    ],
)
def test_ways_to_write_compile(compile: str, loss: str, metrics: tuple[str, ...]) -> None:
    model = read(f"input: [2]\nlayers: [{{Dense: {{units: 1, name: out}}}}]\ncompile: {{{compile}}}")
    if not metrics:
        metrics = ("loss", "accuracy", "binary_accuracy")
    assert model.program.spec.metrics == metrics
    assert numpy.isfinite(model.train_on_batch(numpy.ones((2, 2)), numpy.ones((2, 1)))).all()


@pytest.mark.parametrize(
    ("losses", "metrics"),
    [
        ("[mse, mae]", "[[mae], null]"),
        ("{k: mae, concatenate: mse}", "{concatenate: mae}"),
        ("{MeanSquaredError: {reduction: sum}}", "{concatenate: [mae]}"),
    ],
)
def test_losses_of_several_outputs(losses: str, metrics: str) -> None:
    model = read(f"{TWO_OUTPUTS}\ncompile: {{loss: {losses}, metrics: {metrics}, loss_weights: [1, 0.5]}}")
    assert model.program.spec.metrics == ("loss", "concatenate_loss", "k_loss", "concatenate_mae")


def test_own_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    import contextvars

    def run() -> None:
        @nnc.layers.register
        class Scale(Layer):
            def __init__(self, factor: float, **options: Any) -> None:
                super().__init__(**options)
                if factor == 0:
                    raise ZeroDivisionError("factor of nothing")
                self.factor = factor

            def call(self, x: Any) -> Any:
                return x * self.factor

        model = read("input: [2]\nlayers: [{Scale: 3}]")
        numpy.testing.assert_array_equal(model.predict(numpy.ones((1, 2))), [[3.0, 3.0]])
        expected = r"line 2: layer 'scale' \(Scale\): ZeroDivisionError: factor of nothing"
        with pytest.raises(nnc.errors.ModelFileError, match=expected):
            read("input: [2]\nlayers: [{Scale: 0}]")

    contextvars.copy_context().run(run)


def test_hostile_names_are_inert(tmp_path: Path) -> None:
    target = tmp_path / "run"
    name = f"'); __import__('pathlib').Path('{str(target).replace('/', chr(92) + 'x2f')}').touch(); (\""
    quoted = "'" + name.replace("'", "''") + "'"
    text = f"name: {quoted}\ninput: {{{quoted}: [2], b: [2]}}\nlayers:\n  - Add: {{inputs: [b, {quoted}], name: c}}\n"
    text += '  - Dense: {units: 1, name: \'""" + `{x}` %s \\\'}\ncompile: {loss: mse}\n'
    model = read(text)
    assert model.name == name
    model.fit([numpy.ones((4, 2)), numpy.ones((4, 2))], numpy.ones((4, 1)), verbose=0)
    assert model.predict([numpy.ones((4, 2)), numpy.ones((4, 2))]).shape == (4, 1)
    assert not target.exists()
    assert not list(Path().glob("*x2f*"))


class Own(Dense):
    """A class that no file finds by itself."""


REPLACED = """
input: [3]
layers:
  - Old: {size: 9, name: first}
  - Mine: {units: 3, activation: weird}
  - Mine: 2
  - Dense: {units: 2, name: last}
  - Gone
"""


def test_what_stands_in_the_place_of_others() -> None:
    first = "Dense(5, activation='relu')"
    found = read(
        REPLACED, replace={"Old": first, "Mine": Own, "weird": "tanh", "last": Dense(7), "Gone": "Activation('elu')"}
    )
    nnc.utils.set_random_seed(5)
    layers = [Dense(5, "relu", name="first"), Own(3, "tanh"), Own(2), Dense(7, name="last"), Activation("elu")]
    assert_equal(found, nnc.Sequential([Input((3,)), *layers]))


def test_what_is_not_replaced_is_said_with_its_line() -> None:
    with pytest.raises(nnc.errors.ModelError) as error:
        read(REPLACED, replace={"Old": "Dense(5)", "Gone": "Flatten", "Mine": "Dense(units='x')"})
    assert "line 5: layer 'dense' (Dense): units must be a positive integer, got 'x'" in str(error.value)
    assert "Old" not in str(error.value)
