"""Regions of a function that differ only in the places they work on: each printed once, as a function given places.

Regions are equal where their texts are, once these say nothing of places and names: each pointer is a parameter, which
points to what the region reads or writes first behind it, and each name is a number.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from nnc.backends.c.arrays import Array
from nnc.backends.c.expressions import Expression, call, variable
from nnc.backends.c.kernels.registry import Unit
from nnc.backends.c.linkage import RUN
from nnc.backends.c.statements import Code, Facts, execute, written
from nnc.backends.c.text import MEMORY_TYPES, letters, symbol_text
from nnc.ir import Dim, Node, Value

APART = "NNC_APART"
"""What functions apart begin with, a macro of `nnc.backends.c.headers`."""
_LEAST_SAVED = 8
"""Lines that a function must save to be worth its own."""


@dataclass(frozen=True)
class ApartFunction:
    """A function that stays one wherever it is called.

    Args:
        name: its name.
        parameters: their declarations.
        body: lines.
    """

    name: str
    parameters: Sequence[str]
    body: Sequence[str]

    @property
    def declaration(self) -> str:
        """What those can call it by who do not see its definition."""
        return f"{self._head};"

    @property
    def definition(self) -> list[str]:
        """Its lines, and a blank one."""
        return [self._head, "{", *self.body, "}", ""]

    @property
    def _head(self) -> str:
        return f"{APART} void {self.name}({', '.join(self.parameters)})"


@dataclass
class Place:
    """A pointer that a region is given.

    Args:
        name: of the parameter.
        dtype: element type.
        pointer: of the function around the region.
        offset: elements from there to where the parameter points.
        is_written: whether the region writes behind it.
    """

    name: str
    dtype: str
    pointer: Expression
    offset: Dim
    is_written: bool = False

    @property
    def parameter(self) -> str:
        """Its declaration."""
        return f"{'' if self.is_written else 'const '}{MEMORY_TYPES[self.dtype]} *{self.name}"

    @property
    def argument(self) -> Expression:
        """Where it points."""
        return self.pointer if self.offset == 0 else self.pointer + self.offset


@dataclass
class Region:
    """Steps that are being printed apart from the places they work on.

    Args:
        unit: where names and functions come from.
        results: values that the steps compute.
        keeps_names: whether parameters are called as the pointers of the function around.

    Attributes:
        places: what the region is given, by the text of the pointer.
    """

    unit: Unit
    results: Collection[Value]
    keeps_names: bool = False
    places: dict[str, Place] = field(default_factory=dict)

    def array(self, array: Array, is_written: bool) -> Array:
        """Return an array behind a parameter."""
        if array.literal is not None:
            return array
        place = self._place(array.pointer, array.dtype, array.offset)
        place.is_written = place.is_written or is_written
        return replace(array, pointer=variable(place.name), offset=array.offset - place.offset)

    def pointer(self, pointer: Expression, dtype: str) -> Expression:
        """Return the parameter that stands for a pointer which is only read."""
        return variable(self._place(pointer, dtype, 0).name)

    def _place(self, pointer: Expression, dtype: str, offset: Dim) -> Place:
        key = pointer.text
        if key not in self.places:
            name = key if self.keeps_names else self.unit.name(key)
            self.places[key] = Place(name, dtype, pointer, offset)
        return self.places[key]


class _Numbered(Unit):
    """Calls everything by a number, in a way that nothing in C is called."""

    count = 0

    def name(self, text: str) -> str:
        """Take the next number."""
        del text
        self.count += 1
        return f"${self.count}"


@dataclass(frozen=True)
class Candidate:
    """A region that others may be equal to.

    Args:
        step: what it is known by.
        nodes: its steps.
        results: values that they compute.
    """

    step: int
    nodes: Sequence[Node]
    results: Collection[Value]

    @property
    def kind(self) -> Hashable:
        """What equal regions have in common, known before they are printed."""
        return tuple([(type(node.op), node.types) for node in self.nodes])


PrintRegion = Callable[[Candidate, Region], Sequence[Code]]
"""Returns the statements of a candidate in a region."""


@dataclass
class RegionFunctions:
    """The regions of a function that are functions of their own.

    Args:
        unit: what they belong to.
        prefix: what their names begin with.
        symbols: the run-time dimensions.

    Attributes:
        functions: one for each text.
        code: the statements in these.
    """

    unit: Unit
    prefix: str
    symbols: Sequence[str]
    functions: list[ApartFunction] = field(default_factory=list)
    code: list[Code] = field(default_factory=list)

    def define(self, candidates: Iterable[Candidate], print_region: PrintRegion) -> dict[int, Code]:
        """Define functions for regions that are equal, and return the calls of these by the steps of the regions."""
        kinds: dict[Hashable, list[Candidate]] = {}
        for candidate in candidates:
            kinds.setdefault(candidate.kind, []).append(candidate)
        equal: dict[Hashable, list[tuple[Candidate, list[Place]]]] = {}
        for alike in kinds.values():
            for candidate in alike if len(alike) > 1 else ():
                region = Region(_Numbered(self.unit.linkage, self.unit.functions), candidate.results)
                code = print_region(candidate, region)
                if Facts.of(code).may_fail:  # that ends the function around
                    continue
                places = list(region.places.values())
                text = *(place.parameter for place in places), *written(code, self.unit.linkage.pragma)
                equal.setdefault(text, []).append((candidate, places))
        calls: dict[int, Code] = {}
        for several in sorted(equal.values(), key=lambda several: several[0][0].step):
            calls |= self._calls(several, print_region)
        return calls

    def _calls(self, several: Sequence[tuple[Candidate, list[Place]]], print_region: PrintRegion) -> dict[int, Code]:
        """Return the calls of the function of equal regions, none where they are not worth one."""
        first, places = several[0]
        linkage, symbols = self.unit.linkage, {symbol_text(symbol): symbol for symbol in self.symbols}
        taken = {*symbols, *(place.pointer.text for place in places)}
        region = Region(Unit(linkage, self.unit.functions, taken), first.results, keeps_names=True)
        code = print_region(first, region)
        lines = written(code, linkage.pragma)
        if len(lines) * (len(several) - 1) < _LEAST_SAVED or len(lines) == 1:
            return {}
        sizes = [linkage.size(symbol) for name, symbol in symbols.items() if name in Facts.of(code).uses]
        given = [(linkage.record, RUN)] if RUN.text in Facts.of([*sizes, *code]).uses else []
        name = self._name(first.nodes[0])
        parameters = [*(parameter for parameter, _ in given), *(place.parameter for place in region.places.values())]
        self.code += [*sizes, *code]
        self.functions.append(ApartFunction(name, parameters, [*written(sizes, linkage.pragma), *lines]))
        arguments = [argument for _, argument in given]
        return {
            candidate.step: execute(call(name, *arguments, *(place.argument for place in found)))
            for candidate, found in several
        }

    def _name(self, node: Node) -> str:
        """Take a name that says where the first of equal regions comes from."""
        name = unique = "_".join([self.prefix, letters(f"{node.path} {node.phase} {node.op.name}")])
        count = 1
        while unique in self.unit.taken:
            count += 1
            unique = f"{name}_{count}"
        self.unit.taken.add(unique)
        return unique
