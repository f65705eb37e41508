"""Checks of a loaded program: description, states and graphs, which come from a file, have to fit each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import prod
from typing import Any

from nnc.errors import ProgramFileError
from nnc.execution.signature import Signature
from nnc.execution.spec import ArraySpec, OutputSpec, ProgramSpec, ResultSpec
from nnc.ir import Dim, Graph, TensorType, symbol
from nnc.ir.ops.fusion import Fusion
from nnc.ir.ops.scan import Scan
from nnc.labels import (
    COUNT,
    EVALUATE,
    ITERATIONS,
    PREDICT,
    PROLOGUE,
    STEPS,
    TOTAL,
    TRAIN,
    WEIGHTED,
    unweighted,
)
from nnc.program.sample_weights import weight_labels, weights_suffixes

_LARGEST_ROW = 2**26
"""Elements of the largest value per row of a batch, unless the program has more weights than that."""
_BATCH = symbol("batch")


def check_states(spec: ProgramSpec, states: Mapping[str, Any]) -> None:
    """Check that variables lie in states, that metrics have the places they are added up in, and classes outputs.

    Raises:
        ProgramFileError: something does not fit.
    """
    replicas = prod(_of_all(spec, ()))
    for variable in spec.variables:
        array = states.get(variable.state)
        end = variable.offset + prod(variable.shape)
        if array is None or variable.offset < 0 or end * replicas > array.size:
            raise ProgramFileError(f"variable '{variable.path}' lies outside its state")
    done = states.get(ITERATIONS)
    if done is not None and (done.shape not in ((), _of_all(spec, ())) or done.dtype != "int64"):
        raise ProgramFileError(f"state '@{ITERATIONS}' should be i64[], it is {done.dtype}{list(done.shape)}")
    numbers = sum(prod(dim for dim in output.shape if isinstance(dim, int)) for output in spec.outputs)
    for target in spec.targets:
        if not 0 <= target.classes <= numbers + 1:  # one may be what is left where no output says another
            raise ProgramFileError(
                f"manifest: target '{target.label}' has {target.classes} classes, for outputs of {numbers} numbers a"
                " row"
            )
    means = len(spec.metrics) - len(spec.results)
    for label in (TOTAL, COUNT):
        if label in states and states[label].shape != _of_all(spec, (means,)):
            raise ProgramFileError(f"state '@{label}' does not have {means} elements, one per metric")
    for result in spec.results:
        _check_result(result, spec, states)


def _of_all(spec: ProgramSpec, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of the array that has the states of a shape of all replicas, where there are some."""
    return shape if spec.replication is None else spec.replication.shape(shape)


def _check_result(result: ResultSpec, spec: ProgramSpec, states: Mapping[str, Any]) -> None:
    """Check that a metric has its sums, and that its result can be computed of them."""
    from nnc.results.rules import RESULTS, result_graph, result_of

    label = result.label
    if label not in states or states[label].shape != _of_all(spec, (result.size,)):
        raise ProgramFileError(f"state '@{label}' does not have {result.size} elements")
    if result.kind not in RESULTS:
        raise ProgramFileError(f"manifest: metric '{result.metric}' has an unknown kind of result, {result.kind!r}")
    try:
        if result.kind == "graph":
            _check_sizes(result_graph(result.settings["graph"]), _LARGEST_ROW, set())
        sums = states[label] if spec.replication is None else spec.replication.replica(states[label], 0)
        result_of(result.kind, sums, result.shapes, result.settings)
    except Exception as error:
        raise ProgramFileError(
            f"manifest: the result of metric '{result.metric}' cannot be computed: {error!r:.100}"
        ) from None


def check_graph_names(spec: ProgramSpec, names: Sequence[Any]) -> None:
    """Check that the graphs are those of the program's description.

    Raises:
        ProgramFileError: one is missing or unknown.
    """
    if spec.logs:
        _check_step_names(spec, names)
        return
    expected = [PREDICT]
    for name, exists in ((EVALUATE, spec.has_loss), (TRAIN, spec.trains)):
        expected += [name + suffix for suffix in weights_suffixes(spec.targets)] if exists else []
    for name in expected:
        if name not in names:
            raise ProgramFileError(f"manifest: graph '{name}' is missing")
    known = {*expected, PROLOGUE}
    if spec.has_loss:  # of a model without weights that are trained, too
        known |= {TRAIN + suffix for suffix in weights_suffixes(spec.targets)}
    for name in names:
        if name not in known:
            raise ProgramFileError(f"manifest: there should be no graph {name!r}")


def _check_step_names(spec: ProgramSpec, names: Sequence[Any]) -> None:
    """Check the graphs of a program whose steps are a user's own; see `check_graph_names`."""
    known = {PREDICT, PROLOGUE} if spec.outputs else set()
    if spec.outputs and PREDICT not in names:
        raise ProgramFileError(f"manifest: graph '{PREDICT}' is missing")
    for kind in spec.logs:
        if kind not in (TRAIN, EVALUATE):
            raise ProgramFileError(f"manifest: 'logs' are those of graphs that train and evaluate, not of {kind!r}")
        found = {name for name in names if isinstance(name, str) and unweighted(name) == kind}
        if not found:
            raise ProgramFileError(f"manifest: graph '{kind}' is missing")
        known |= found
    for name in names:
        if name not in known:
            raise ProgramFileError(f"manifest: there should be no graph {name!r}")
    rules = {result.metric for result in spec.results}
    for name in (item for items in spec.logs.values() for item in items):
        if name not in rules:
            raise ProgramFileError(f"manifest: there is no rule for '{name:.80}' of 'logs'")


