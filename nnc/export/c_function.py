"""Prints a plan as a C function with sizes and offsets that are constants."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from nnc.backends.c.arrays import Array
from nnc.backends.c.expressions import Expression, Precedence, call, operand, variable
from nnc.backends.c.kernels import Unit
from nnc.backends.c.kernels.movement import copy_lines
from nnc.backends.c.linkage import Slot
from nnc.backends.c.printer import Function, Printer
from nnc.backends.c.regions import RegionFunctions
from nnc.backends.c.statements import INDENT, Code, Facts, Statement, execute, line, remark, written
from nnc.backends.c.text import C_TYPES
from nnc.export.c_linkage import StaticLinkage
from nnc.export.c_state import StateLayout, wrapped_lines
from nnc.ir import Layout, Value, bind_shape, size_of
from nnc.plan import Home, Plan


@dataclass(frozen=True)
class Parameter:
    """An array that a function is given.

    Args:
        name: in C.
        label: of the input or output.
        dtype: element type.
        shape: lengths.
        is_input: whether the function only reads it.
    """

    name: str
    label: str
    dtype: str
    shape: tuple[int, ...]
    is_input: bool

    @property
    def c_type(self) -> str:
        """Its element type in C."""
        return C_TYPES[self.dtype]

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(size_of(self.shape))

    def __str__(self) -> str:
        return f"{'const ' if self.is_input else ''}{self.c_type} *{self.name}"


@dataclass(frozen=True)
class CFunction:
    """A printed function.

    Args:
        name: in C.
        returns: type of its result.
        parameters: its arrays; the arena and the state follow.
        state: type of the pointer to the state, None where it takes none.
        lines: its body, written.
        regions: definitions of the functions that it calls for its parts.
        called: functions of the headers that it calls.
        constants: arrays of the source that it reads.
        arena_bytes: of its arena.
        facts: about its body and its parts.
    """

    name: str
    returns: str
    parameters: tuple[Parameter, ...]
    state: str | None
    lines: tuple[str, ...]
    regions: tuple[str, ...]
    called: tuple[str, ...]
    constants: dict[str, Any]
    arena_bytes: int
    facts: Facts

    @property
    def may_fail(self) -> bool:
        """Whether it can end because an index has no row."""
        return self.facts.may_fail

    @property
    def prototype(self) -> str:
        """Its head."""
        state = [] if self.state is None else [f"{self.state}state"]
        return f"{self.returns} {self.name}({', '.join([*map(str, self.parameters), 'void *arena', *state])})"

    @property
    def text(self) -> str:
        """Its definition, behind those of its parts."""
        return "\n".join([*self.regions, self.prototype, "{", *self.lines, "}", ""])


@dataclass(frozen=True)
class Form:
    """The surroundings of a function's statements.

    Args:
        name: its name behind the prefix.
        first: statements before all others.
        last: statements behind the results.
        derives: whether ``first`` or ``last`` write to the state.
        returns_loss: whether it returns the output ``loss`` rather than writing outputs.
    """

    name: str
    first: tuple[Code, ...] = ()
    last: tuple[Code, ...] = ()
    derives: bool = False
    returns_loss: bool = False


def print_function(plan: Plan, form: Form, layout: StateLayout, prefix: str, reserved: Collection[str]) -> CFunction:
    """Return a function that runs a plan.

    Args:
        plan: what to run.
        form: what surrounds it.
        layout: where states lie.
        prefix: what names begin with.
        reserved: names of the source that variables must not have.
    """
    graph = plan.graph
    direct = {_slot(plan, value): value for value in graph.inputs.values() if _is_only_read(plan, value)}
    on_fault = "NAN" if form.returns_loss else ("1" if graph.outputs else "")
    linkage = StaticLinkage(plan, layout, prefix, form.name, on_fault, tuple(direct), {"arena", "state", *reserved})
    unit = Unit(linkage, taken=linkage.taken)
    own_name = f"{prefix}_{form.name}"
    regions = RegionFunctions(unit, own_name, plan.source.symbols)
    printer = Printer(plan, Function(unit, regions))
    printer.body()
    outputs = {label: printer.array(value) for label, value in graph.outputs.items()}
    parameters, copies = _inputs(plan, printer, unit, linkage)
    may_fail = printer.facts.may_fail
    results: list[Code] = []
    returns = "void"
    if form.returns_loss:
        loss = outputs["loss"]
        returns, results = loss.c_type, [*form.last, line("return ", loss.at(), ";")]
    elif graph.outputs:
        for label, value in graph.outputs.items():
            name = unit.name("output" if len(graph.outputs) == 1 else f"output_{label}")
            shape = tuple(map(int, bind_shape(value.shape, plan.bindings)))
            parameters.append(Parameter(name, label, value.dtype, shape, False))
            target = Array.of(variable(name), value.dtype, Layout.dense(value.shape))
            results += [remark(f"output {label}"), *copy_lines(target, outputs[label])]
        returns = "int" if may_fail else "void"
        results += [*form.last, *([Statement("return 0;")] if may_fail else [])]
    else:
        results = list(form.last)
    statements = [*form.first, *copies, *printer.lines, *results]
    used = Facts.of(statements).uses
    declarations = [item for item in printer.function.declarations if item.declares in used]
    used |= Facts.of(declarations).uses
    sizes = [linkage.size(symbol) for symbol in plan.source.symbols]
    entries = [layout.entries[label] for label in graph.states if label in layout.entries]
    reads_state = form.derives or any(entry.offset is not None for entry in entries)
    state = None if not reads_state else ("void *" if graph.updates or form.derives else "const void *")
    names = [*(parameter.name for parameter in parameters), "arena", *(["state"] if state else [])]
    unread = [Statement(f"(void){name};") for name in names if name not in used]
    offsets = {name: offset for name, offset in linkage.offsets.items() if name in used}
    body = [*declarations, *unread, *statements]
    lines = [*written(sizes, linkage.pragma), *_enumeration(offsets), *written(body, linkage.pragma)]
    return CFunction(
        own_name,
        returns,
        tuple(parameters),
        state,
        tuple(lines),
        tuple(line for function in regions.functions for line in function.definition),
        tuple(unit.functions),
        linkage.constants,
        plan.arena_bytes,
        Facts.of([*body, *regions.code]),
    )


def _slot(plan: Plan, value: Value) -> Slot:
    buffer = plan.storage.homes[value].buffer
    assert buffer is not None
    return (), buffer


def _is_only_read(plan: Plan, value: Value) -> bool:
    """Whether nothing but an input and views of it ever lies in its buffer."""
    storage = plan.storage
    _, buffer = _slot(plan, value)
    others = [other for other in storage.inhabitants[Home(buffer=buffer)] if other != value]
    return (
        all(other in storage.views for other in others)
        and storage.buffers[buffer].inside is None
        and all(other.inside is None or other.inside[0] != buffer for other in storage.buffers)
    )


def _inputs(plan: Plan, printer: Printer, unit: Unit, linkage: StaticLinkage) -> tuple[list[Parameter], list[Code]]:
    """Return the parameters of the inputs, and the copies of those that are overwritten."""
    parameters: list[Parameter] = []
    copies: list[Code] = []
    for label, value in plan.graph.inputs.items():
        slot = _slot(plan, value)
        name = linkage.names.get(slot)
        shape = tuple(map(int, bind_shape(value.shape, plan.bindings)))
        if slot not in linkage.arguments:
            target, name = printer.array(value), unit.name(f"given_{label}")
            given = variable(name)
            size = operand(int(size_of(shape))) * Expression(f"sizeof *{name}", Precedence.UNARY)
            copies.append(execute(call("memcpy", target.address, given, size)))
        parameters.append(Parameter(name or unit.name(label), label, value.dtype, shape, True))
    return parameters, copies


def _enumeration(offsets: Mapping[str, int]) -> list[str]:
    """Return the enumeration of the offsets of buffers."""
    if not offsets:
        return []
    items = wrapped_lines(f"{name} = {offset}" for name, offset in offsets.items())
    lines = ["/* where values lie in the arena, in bytes */", "enum {", *items, "};"]
    return [f"{INDENT}{line}" for line in lines]
