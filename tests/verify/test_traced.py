"""Verification walks into what an author wrote, and names the operation and the line whose numbers differ."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy
import pytest

from nnc.errors import ModelError
from nnc.operations import OPERATIONS
from nnc.verify import verify
from tests.tracing import attention
from tests.tracing.attention import attention_model, keras_package
from tests.tracing.zoo import ZOO
from tests.tracing.zoo.registry import chain, function

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore:.*__array__.*:DeprecationWarning")


@pytest.fixture(scope="module")
def keras() -> Any:
    return keras_package()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what lets an operation of nnc's compute something slightly else, in all calls or in the last one."""

    def change(name: str, by: float = 1.01) -> None:
        right = OPERATIONS[name]
        wrong = replace(right, function=lambda *args, **kwargs: right.function(*args, **kwargs) * by)
        monkeypatch.setitem(OPERATIONS, name, wrong)

    return change


def line_of(text: str) -> str:
    """Return the place in the attention model where a text stands."""
    lines = inspect.getsource(attention).splitlines()
    return f"attention.py:{next(number for number, line in enumerate(lines, 1) if text in line)}"


RANDOM = (
    *("gumbel_choice_without_noise", "noise_while_training_without_spread", "sampling_without_spread"),
    "stochastic_depth_that_keeps_all",
)
"""Models that draw numbers, which two engines draw differently."""
IN_PARTS = (
    *("identity_with_a_policy", "layer_inside_and_outside_a_wrapper", "layer_made_in_a_call"),
    "nodes_of_one_graph",
)
"""Models with layers that only one side has under their names: inside wrappers and calls, or of constants."""
APART = (
    *("spectral_normalization_of_its_own_layer", "weight_of_a_layer_as_its_own"),
    *("weight_of_a_layer_that_is_not_called", *RANDOM),
)
"""Models that cannot be verified: they have weights in another order, or draw numbers."""


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.sampled(1)
def test_random_numbers_are_named(name: str, keras: Any) -> None:
    with pytest.raises(ModelError, match=r"draws random numbers when .* \(at random\.py:"):
        verify(ZOO[name](keras), train=True)


@pytest.mark.parametrize("name", [name for name in ZOO if name not in APART])
@pytest.mark.sampled(3)
def test_live_models_agree_operation_by_operation(name: str, keras: Any) -> None:
    keras.utils.set_random_seed(1)
    model = ZOO[name](keras)
    before = model.get_weights()
    report = verify(model, train=True)
    assert report.agrees, str(report.first)
    unmatched = [path for path in report.unmatched if "cell" not in path and "dropout" not in path]
    assert name in IN_PARTS or not unmatched
    for weight, old in zip(model.get_weights(), before, strict=True):
        numpy.testing.assert_array_equal(weight, old)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("train", [False, True])
def test_every_operation_is_compared(train: bool, keras: Any) -> None:
    report = verify(attention_model(keras), train=train)
    assert report.unmatched == ()
    assert str(report) == (
        "classifier and keras agree to 0.0001; 24 operations of 6 traced layers and 1 operation between layers compared"
    )
    found = {item.path: item for item in report.comparisons if item.is_operation}
    assert (report.operations, report.traced_layers) == (25, 6)
    assert found["block1/attention/softmax()"].place == line_of("ops.softmax")
    assert found["block1/add()"].place == line_of("return x + y")
    assert found["mean"].place == ""  # Keras has kept the operation, not the line that made it
    assert report.to_json()["operations"] == 25


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize(
    ("operation", "path", "text"),
    [
        ("Transpose", "block0/attention/transpose()", "ops.transpose"),
        ("Softmax", "block0/attention/softmax()", "ops.softmax"),
        ("Exp", "block0/exp()", "ops.exp"),
    ],
)
@pytest.mark.sampled(2)
def test_the_first_operation_that_differs_is_named(
    operation: str, path: str, text: str, backend: Any, keras: Any, broken: Callable[..., None]
) -> None:
    broken(operation)
    report = verify(attention_model(keras, blocks=2), backend=backend)
    first = report.first
    assert first is not None
    assert (first.path, first.op, first.place) == (path, operation, line_of(text))
    assert str(report).startswith(f"first difference: forward at '{path}' ({operation}), {line_of(text)}, shape (")
    assert first.relative == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("operation", ["Tanh", "Scan"])