def check_graph(name: str, graph: Graph, spec: ProgramSpec, states: Mapping[str, Any]) -> None:
    """Check that a graph has the inputs, outputs and states that the program's description names.

    Raises:
        ProgramFileError: something does not fit.
    """
    if name == PROLOGUE:
        _check_prologue(graph, spec, states)
        return
    is_predict = name == PREDICT
    rows = Signature.of(graph).rows if spec.logs and not is_predict else None
    batch: Dim = _BATCH if rows is None else rows
    inputs = _types(spec.inputs if is_predict else (*spec.inputs, *spec.targets), batch)
    found = {label: value.type for label, value in graph.inputs.items()}
    if WEIGHTED in name:
        for target, label in zip(spec.targets, weight_labels([target.label for target in spec.targets]), strict=True):
            weight, rank = found.get(label), target.steps if name.endswith(STEPS) else 0
            if weight is None or not weight.is_floating or weight.shape[:1] != (batch,) or weight.rank != 1 + rank:
                raise ProgramFileError(f"input '{label}' is missing")
            inputs[label] = weight
    _compare("input", inputs, found)
    outputs = {label: value.type for label, value in graph.outputs.items()}
    if is_predict:
        _compare("output", _types(spec.outputs), outputs)
    elif not spec.logs and ("loss" not in outputs or outputs["loss"].shape != ()):
        raise ProgramFileError("output 'loss' is missing")
    hoisted = Signature.of(graph).hoisted if is_predict else {}
    if any(label in states or label in graph.updates for label in hoisted):
        raise ProgramFileError("a state of role 'hoisted' is in the file, or changes")
    _check_states(graph, spec, states, hoisted)
    known = {name for value in graph.inputs.values() for name in value.type.symbols}
    _check_sizes(graph, max(_LARGEST_ROW, sum(array.size for array in states.values())), known)


def check_derived(read: Mapping[str, TensorType], derived: Mapping[str, TensorType]) -> None:
    """Check that a prologue derives the states of role ``hoisted`` that are read.

    Raises:
        ProgramFileError: it does not.
    """
    for label, type in read.items():
        if derived.get(label) != type:
            raise ProgramFileError(f"no prologue derives state '@{label}' of type {type}")


def _check_prologue(graph: Graph, spec: ProgramSpec, states: Mapping[str, Any]) -> None:
    hoisted = Signature.of(graph).hoisted
    if graph.inputs or graph.outputs or set(graph.updates) != set(hoisted):
        raise ProgramFileError("a prologue has no inputs and outputs, and changes the states of role 'hoisted'")
    _check_states(graph, spec, states, hoisted)
    _check_sizes(graph, max(_LARGEST_ROW, sum(array.size for array in states.values())), set())


def _check_states(graph: Graph, spec: ProgramSpec, states: Mapping[str, Any], hoisted: Collection[str]) -> None:
    """Check that states other than hoisted ones are in the file."""
    for label, value in graph.states.items():
        array, shape = states.get(label), _of_all(spec, value.shape)
        if label not in hoisted and (array is None or str(array.dtype) != value.dtype or array.shape != shape):
            raise ProgramFileError(f"state '@{label}' should be {value.type}")


def _types(specs: Sequence[ArraySpec], batch: Dim = _BATCH) -> dict[str, TensorType]:
    rows = [spec.rows if isinstance(spec, OutputSpec) else batch for spec in specs]
    return {spec.label: TensorType(spec.dtype, (dim, *spec.shape)) for spec, dim in zip(specs, rows, strict=True)}


def _compare(what: str, expected: Mapping[str, TensorType], found: Mapping[str, TensorType]) -> None:
    for label, type in expected.items():
        if found.get(label) != type:
            raise ProgramFileError(f"{what} '{label}' should be {type}, it is {found.get(label, 'missing')}")
    for label in found:
        if label not in expected:
            raise ProgramFileError(f"there should be no {what} '{label}'")


def _check_sizes(graph: Graph, largest: int, known: Collection[str]) -> None:
    """Check that no value is so large that a small file could fill the memory, where symbols are 1."""
    ones = dict.fromkeys(known, 1)
    for node in graph.nodes:
        for type in node.types:
            if not type.symbols <= ones.keys():
                raise ProgramFileError(f"'{node.op.name}' has a dimension that no input has: {type}")
            if prod(dim if isinstance(dim, int) else max(dim.bind(ones), 1) for dim in type.shape) > largest:
                raise ProgramFileError(f"'{node.op.name}' has a result of type {type}, which is too large")
        if isinstance(node.op, Fusion | Scan):
            _check_sizes(node.op.body, largest, known)
