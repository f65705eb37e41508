"""What of a model is found to come several times: by classes, configs and wiring, never by names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import nnc
from nnc import layers
from nnc.render.outline import Outline, OutlineBlock, OutlineNode, Split
from nnc.render.regions import Tangle
from nnc.render.repeats import Repeat
from tests.render import networks, samples


def shape(outline: Outline, parts: Any) -> str:
    """Return the structure as a text: names of layers, ``[a|b]`` for branches, ``(a b)3`` for rounds."""
    texts = []
    for part in parts:
        if isinstance(part, OutlineNode):
            texts.append("in" if part.is_input else part.call.layer.name if part.call else "?")
        elif isinstance(part, Split):
            texts.append(f"[{'|'.join(shape(outline, branch) for branch in part.branches)}]")
        elif isinstance(part, OutlineBlock):
            texts.append(shape(outline, part.parts))
        elif isinstance(part, Tangle):
            texts.append(f"tangle of {len(part.nodes)}")
        else:
            texts.append(f"({shape(outline, part.rounds[0])}){len(part.rounds)}")
    return " ".join(texts)


def outlined(model: Any) -> str:
    outline = Outline(model)
    return shape(outline, outline.parts)


def rounds(model: Any) -> list[int]:
    return [len(part.rounds) for part in Outline(model).parts if isinstance(part, Repeat)]


def test_residual_blocks_are_found_and_the_projection_stays() -> None:
    assert outlined(networks.residual()) == (
        "in stem ([|block1_conv1 block1_norm1 block1_relu1 block1_conv2 block1_norm2] block1_add block1_relu2)3 "
        "[down_shortcut|down_conv] down_add pool classes"
    )


def test_names_do_not_matter() -> None:
    x = h = nnc.Input((4, 4, 8))
    for name in ("first", "zweiter", "x"):
        h = networks.residual_block(h, name)
    assert rounds(nnc.Model(x, h)) == [3]


def test_blocks_of_several_parts_are_found() -> None:
    found = outlined(networks.transformer())
    assert found.startswith(
        "in ([|layer_normalization multi_head_attention] add [|layer_normalization_1 dense dense_1] "
    )
    assert ")4 layer_normalization_8 " in found


def with_activation(number: int) -> Any:
    return layers.Dense(8, activation="relu" if number == 1 else "tanh")


def with_regularizer(number: int) -> Any:
    return layers.Dense(8, kernel_regularizer="l2" if number == 1 else None)


def frozen(number: int) -> Any:
    return layers.Dense(8, trainable=number != 1)


@pytest.mark.parametrize("make", [with_activation, with_regularizer, frozen])
def test_other_configs_are_not_equal(make: Callable[[int], Any]) -> None:
    x = h = nnc.Input((8,))
    for number in range(3):
        h = layers.Add()([h, make(number)(h)])
    assert rounds(nnc.Model(x, h)) == []


def test_other_wiring_is_not_equal() -> None:
    x = nnc.Input((4, 4, 8))
    same = networks.residual_block(networks.residual_block(x, "a"), "b")
    assert rounds(nnc.Model(x, same)) == [2]
    other = networks.residual_block(networks.residual_block(x, "a"), "b", order=-1)
    assert rounds(nnc.Model(x, other)) == []


def test_the_output_that_is_read_counts() -> None:
    def step(h: Any, output: int) -> Any:
        return layers.LSTM(3, return_sequences=True, return_state=True)(h)[output]

    x = nnc.Input((5, 3))
    repeat = layers.RepeatVector(5)
    assert rounds(nnc.Model(x, step(step(step(x, 0), 0), 0))) == [3]
    again = layers.RepeatVector(5)(step(repeat(step(x, 1)), 2))
    assert rounds(nnc.Model(x, again)) == []


def test_shapes_may_differ() -> None:
    x = h = nnc.Input((8,))
    for _ in range(3):  # as in DenseNet: every block reads what all before it made
        h = layers.Concatenate()([h, layers.Dense(4, activation="relu")(h)])
    assert rounds(nnc.Model(x, h)) == [3]


def test_two_equal_layers_are_left_and_three_are_folded() -> None:
    def chain(count: int) -> nnc.Model:
        return nnc.Sequential([nnc.Input((8,)), *(layers.Dense(8) for _ in range(count)), layers.Dense(1)])

    assert rounds(chain(2)) == []
    assert rounds(chain(3)) == [3]


def test_equal_models_are_folded_and_others_are_not() -> None:
    def part(units: int) -> nnc.Model:
        return nnc.Sequential([nnc.Input((8,)), layers.Dense(units, activation="relu"), layers.Dense(8)])

    x = nnc.Input((8,))
    assert rounds(nnc.Model(x, part(4)(part(4)(part(4)(x))))) == [3]
    assert rounds(nnc.Model(x, part(4)(part(5)(part(4)(x))))) == []


def test_one_layer_called_several_times_is_folded_but_not_with_others() -> None:
    x = nnc.Input((8,))
    shared, other = layers.Dense(8), layers.Dense(8)
    assert rounds(nnc.Model(x, shared(shared(shared(x))))) == [3]
    assert rounds(nnc.Model(x, shared(other(shared(x))))) == []


class Unknown(nnc.layers.Layer):
    """A layer that cannot say what it is made of."""

    def call(self, x: Any) -> Any:
        return x * 2.0

    def get_config(self) -> dict[str, Any]:
        return {"function": object()}


def test_layers_without_a_config_are_not_equal() -> None:
    assert rounds(nnc.Sequential([nnc.Input((2,)), Unknown(), Unknown(), Unknown()])) == []


def test_runs_inside_branches_and_models_are_found() -> None:
    x = h = nnc.Input((8,))
    for _ in range(3):
        h = layers.Dense(8, activation="relu")(h)
    y = layers.Add()([x, h])
    assert outlined(nnc.Model(x, y)) == "in [|(dense)3] add"
    inner = Outline(nnc.Sequential([nnc.Input((8,)), nnc.Model(x, y), layers.Dense(1)])).nodes[1].inner
    assert inner is not None
    assert shape(inner, inner.parts) == "in [|(dense)3] add"


def test_inputs_are_never_folded() -> None:
    inputs = [nnc.Input((4,)) for _ in range(3)]
    joined = layers.Concatenate()([layers.Dense(2)(x) for x in inputs])
    assert rounds(nnc.Model(inputs, joined)) == []


def test_what_is_no_series_is_a_tangle() -> None:
    x = nnc.Input((4,))
    a, b = layers.Dense(4, name="a")(x), layers.Dense(4, name="b")(x)
    c, d = layers.Add(name="c")([a, b]), layers.Multiply(name="d")([a, b])
    assert outlined(nnc.Model(x, layers.Add(name="e")([c, d]))) == "in tangle of 4 e"


def test_without_folding_every_layer_stands_by_itself() -> None:
    outline = Outline(networks.residual(), folds=False)
    assert not any(isinstance(part, Repeat) for part in outline.parts)
    assert shape(outline, outline.parts).count("_add") == 4


def test_stand_ins_have_no_config_and_are_not_equal() -> None:
    assert rounds(samples.chain_model()) == []
