"""Cells: the ops of a group, and ports for what comes from elsewhere and goes there."""

from __future__ import annotations

from nnc.render.diagram import Line
from nnc.render.page.cells import MOST_OPS, MOST_PORTS, Port, cells_of
from nnc.render.page.graph_layout import DOWN, UP, Wire
from nnc.render.page.op_records import BACKWARD, FORWARD, Op, Operand

NAMES = ["model", "first", "second", "third"]


def op(*operands: int, phase: str = "forward", kind: str = "", shapes: tuple[str, ...] = ()) -> Op:
    read = tuple(
        Operand(position, shapes[index] if shapes else "2", f"%{position}") for index, position in enumerate(operands)
    )
    lines = (Line("add", "title"),)
    return Op(0, kind or phase, phase, ("layer", "l"), "", lines, "f32[2]", 1, 8, read, "add")


def test_what_comes_in_and_goes_out_has_ports() -> None:
    ops = [op(), op(0), op(1), op(2), op(1)]
    cells = cells_of(ops, [1, 2, 2, 3, 3], NAMES)
    assert [(cell.group, cell.lane, cell.ops) for cell in cells] == [(1, 0, (0,)), (2, 0, (1, 2)), (3, 0, (3, 4))]
    middle = cells[1]
    assert middle.ports == (Port("first", "in", 0), Port("third", "out", 4), Port("third", "out", 3))
    ends = [(wire.start, wire.end) for wire in middle.sketch.wires]
    assert ends == [(2, 0), (0, 1), (0, 3), (1, 4)]
    assert middle.labels == ("2", "2", "2", "2")
    assert middle.sketch.direction == DOWN


def test_an_operand_that_is_read_twice_is_one_wire() -> None:
    (cell,) = cells_of([op(), op(0, 0), op(1, 1, shapes=("2", "4"))], [1, 1, 1], NAMES)
    assert cell.labels == ("2 × 2", "2, 4")


def test_what_the_forward_pass_leaves_is_kept() -> None:
    ops = [op(), op(0, phase="loss"), op(0, 1, phase="backward"), op(2, phase="backward")]
    cells = cells_of(ops, [1, 2, 1, 2], NAMES)
    assert [(cell.group, cell.lane) for cell in cells] == [(1, FORWARD), (1, BACKWARD), (2, FORWARD), (2, BACKWARD)]
    forward, backward = cells[0], cells[1]
    assert forward.ports == (Port("second", "out", 1),)
    assert backward.ports == (Port("first", "kept", 0), Port("second", "in", 1), Port("second", "out", 3))
    assert backward.sketch.direction == UP


def test_inputs_are_no_ops_of_a_cell() -> None:
    (cell,) = cells_of([op(kind="input"), op(0)], [1, 2], NAMES)
    assert cell.ops == (1,)
    assert cell.ports == (Port("first", "in", 0),)


def test_many_values_have_one_port_for_each_op() -> None:
    many = MOST_PORTS + 1
    ops = [*(op() for _ in range(many)), op(*range(many)), op(0)]
    cell = cells_of(ops, [*(1 + number % 2 for number in range(many)), 3, 3], NAMES)[-1]
    assert cell.ports == (Port(f"{many} values from 2 layers", "in", -1), Port("first", "in", 0))
    assert cell.sketch.wires[0] == Wire(2, 0, 0)
    ops = [*(op() for _ in range(many)), *(op(number) for number in range(many))]
    leaving = cells_of(ops, [1] * many + [2] * many, NAMES)[0]
    assert len(leaving.ports) == MOST_PORTS


def test_many_ops_are_shown_in_parts() -> None:
    ops = [op(number - 1) if number else op() for number in range(2 * MOST_OPS + 5)]
    cells = cells_of(ops, [1] * len(ops), NAMES)
    assert [len(cell.ops) for cell in cells] == [MOST_OPS, MOST_OPS, 5]
    assert [position for cell in cells for position in cell.ops] == list(range(len(ops)))
    assert cells[1].ports == (Port("first", "in", MOST_OPS - 1), Port("first", "out", 2 * MOST_OPS))
