"""Computes nnc's side: every layer's output in one compiled graph, and the gradients with respect to all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from nnc.backends import Backend, BoundRun, find_backend
from nnc.backends.numpy import kernel_settings
from nnc.errors import CompilerError, MissingKernelError
from nnc.execution.spec import outputs_of
from nnc.ir import Graph, Rewriter, Value, gradients, solve_symbols
from nnc.models.compiler import Compiler
from nnc.models.model import Model
from nnc.passes import OPTIMIZE, lower, run_passes
from nnc.program import PREDICT, TRAIN
from nnc.program.data import input_arrays
from nnc.verify.findings import Trace, same_tensors

Array = Any


def trace_forward(model: Model, arrays: Sequence[Array], dtype: str | None = None) -> Trace:
    """Return the outputs of all layers when predicting.

    Args:
        model: a model that nothing else uses.
        arrays: an array per input.
        dtype: element type to compute in, by default that of the weights.
    """
    compiler = Compiler(model, dtype)
    graph = compiler.lower(PREDICT, training=False, opens_loops=True)
    for number, call in enumerate(compiler.results):
        for position, value in enumerate(call.values):
            graph.output(f"layer/{number}.{position}", value)
    found = _run(graph, _inputs(model, arrays), _states(compiler), model)
    before = {label: array.copy() for label, array in model.program.states.items()}
    with model.program.deciding():
        model.program.decide(PREDICT, 1, {})  # this call is the only one
        outputs = model.program(*arrays)
    for label, array in before.items():  # what layers remember, before training is compared
        numpy.copyto(model.program.states[label], array)
    flat = tuple(outputs_of(model.program.spec.structure, outputs))
    return Trace(_layers(compiler, found), outputs=flat, places=_places(compiler), operations=_operations(compiler))


def trace_training(model: Model, arrays: Sequence[Array], targets: Sequence[Array], dtype: str | None = None) -> Trace:
    """Return the outputs of all layers in training, all gradients, and the weights after one update.

    Args:
        model: a compiled model that nothing else uses; it is trained on one batch.
        arrays: an array per input.
        targets: an array per output.
        dtype: element type to compute in, by default that of the weights.
    """
    compiler = Compiler(model, dtype)
    head = model.head(compiler.dtype, weighted=False)
    assert head is not None
    lowered = compiler.lower(TRAIN, training=True, opens_loops=True)
    rewriter = Rewriter(lowered)
    graph = rewriter.keep_all()
    head.lower(graph, {label: rewriter[value] for label, value in lowered.outputs.items()})
    loss = graph.outputs["loss"]
    seed = graph.constant(1.0, loss.dtype)
    results = [[rewriter[value] for value in values] for values in (call.values for call in compiler.results)]
    weights = {weight: rewriter[compiler.meanings[weight]] for weight in model.trainable_weights}
    wanted = [value for values in results for value in values if value.type.is_floating] + list(weights.values())
    cotangents = dict(zip(wanted, gradients({loss: seed}, wanted), strict=True))
    for number, values in enumerate(results):
        for position, value in enumerate(values):
            graph.output(f"layer/{number}.{position}", value)
            _output(graph, f"cotangent/{number}.{position}", cotangents.get(value))
    for number, value in enumerate(weights.values()):
        _output(graph, f"weight/{number}", cotangents[value])
    labels = [target.label for target in model.program.spec.targets]
    inputs = _inputs(model, arrays) | dict(zip(labels, targets, strict=True))
    found = _run(graph, inputs, _states(compiler), model)
    paths = compiler.paths
    if weights:
        x, y = (items[0] if len(items) == 1 else list(items) for items in (arrays, targets))
        with model.program.deciding():
            model.program.decide(TRAIN, 1, {})  # this step is the only one
            model.train_on_batch(x, y)
    return Trace(
        _layers(compiler, found),
        tuple(
            tuple(found.get(f"cotangent/{number}.{position}") for position in range(len(values)))
            for number, values in enumerate(results)
        ),
        tuple((paths[weight], found.get(f"weight/{number}")) for number, weight in enumerate(weights)),
        tuple((paths[weight], weight.numpy()) for weight in model.weights if weight in paths),
        same=tuple(same_tensors(call.values) for call in compiler.results),
        places=_places(compiler),
        operations=_operations(compiler),
    )


def _output(graph: Graph, label: str, value: Value | None) -> None:
    if value is not None:
        graph.output(label, value)


def _inputs(model: Model, arrays: Sequence[Array]) -> dict[str, Array]:
    spec = model.program.spec
    labels = [item.label for item in spec.inputs]
    return dict(zip(labels, arrays if spec.edge is None else input_arrays(spec, list(arrays)), strict=True))


def _states(compiler: Compiler) -> dict[str, Array]:
    return {segment.label: segment.array.copy() for segment, _ in compiler.segments}


def _layers(compiler: Compiler, found: Mapping[str, Array]) -> tuple[tuple[str, str, tuple[Array, ...]], ...]:
    return tuple(
        (call.path, call.op, tuple(found[f"layer/{number}.{position}"] for position in range(len(call.values))))
        for number, call in enumerate(compiler.results)
    )


def _places(compiler: Compiler) -> dict[str, str]:
    return {call.path: call.place for call in compiler.results if call.place}


def _operations(compiler: Compiler) -> frozenset[str]:
    return frozenset(call.path for call in compiler.results if call.is_operation)


def _run(graph: Graph, inputs: Mapping[str, Array], states: dict[str, Array], model: Model) -> dict[str, Array]:
    """Compile a graph, as programs do, and run it once on the backend of a model."""
    graph = run_passes(graph, OPTIMIZE)
    sizes = solve_symbols({label: (value.shape, inputs[label].shape) for label, value in graph.inputs.items()})
    for label, value in graph.states.items():
        states.setdefault(label, numpy.zeros([int(dim) for dim in value.shape], value.dtype))
    bound = _bind(find_backend(model.backend), graph, {name: sizes[name] for name in graph.symbols}, states)
    with kernel_settings():
        for label, target in bound.inputs.items():
            numpy.copyto(target, inputs[label])
        bound.run()
    return {label: array.copy() for label, array in bound.outputs.items()}


def _bind(backend: Backend, graph: Graph, sizes: Mapping[str, int], states: Mapping[str, Array]) -> BoundRun:
    try:
        plan = backend.plan(lower(graph, backend.target), sizes)
        source = backend.source(plan)
        code = backend.compile(source)
    except (CompilerError, MissingKernelError):
        if not backend.is_optional:
            raise
        return _bind(find_backend("numpy"), graph, sizes, states)
    return backend.executable(plan, source, code, states).bind(plan.bindings)
