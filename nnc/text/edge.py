"""The edge of a program: the steps by which arrays of texts become the arrays that its graphs take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnc.errors import DataError, NncError, ProgramFileError
from nnc.text.records import step_from_json, step_to_json
from nnc.text.steps import OPEN, Lookup, Shape, Step, Vectorization

Array = Any


@dataclass(frozen=True)
class EdgeStep:
    """A step, and what it takes.

    Args:
        step: the step.
        takes: numbers of the arrays: those that a caller gives come first, then what each step made.
        name: name of the layer, for messages.
    """

    step: Step
    takes: tuple[int, ...]
    name: str


@dataclass(frozen=True)
class Edge:
    """What makes the inputs of graphs of the arrays that a caller gives; plain data for a program's file.

    Args:
        steps: in the order in which they run.
        results: the number of the array that each input of the graphs is.
    """

    steps: tuple[EdgeStep, ...]
    results: tuple[int, ...]

    def run(self, given: Sequence[Array]) -> list[Array]:
        """Return the inputs of graphs for arrays of one number of rows.

        Raises:
            DataError: one has a text that cannot be used.
        """
        arrays = list(given)
        for entry in self.steps:
            try:
                arrays.append(entry.step.run([arrays[number] for number in entry.takes]))
            except DataError as error:
                raise DataError(f"Layer '{entry.name}': {error}") from None
        return [arrays[number] for number in self.results]

    def types(self, given: Sequence[tuple[str, Shape]]) -> list[tuple[str, Shape]]:
        """Return element type and shape of each input of graphs, for those of the arrays that a caller gives.

        Raises:
            DataError: a step cannot take what it gets.
        """
        found = list(given)
        for entry in self.steps:
            dtypes, shapes = zip(*(found[number] for number in entry.takes), strict=True)
            problem = entry.step.problem(dtypes, shapes)
            if problem:
                raise DataError(f"Layer '{entry.name}': {problem}")
            found.append((entry.step.dtype, entry.step.shape(shapes)))
        return [found[number] for number in self.results]

    def open_results(self, given: Sequence[tuple[str, Shape]]) -> list[int]:
        """Return the numbers of those inputs of graphs that are as long as the longest text of a batch.

        Args:
            given: element type and shape of each array that a caller gives.

        Raises:
            DataError: a step behind the one that pads texts hides where they end.
        """
        found = [place for place, (_, shape) in enumerate(self.types(given)) if OPEN in shape]
        for place in found:
            entry = self.steps[self.results[place] - len(given)]
            if not isinstance(entry.step, Vectorization):
                raise DataError(
                    f"Layer '{entry.name}' takes texts that are as long as the longest of a batch; give the"
                    " TextVectorization before it an output_sequence_length, or one batch at a time"
                )
        return found

    def words(self, place: int) -> tuple[Sequence[str], bool]:
        """Return words that a caller's array may have, and whether a text of it may have several.

        Args:
            place: number of the array.
        """
        readers = [entry.step for entry in self.steps if place in entry.takes]
        lookup = next((step for step in readers if isinstance(step, Lookup)), None)
        if lookup is not None:
            return lookup.tokens, False
        vectorization = next((step for step in readers if isinstance(step, Vectorization)), None)
        if vectorization is not None:
            return vectorization.lookup.tokens, vectorization.split is not None
        return ("some", "words"), False

    # ------------------------------------------------------------------ files

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a JSON file."""
        steps = [
            {"name": entry.name, "takes": list(entry.takes), "step": step_to_json(entry.step)} for entry in self.steps
        ]
        return {"steps": steps, "results": list(self.results)}

    @staticmethod
    def from_json(data: Any, given: Sequence[tuple[str, Shape]], wanted: Sequence[tuple[str, Shape]]) -> Edge:
        """Read what `to_json` returned, checking every name and type.

        Args:
            data: the file's entry.
            given: element type and shape of each array that a caller gives.
            wanted: those of the inputs of the graphs, which the edge has to make.

        Raises:
            ProgramFileError: something is missing or of the wrong type, or does not fit the program.
        """
        if not isinstance(data, Mapping) or not isinstance(data.get("steps"), list):
            raise ProgramFileError("manifest: 'edge' must have a list of steps")
        steps: list[EdgeStep] = []
        for item in data["steps"]:
            if not isinstance(item, Mapping) or not isinstance(item.get("name"), str) or not item["name"].isprintable():
                raise ProgramFileError("manifest: a step of 'edge' must have a printable name")
            takes = _numbers(item.get("takes"), len(given) + len(steps))
            if not takes:
                raise ProgramFileError("manifest: a step of 'edge' takes nothing")
            steps.append(EdgeStep(step_from_json(item.get("step")), takes, item["name"]))
        edge = Edge(tuple(steps), _numbers(data.get("results"), len(given) + len(steps)))
        try:
            types = edge.types(given)
        except NncError as error:
            raise ProgramFileError(f"manifest: 'edge': {error}") from None
        if len(types) != len(wanted) or not all(map(_fits, types, wanted)):
            raise ProgramFileError("manifest: what 'edge' makes is not what the program's graphs take")
        return edge


def _fits(made: tuple[str, Shape], wanted: tuple[str, Shape]) -> bool:
    if made[0] != wanted[0] or len(made[1]) != len(wanted[1]):
        return False
    return all(one is OPEN or one == two for one, two in zip(made[1], wanted[1], strict=True))


def _numbers(given: Any, count: int) -> tuple[int, ...]:
    is_list = isinstance(given, list) and all(isinstance(item, int) and not isinstance(item, bool) for item in given)
    if not is_list or not all(0 <= item < count for item in given):
        raise ProgramFileError("manifest: 'edge' must name arrays by their numbers, before they are used")
    return tuple(given)
