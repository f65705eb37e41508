"""A random graph with sizes and arrays to run it on, and what comes of it: numbers, or an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy

from nnc.errors import DataError, NncError, ShapeError
from nnc.ir import Graph, Node, TensorType, interpret, op_class, symbol
from nnc.passes import OPTIMIZE, run_passes
from tests.graphs.bodies import grow
from tests.graphs.grower import FLOATS, SIZES, SYMBOLS, Grower, Known, arrays_of, solvable, used
from tests.graphs.steps import OFTEN, STEPS

TRIALS = 3
"""Sizes that are tried of each graph."""


@dataclass(frozen=True)
class Trial:
    """Arrays of some sizes, and what the interpreter makes of them.

    Args:
        sizes: of the run-time dimensions.
        inputs: arrays by label.
        states: arrays by label.
        expected: outputs and states, or the error.
    """

    sizes: Mapping[str, int]
    inputs: dict[str, Any]
    states: dict[str, Any]
    expected: Outcome


Result = TypeVar("Result")
Outcome = tuple[dict[str, Any], dict[str, Any]] | NncError


@dataclass(frozen=True)
class Subject:
    """A graph to try.

    Args:
        seed: what makes it again.
        graph: what is run.
        known: what is known of the numbers of its outputs, by label.
        trials: what it is tried with.
    """

    seed: int
    graph: Graph
    known: dict[str, Known]
    trials: tuple[Trial, ...]

    @property
    def text(self) -> str:
        """How to make it again, and the graph."""
        return f"seed {self.seed}\n{self.graph}"


def make_subject(seed: int, steps: int = 16) -> Subject:
    """Return the graph of a seed. Every other one has been through the passes; the others have fusions of their own."""
    random = numpy.random.default_rng(seed)
    is_optimized = bool(seed % 2)
    left_out = [name for name in STEPS if (name == "fusion" if is_optimized else op_class(name).composite)]
    names = tuple(name for name in (*STEPS, *OFTEN, *OFTEN) if name not in left_out)
    grower = Grower(random, Graph(f"g{seed}"), names)
    STEPS["input"](grower)
    grow(grower, grower.whole(2, steps))
    known = finish(grower)
    drawn, trials = grower.drawn, []
    try:
        graph = run_passes(grower.graph, OPTIMIZE) if is_optimized else grower.graph
    except ShapeError:  # there are no sizes for which the passes could estimate anything
        return Subject(seed, grower.graph, known, ())
    for number in range(TRIALS):
        sizes = {name: int(random.choice(SIZES)) for name in SYMBOLS}
        try:
            inputs, states = arrays_of(graph, drawn, sizes, seed + number)
        except ShapeError:  # an input would have less than nothing
            continue
        bindings = {name: sizes[name] for name in graph.symbols}
        trials.append(Trial(bindings, inputs, states, outcome(partial(interpret, graph, inputs, states))))
    return Subject(seed, graph, known, tuple(trials))


def finish(grower: Grower) -> dict[str, Known]:
    """Name outputs and updates, and give each symbol an input that it can be read off."""
    graph = grower.graph
    results = [value for value in grower.known if not value.node.is_leaf] or list(grower.known)
    looped = [value for value in results if value.node.op.name == "scan"]  # of which all ends are to be seen
    chosen = dict.fromkeys([*results[-2:], *looped, *(grower.choose(results) for _ in range(grower.whole(0, 4)))])
    for number, value in enumerate(chosen):
        graph.output(f"y{number}", value)
    single = in_single_precision(graph)
    known = {
        f"y{number}": replace(grower.known[value], is_single=value.node in single)
        for number, value in enumerate(chosen)
    }
    for label, state in list(graph.states.items()):
        fitting = [value for value in grower.known if value.type == state.type]
        if fitting and grower.chance(0.4):
            value = grower.choose(fitting)
            graph.update(label, value)
            known[label] = replace(grower.known[value], is_single=value.node in single)
    for name in sorted(used(graph) - solvable(graph)):
        value = graph.input(f"size_{name}", TensorType("uint8", (symbol(name),)))
        grower.drawn[value.name] = lambda random, shape: random.integers(0, 9, shape).astype("uint8")
    return known


def in_single_precision(graph: Graph) -> set[Node]:
    """Return the nodes whose results depend on numbers of single precision, those in bodies included."""
    found: set[Node] = set()
    for node in graph.nodes:
        own = any(type.dtype == "float32" for type in node.types)
        inside = any(in_single_precision(body) for body in node.op.bodies)
        if own or inside or any(operand.node in found for operand in node.operands):
            found.add(node)
    return found


def outcome(run: Callable[[], Result]) -> Result | NncError:
    """Return what a call gives, or the error that it ends with."""
    with numpy.errstate(all="ignore"):
        try:
            return run()
        except NncError as error:
            return error


def difference(subject: Subject, trial: Trial, found: Outcome) -> str:
    """Say in what a result differs from the interpreter's; an empty text where it does not."""
    expected = trial.expected
    if isinstance(expected, NncError) or isinstance(found, NncError):
        if type(expected) is type(found) and (isinstance(found, DataError) or str(expected) == str(found)):
            return ""
        return f"expected {said(expected)}, got {said(found)}"
    for kind, wanted, given in zip(("output", "state"), expected, found, strict=True):
        for label in given:
            exact, other = wanted[label], given[label]
            if exact.shape != other.shape or exact.dtype != other.dtype:
                return f"{kind} {label} is {other.dtype}{other.shape}, expected {exact.dtype}{exact.shape}"
            if not equal(exact, other, subject.known.get(label, Known())):
                return f"{kind} {label} is\n{other}\nexpected\n{exact}"
    return ""


def equal(expected: Any, found: Any, known: Known) -> bool:
    """Whether numbers are the same, up to rounding where it can be."""
    if expected.dtype.name not in FLOATS or known.is_exact:
        return bool(numpy.array_equal(expected, found, equal_nan=expected.dtype.name in FLOATS))
    precision = 1e-3 if expected.dtype == "float32" or known.is_single else 1e-9
    return bool(numpy.allclose(found, expected, precision, precision * max(known.limit, 1.0), equal_nan=True))


def said(outcome: Outcome) -> str:
    """Return a text for a message."""
    return f"{type(outcome).__name__}: {outcome}" if isinstance(outcome, NncError) else "numbers"
