"""Groups: layers, blocks, parts, and how they are wired."""

from __future__ import annotations

from typing import Any

import nnc
from nnc import layers
from nnc.render.page.groups import Groups, RecordGroup
from nnc.render.page.layer_groups import MOST_BESIDE, add_layers
from nnc.render.page.op_records import FORWARD, Op, Operand, changes
from tests.render.page import subjects


def groups_of(model: Any, outputs: tuple[str, ...] = ("y",)) -> Groups:
    groups = Groups(model.name)
    add_layers(groups, model, outputs)
    return groups


def names(groups: Groups, number: int = 0) -> list[str]:
    return [groups.all[child].name for child in groups.all[number].children]


def find(groups: Groups, name: str) -> int:
    return next(number for number, group in enumerate(groups.all) if group.name == name)


def wires(groups: Groups, number: int = 0) -> set[tuple[str, str]]:
    return {(groups.all[start].name, groups.all[end].name) for start, end in groups.all[number].wires}


def op(path: str, *operands: int, signature: str = "add", phase: str = "forward") -> Op:
    home = ("layer", path)
    read = tuple(Operand(position, "2", f"%{position}") for position in operands)
    return Op(0, phase, phase, home, "", (), "f32[2]", 1, 8, read, signature)


def test_a_chain_from_input_to_output() -> None:
    model = subjects.base_subject().model
    groups = groups_of(model)
    assert names(groups) == ["x", "dense", "dense_1", "y"]
    assert wires(groups) == {("x", "dense"), ("dense", "dense_1"), ("dense_1", "y")}
    dense = groups.all[find(groups, "dense")]
    assert [line.text for line in dense.lines] == ["dense", "Dense(2) · sigmoid", "6 parameters"]
    assert dense.parameters == 6


def test_equal_blocks_are_one_that_opens_into_rounds() -> None:
    groups = groups_of(subjects.residual_subject().model)
    (repeat,) = [number for number, group in enumerate(groups.all) if group.kind == "repeat"]
    assert names(groups) == ["x", "Block ×3 · dense … add_2", "head", "y"]
    assert [line.text for line in groups.all[repeat].lines][:2] == ["Block ×3", "3 layers each"]
    assert names(groups, repeat) == ["1 of 3", "2 of 3", "3 of 3"]
    assert wires(groups, repeat) == {("1 of 3", "2 of 3"), ("2 of 3", "3 of 3")}
    first = find(groups, "1 of 3")
    assert names(groups, first) == ["dense", "dense_1", "add"]
    assert wires(groups, first) == {("dense", "dense_1"), ("dense_1", "add")}


def test_a_model_that_is_a_layer_opens_into_its_layers() -> None:
    groups = groups_of(subjects.residual_subject().model)
    head = find(groups, "head")
    assert [groups.all[child].path for child in groups.all[head].children] == ["head/dense", "head/dense_1"]
    assert wires(groups, head) == {("dense", "dense_1")}


def test_layers_without_ops_are_there_and_shared_ones_once() -> None:
    a, b = nnc.Input((4,), name="a"), nnc.Input((4,), name="b")
    shared = layers.Dense(4, name="shared")
    model = nnc.Model([a, b], layers.Dropout(0.5)(layers.Add()([shared(a), shared(b)])))
    groups = groups_of(model)
    assert names(groups) == ["a", "b", "shared", "add", "dropout", "y"]
    assert {("a", "shared"), ("b", "shared"), ("shared", "add"), ("add", "dropout")} <= wires(groups)


def test_blocks_that_come_once_are_boxes_where_there_are_many_layers() -> None:
    def network(depth: int) -> Groups:
        x = inputs = nnc.Input((4,))
        for units in range(4, 4 + depth):
            y = layers.Dense(units, "relu")(x)
            x = layers.Add()([layers.Dense(units)(x), layers.Dense(units)(y)])
        return groups_of(nnc.Model(inputs, x))

    assert not any(group.kind == "block" for group in network(3).all)
    many = MOST_BESIDE // 4 + 1
    assert sum(group.kind == "block" for group in network(many).all) == many


def test_blocks_in_rounds_are_no_boxes_of_their_own() -> None:
    x = inputs = nnc.Input((4,))
    for _ in range(MOST_BESIDE):
        x = layers.Activation("relu")(layers.Add()([x, layers.Dense(4)(layers.Dense(4, "relu")(x))]))
    groups = groups_of(nnc.Model(inputs, x))
    assert names(groups)[1] == f"Block ×{MOST_BESIDE} · dense … activation_{MOST_BESIDE - 1}"
    assert names(groups, find(groups, f"3 of {MOST_BESIDE}")) == ["dense_4", "dense_5", "add_2", "activation_2"]


def test_ops_alone_give_layers_in_layers() -> None:
    ops = [op("a/first"), op("a/second", 0), op("b/only", 1), op("a", 0)]
    groups = Groups("model")
    groups.add_ops([ops], {})
    assert names(groups) == ["a", "b/only"]
    assert names(groups, find(groups, "a")) == ["first", "second", "a itself"]
    assert wires(groups) == {("a", "b/only")}
    assert wires(groups, find(groups, "a")) == {("first", "second"), ("first", "a itself")}
    assert groups.all[groups.number(("layer", "a"))].name == "a itself"
    assert groups.number(("layer", "unknown")) == -1


def test_data_do_not_pass_by_a_layer_that_the_model_has_in_between() -> None:
    inputs = nnc.Input((4,))
    model = nnc.Model(
        inputs, layers.Dense(2, name="second")(layers.Dropout(0.5)(layers.Dense(3, name="first")(inputs)))
    )
    groups = groups_of(model)
    groups.add_ops([[op("first"), op("second", 0)]], {})
    assert ("first", "second") not in wires(groups)


def test_parts_stand_behind_layers_and_say_what_they_are() -> None:
    loss = Op(0, "loss", "loss", ("part", "loss"), "", (), "f32[]", 1, 4, (Operand(1, "2", "%0"),), "mean")
    groups = Groups("model")
    groups.add_ops([[loss, op("dense")]], {"loss": "mse"})
    assert names(groups) == ["dense", "loss"]
    assert [line.text for line in groups.all[find(groups, "loss")].lines] == ["loss", "mse"]


def test_the_update_stands_beside_the_first_input() -> None:
    groups = Groups("model")
    first, dense = (
        groups.add_end("input", "x"),
        groups.new(RecordGroup("dense", "dense", "layer", 0), ("layer", "dense")),
    )
    update = groups.new(RecordGroup("update", "", "update", 0), ("part", "update"))
    assert groups.slots(0) == [(first, update), (dense, dense)]
    assert groups.slots(dense) == []


def test_changes_are_found_by_what_ops_compute() -> None:
    before = [op("a"), op("a", signature="multiply"), op("b")]
    after = [op("a", 0), op("a", 0), op("b", phase="backward")]
    assert changes(before, after) == ([1, 2], [1, 2])
    assert changes(before, before) == ([], [])
    assert before[0].lane == FORWARD
