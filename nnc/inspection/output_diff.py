"""Compares what two models compute of the same data, layer by layer in the order of computation."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from nnc.backends import BackendName
from nnc.errors import DataError
from nnc.execution.spec import outputs_of
from nnc.inspection.difference import Outputs
from nnc.inspection.layer_table import float_type
from nnc.inspection.subject import Subject
from nnc.program import PREDICT
from nnc.program.data import as_arrays
from nnc.verify.findings import Trace, compare_traces
from nnc.verify.ours import trace_forward
from nnc.verify.verification import TOLERANCES

Array = Any


def compare_outputs(
    first: Subject,
    second: Subject,
    x: Any,
    renamed: Mapping[str, str],
    rtol: float | None = None,
    atol: float | None = None,
) -> Outputs:
    """Let both predict, and compare what their layers return, then what they return themselves.

    Args:
        first: one of them.
        second: the other.
        x: input array or arrays.
        renamed: paths of the second's layers, with those of the same layers of the first.
        rtol: largest difference that is accepted, as a fraction of the largest magnitude; see
            `nnc.inspection.model_diff`.
        atol: largest difference that is accepted whatever the magnitude.

    Raises:
        DataError: the data does not fit, or they return different numbers of arrays.
    """
    dtype = "float64" if {float_type(subject.program) for subject in (first, second)} == {"float64"} else "float32"
    rtol, atol = (
        default if given is None else given for given, default in zip((rtol, atol), TOLERANCES[dtype], strict=True)
    )
    are_known = first.model is not None and second.model is not None
    traces = [_trace(subject, x, are_known) for subject in (first, second)]
    counts = [len(trace.outputs) for trace in traces]
    if counts[0] != counts[1]:
        raise DataError(f"diff: one model returns {counts[0]} arrays, the other {counts[1]}; they cannot be compared")
    comparisons, _ = compare_traces(traces[0], _with_paths(traces[1], renamed), rtol, atol)
    return Outputs(
        first=next((item for item in comparisons if item.differs), None),
        compared=len(comparisons),
        differing=sum(item.differs for item in comparisons),
        rtol=rtol,
        atol=atol,
        layers_known=are_known,
    )


def _trace(subject: Subject, x: Any, with_layers: bool) -> Trace:
    program = subject.program
    arrays = as_arrays(program.spec.taken, x, "input")
    with program.deciding():
        program.decide(PREDICT, 1, {})  # this call is the only one
        found, backend = program(*arrays), program.engine(PREDICT).name
    outputs: Sequence[Array] = outputs_of(program.spec.structure, found)
    if not with_layers or subject.model is None:
        return Trace((), outputs=tuple(outputs))
    model = copy.deepcopy(subject.model)
    model.backend = cast("BackendName", backend)
    return replace(trace_forward(model, arrays, float_type(program)), outputs=tuple(outputs))


def _with_paths(trace: Trace, renamed: Mapping[str, str]) -> Trace:
    return replace(trace, layers=tuple((_path(path, renamed), op, arrays) for path, op, arrays in trace.layers))


def _path(path: str, renamed: Mapping[str, str]) -> str:
    layer = path
    while layer:
        if layer in renamed:
            return renamed[layer] + path[len(layer) :]
        layer = layer.rpartition("/")[0]
    return path
