from __future__ import annotations

import networkx
import pytest

from nnc.render import Arrow, Box, Cluster, Diagram, ops_diagram
from nnc.render.layout_hints import stacking
from tests.render import samples


def diagram(groups: dict[str, str], arrows: list[tuple[str, str]], kept: tuple[tuple[str, str], ...] = ()) -> Diagram:
    names = [name for name in dict.fromkeys(groups.values()) if name]
    return Diagram(
        "d",
        tuple(Box(key, (), "forward", group) for key, group in groups.items()),
        tuple(Arrow(*ends, is_kept=ends in kept) for ends in arrows),
        tuple(Cluster(name, name, "forward") for name in names),
    )


def test_a_box_that_nothing_enters_stands_below_what_enters_its_group() -> None:
    groups = {"op1": "", "op2": "group1", "op3": "group1"}
    assert stacking(diagram(groups, [("op1", "op3"), ("op2", "op3")])) == (("op1", "op2"),)


def test_it_may_come_first_in_the_order_of_execution() -> None:
    groups = {"op2": "group1", "op1": "", "op3": "group1"}
    assert stacking(diagram(groups, [("op1", "op3"), ("op2", "op3")])) == (("op1", "op2"),)


def test_a_kept_arrow_does_not_count_as_entering() -> None:
    groups = {"op0": "", "op1": "", "op2": "group1", "op3": "group1"}
    arrows = [("op0", "op2"), ("op1", "op3"), ("op2", "op3")]
    assert stacking(diagram(groups, arrows)) == ()
    assert stacking(diagram(groups, arrows, kept=(("op0", "op2"),))) == (("op1", "op2"),)


def test_boxes_without_a_group_are_free() -> None:
    assert stacking(diagram({"op1": "", "op2": "", "op3": ""}, [("op1", "op3"), ("op2", "op3")])) == ()


def test_no_pair_contradicts_an_arrow() -> None:
    groups = {"op1": "group1", "op2": "", "op3": "group1"}
    assert stacking(diagram(groups, [("op1", "op2"), ("op2", "op3")])) == ()


def test_no_pair_contradicts_another() -> None:
    groups = {"op1": "group1", "op2": "group2", "op3": "group1", "op4": "group2"}
    arrows = [("op1", "op4"), ("op2", "op3")]
    assert stacking(diagram(groups, arrows)) == (("op2", "op1"),)


@pytest.mark.parametrize("kept_arrows", [0, 100])
def test_training_graph_keeps_its_direction(kept_arrows: int) -> None:
    picture = ops_diagram(samples.train_graph((4,) * 7), kept_arrows, expand=["all"])
    pairs = stacking(picture)
    flow = networkx.DiGraph([(arrow.start, arrow.end) for arrow in picture.edges] + list(pairs))
    assert networkx.is_directed_acyclic_graph(flow)
    assert len(pairs) > 6
