"""Gives an exported unit its sizes, buffers, states and constants: all are known when it is printed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nnc.backends.c.expressions import Expression, Literal, Operand, call, infix, number, variable
from nnc.backends.c.linkage import Caller, Linkage, Path, Slot
from nnc.backends.c.places import ConstantArrays, buffer_offset, is_uniform
from nnc.backends.c.statements import Code, Statement, assign, execute, when
from nnc.backends.c.text import MEMORY_TYPES, comment, symbol_text
from nnc.export.c_state import StateLayout
from nnc.ir import TensorType, Value
from nnc.plan import Plan

Array = Any


def macro_pragma(directive: str, indent: str) -> str:
    """Return a directive of OpenMP as the call of a macro, which is empty for compilers without it."""
    return f"{indent}NNC_OMP({directive})"


@dataclass
class StaticLinkage(Linkage):
    """Sizes and offsets are constants of enumerations; weights that nothing changes are arrays of the source.

    Args:
        plan: the plan of the function.
        layout: where states lie.
        prefix: what names of the source begin with.
        function: name of the function.
        on_fault: value that the function returns when an index has no row, empty where it returns none.
        arguments: buffers of inputs that are read where the caller has them.
        taken: names of the source that are used, which the unit shares.

    Attributes:
        offsets: names and values of the offsets of buffers.
        constants: arrays of the source by name.
        names: names of the buffers of ``arguments`` that the function reads.
    """

    plan: Plan
    layout: StateLayout
    prefix: str
    function: str
    on_fault: str
    arguments: Collection[Slot] = ()
    taken: set[str] = field(default_factory=set)
    offsets: dict[str, int] = field(default_factory=dict)
    constants: dict[str, Array] = field(default_factory=dict)
    names: dict[Slot, str] = field(default_factory=dict)

    @cached_property
    def _known(self) -> ConstantArrays:
        return ConstantArrays(self.plan, self.plan.bindings)

    def size(self, symbol: str) -> Statement:
        """Name a number."""
        return Statement(f"enum {{ {symbol_text(symbol)} = {self.plan.bindings[symbol]} }};")

    def state(self, label: str, type: TensorType, name: str) -> Statement:
        """Point into the source or into the caller's memory."""
        kind, entry = MEMORY_TYPES[type.dtype], self.layout.entries[label]
        if entry.offset is None:
            text = f"const {kind} *const {name} = {self.prefix}_{entry.name}; {comment(f'@{label}')}"
            return Statement(text, declares=name)
        const = "" if label in self.plan.graph.updates else "const "
        where = f"({const}char *)state + {self.prefix}_{entry.name}_at"
        text = f"{const}{kind} *const {name} = ({const}{kind} *)({where}); {comment(f'@{label}')}"
        return Statement(text, frozenset({"state"}), name)

    def buffer(self, slot: Slot, dtype: str, name: str) -> Statement | None:
        """Point into the arena; nothing is declared for an argument, which has its name."""
        if slot in self.arguments:
            self.names[slot] = name
            return None
        kind, offset = MEMORY_TYPES[dtype], f"{name}_at"
        self.offsets[offset] = buffer_offset(self.plan, *slot)
        text = f"{kind} *const {name} = ({kind} *)((char *)arena + {offset});"
        return Statement(text, frozenset({"arena", offset}), name)

    def literal(self, path: Path, value: Value) -> Literal | None:
        """Return the number where all elements are sure to be the same; what must lie in memory has a copy there."""
        array = self._known.array(path, value)
        return number(array.reshape(-1)[0], value.dtype) if is_uniform(value) and array.size else None

    def constant(self, path: Path, value: Value, name: str) -> Statement:
        """Point to an array of the source."""
        own = f"{self.prefix}_{self.function}_{name}"
        while own in self.taken:
            own = f"{own}_"
        self.taken.add(own)
        self.constants[own] = self._known.array(path, value)
        text = f"const {MEMORY_TYPES[value.dtype]} *const {name} = {own}; {comment(value.node.op.name)}"
        return Statement(text, declares=name)

    def product(self, call: Caller, suffix: str, *arguments: Operand) -> Expression:
        """Call the product that needs no library."""
        return call(f"nnc_built_in_product_{suffix}", *arguments)

    def product_part(self, call: Caller, suffix: str, *arguments: Operand) -> Expression:
        """Call the same for a block."""
        return call(f"nnc_built_in_part_{suffix}", *arguments)

    def fault(self, index: Expression, rows: Expression) -> Sequence[Statement]:
        """Return."""
        del index, rows
        return [Statement(f"return {self.on_fault};" if self.on_fault else "return;", may_fail=True)]

    def pragma(self, directive: str, indent: str) -> str:
        """Call a macro."""
        return macro_pragma(directive, indent)


# ---------------------------------------------------------------------- derived states


def stale_lines(layout: StateLayout, prefix: str) -> list[Statement]:
    """Return the statement that says that derived states are out of date."""
    return [] if layout.current is None else [assign(_current(prefix), 0)]


def fresh_lines(prefix: str, prepare: str) -> list[Code]:
    """Return the statements that derive states with a function, unless they are up to date."""
    derive = execute(call(prepare, variable("arena"), variable("state")))
    return [when(infix("==", _current(prefix), 0), [derive, assign(_current(prefix), 1)])]


def _current(prefix: str) -> Expression:
    """Return the number in the state that says whether derived states are up to date."""
    place = variable("state").cast("char *") + variable(f"{prefix}_current_at")
    return place.cast("int64_t *").dereferenced