@pytest.mark.slow
def test_it_is_named_inside_a_loop(operation: str, backwards: bool, keras: Any, broken: Callable[..., None]) -> None:
    class Cell(keras.layers.Layer):
        state_size = 4

        def build(self, shape: Any) -> None:
            self.inner = keras.layers.Dense(4, name="inner")
            self.inner.build((shape[0], shape[-1] + 4))

        def call(self, x: Any, states: Any) -> Any:
            joined = keras.ops.concatenate([x, states[0]], axis=-1)
            new = keras.ops.scan(lambda total, y: (total + y, total), self.inner(joined)[:, 0], keras.ops.ones((3, 1)))[
                0
            ]
            return keras.ops.tanh(self.inner(joined) + new[:, None]), [states[0] + new[:, None]]

    x = keras.Input((5, 2))
    layer = keras.layers.RNN(Cell(name="cell"), go_backwards=backwards, return_sequences=True, name="rnn")
    model = keras.Model(x, keras.layers.Dense(2)(layer(x)))
    report = verify(model, train=True)
    assert report.agrees, report.first
    assert {"rnn/scan/cell/tanh()", "rnn/scan/cell/inner", "rnn/scan/cell/scan/add()"} <= {
        item.path for item in report.comparisons
    }
    broken("Tanh" if operation == "Tanh" else "Concatenate")
    first = verify(model).first
    assert first is not None
    assert (first.path, first.op) == {
        "Tanh": ("rnn/scan/cell/tanh()", "Tanh"),
        "Scan": ("rnn/scan/cell/concatenate()", "Concatenate"),
    }[operation]
    assert first.place.startswith("test_traced.py:")
    assert first.shape[:2] == (5, 4)  # all steps of all rows


def test_it_is_named_where_only_training_comes_to_it(keras: Any, broken: Callable[..., None]) -> None:
    class Scaled(keras.layers.Layer):
        def call(self, x: Any, training: bool = False) -> Any:
            return keras.ops.tanh(x) if training else x

    model = chain(keras, keras.layers.Dense(6), Scaled(name="scaled"), keras.layers.Dense(2))
    broken("Tanh")
    assert verify(model).agrees
    first = verify(model, train=True).first
    assert first is not None
    assert (first.kind, first.path, first.op) == ("training", "scaled/tanh()", "Tanh")
    assert first.place.startswith("test_traced.py:")


def test_a_model_that_is_traced_as_a_whole(keras: Any, broken: Callable[..., None]) -> None:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="net")
            self.dense = keras.layers.Dense(6, name="dense")

        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight((6,), "random_normal", name="scale")
            self.dense.build(input_shape)

        def call(self, x: Any) -> Any:
            return keras.ops.tanh(self.dense(x) * self.scale)

    model = Net()
    model(numpy.zeros((2, 6), "float32"))
    report = verify(model, train=True)
    assert report.agrees, report.first
    assert report.unmatched == ()
    assert {item.path for item in report.comparisons if item.is_operation} == {"net/multiply()", "net/tanh()"}
    broken("Multiply")
    first = verify(model).first
    assert first is not None
    assert (first.path, first.op) == ("net/multiply()", "Multiply")


@pytest.mark.slow
def test_another_model_of_the_same_code_is_compared(keras: Any) -> None:
    keras.utils.set_random_seed(1)
    model, other = attention_model(keras), attention_model(keras)
    other.set_weights(model.get_weights())
    assert verify(model, other).agrees
    other.get_layer("block1").scale.assign_add(numpy.full(8, 0.01))
    first = verify(model, other).first
    assert first is not None
    assert first.path == "block1/exp()"


def test_weights_whose_order_differs_are_compared_with_their_own(keras: Any) -> None:
    """Keras lists the layers in the order in which they were made, nnc in that in which they are called."""
    report = verify(ZOO["weights_of_equal_shapes"](keras), train=True)
    assert report.agrees, report.first
    assert {item.kind for item in report.comparisons} >= {"gradient", "update"}


def test_random_numbers_are_refused_by_their_line(keras: Any) -> None:
    model = function(keras, lambda x: x + keras.random.normal(keras.ops.shape(x)))
    with pytest.raises(ModelError, match=r"'own\w*/normal\(\)' \(normal\) draws random numbers when .*\(at test_tr"):
        verify(model)


def test_operations_between_the_layers_of_a_file(keras: Any, tmp_path: Any, broken: Callable[..., None]) -> None:
    x = keras.Input((6,))
    y = keras.layers.Dense(6)(x)
    model = keras.Model(x, keras.layers.Dense(2)(keras.ops.tanh(y) * keras.ops.exp(x) + y))
    model.save(tmp_path / "model.keras")
    report = verify(tmp_path / "model.keras")
    assert report.agrees
    assert str(report).endswith("; 4 operations between layers compared")
    assert report.unmatched == ()
    broken("Exp")
    first = verify(tmp_path / "model.keras").first
    assert first is not None
    assert first.op == "Exp"
