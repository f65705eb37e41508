"""Stages of elementwise steps: several loops over some rows each, where one would wait for its own results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nnc.backends.c.arrays import Array
from nnc.backends.c.expressions import Expression, choice, infix, operand, variable
from nnc.backends.c.nests import Axes, Element, can_vectorise
from nnc.backends.c.statements import SIMD, Code, array, assign, declare, loop
from nnc.backends.c.text import C_TYPES, MEMORY_TYPES
from nnc.backends.c.thread_counts import shared_nest
from nnc.ir import Shape

_ELEMENTS = 128
"""Elements that run through all stages together: enough for a processor to have other work while a result is not there,
and few enough for the first cache."""
_WIDTH = 16
"""Elements of a row are a multiple of these, so that no stage has turns left over behind its vectors."""


@dataclass(frozen=True)
class Assignment:
    """A number of one element.

    Args:
        dtype: its element type.
        name: the variable that has it.
        value: what it is.
        target: where it is stored as well, None for nowhere.
        begins_stage: whether it waits for a long chain of operations, behind which another loop begins.
    """

    dtype: str
    name: Expression
    value: Expression
    target: Expression | None = None
    begins_stage: bool = False

    @property
    def lines(self) -> list[Code]:
        """The statements."""
        stored = [] if self.target is None else [assign(self.target, self.name)]
        return [declare(f"const {C_TYPES[self.dtype]}", self.name, self.value), *stored]


Assignments = Callable[[Element], Sequence[Assignment]]


def has_stages(shape: Shape, arrays: Sequence[Array]) -> bool:
    """Return whether elementwise steps are rows of known length that one thread computes, as stages need them.

    Args:
        shape: of the elements.
        arrays: what they read and write, each broadcast to the shape.
    """
    axes = Axes.joined(shape, arrays)
    if len(axes.shape) != 2:
        return False
    rows, width = axes.shape
    if not isinstance(width, int) or width % _WIDTH or 2 * width > _ELEMENTS or (isinstance(rows, int) and rows < 4):
        return False
    return shared_nest(axes.shape) is None and can_vectorise(_views(axes, arrays), 1)


def write_stages(shape: Shape, arrays: Sequence[Array], assignments: Assignments) -> list[Code]:
    """Return the loops; see `has_stages` for the arguments.

    A processor sees but some hundred operations at once. Where each element is a long chain of them, as e^x with a
    quotient behind it, that is too few elements to keep it busy; of a part of the chain it sees more of them.
    """
    axes = Axes.joined(shape, arrays)
    rows, width = axes.shape
    assert isinstance(width, int)
    first, end, row, column = map(variable, ("first", "end", "row", "column"))
    views = {id(given): view for given, view in zip(arrays, _views(axes, arrays), strict=True)}
    stages: list[list[Assignment]] = [[]]
    for item in assignments(lambda given: views[id(given)].at(row, column)):
        if item.begins_stage and stages[-1]:
            stages.append([])
        stages[-1].append(item)
    kept = _kept(stages)
    count = _ELEMENTS // width
    place = (row - first).grouped * width + column
    loops: list[Code] = []
    for stage in stages:
        own = {item.name.text for item in stage}
        used = frozenset[str]().union(*[item.value.uses for item in stage])
        body: list[Code] = []
        for name, (item, memory) in kept.items():
            if name in used and name not in own:
                body.append(declare(f"const {C_TYPES[item.dtype]}", item.name, memory[place]))
        for item in stage:
            body += item.lines
            if item.name.text in kept:
                body.append(assign(kept[item.name.text][1][place], item.name))
        loops.append(loop(row, end, [loop(column, width, body, SIMD)], start=first))
    size = choice(infix("<", operand(rows) - first, count), rows, first + count)
    memories = [array(MEMORY_TYPES[item.dtype], memory, count * width) for item, memory in kept.values()]
    return [loop(first, rows, [declare("const int64_t", end, size), *memories, *loops], step=count)]


def _views(axes: Axes, arrays: Sequence[Array]) -> list[Array]:
    return [
        Array(given.pointer, given.dtype, axes.shape, strides, given.offset, given.literal)
        for given, strides in zip(arrays, axes.strides, strict=True)
    ]


def _kept(stages: Sequence[Sequence[Assignment]]) -> dict[str, tuple[Assignment, Expression]]:
    """Return the numbers that a later stage uses, each with the array in which it is kept."""
    found: dict[str, tuple[Assignment, Expression]] = {}
    for number, stage in enumerate(stages):
        later = frozenset[str]().union(*[item.value.uses for after in stages[number + 1 :] for item in after])
        for item in stage:
            if item.name.text in later:
                found[item.name.text] = item, variable(f"{item.name.text}_at")
    return found
