"""A model or program looked at: layers, shapes, weights, operations, memory, and where the time goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nnc.backends import BackendName
from nnc.choices import FloatName
from nnc.errors import DataError
from nnc.inspection.layer_table import LayerRecord, float_type, layer_records, other_flops, with_costs
from nnc.inspection.measured_memory import Memory, memory_of
from nnc.inspection.subject import Subject, open_subject
from nnc.ir import count_flops, nominal_sizes
from nnc.labels import ROWS
from nnc.profiling import Profile, profile
from nnc.program import PREDICT, TRAIN
from nnc.quantities import count_text

LAYER_HEAD = ("Layer", "Output", "Parameters", "Not trained", "FLOPs", "Bytes")
MEMORY_HEAD = ("Bytes", "Predicted", "Measured")
NUMBERS = (2, 3, 4, 5)
"""Columns of the table of layers that are aligned to the right."""


@dataclass(frozen=True)
class Inspection:
    """The parts and costs of a model or program.

    Args:
        model: name of the model.
        graph: the graph that is looked at, ``train`` or ``predict``.
        batch: rows of a batch.
        dtype: element type that it computes in.
        backend: what runs it.
        engine: what runs the backend's source, or compiles it.
        layers: its layers in the order of the model; those of a model inside it behind that model.
        trained: elements of weights that training changes.
        fixed: elements of other weights.
        flops: floating-point operations of one run of the compiled graph.
        other_flops: those of them that come from no layer, by what they belong to.
        memory: bytes as planned and as measured.
        profile: where the time goes, if that was asked for.
    """

    model: str
    graph: str
    batch: int
    dtype: str
    backend: str
    engine: str
    layers: tuple[LayerRecord, ...]
    trained: int
    fixed: int
    flops: int
    other_flops: Mapping[str, int]
    memory: Memory
    profile: Profile | None = None

    @property
    def parameters(self) -> int:
        """Elements of all weights."""
        return self.trained + self.fixed

    @property
    def title(self) -> str:
        """The object that was inspected."""
        return (
            f"{self.model}: graph '{self.graph}', {self.batch} rows, {self.dtype}, {self.backend} backend"
            f" ({self.engine})"
        )

    def layer_rows(self) -> list[tuple[str, ...]]:
        """Return a row per layer, then what belongs to none, then the sums; bytes are of weights and outputs."""
        rows = [
            (
                f"{'  ' * layer.depth}{layer.name}{f' ({layer.kind})' if layer.kind else ''}",
                layer.shape,
                f"{layer.parameters:,}",
                f"{layer.fixed:,}" if layer.fixed else "",
                count_text(layer.flops),
                f"{layer.weight_bytes + layer.output_bytes:,}",
            )
            for layer in self.layers
        ]
        rows += [(name, "", "", "", count_text(flops), "") for name, flops in self.other_flops.items()]
        nbytes = sum(layer.weight_bytes + layer.output_bytes for layer in self.layers if not layer.depth)
        return [*rows, ("all", "", f"{self.parameters:,}", f"{self.fixed:,}", count_text(self.flops), f"{nbytes:,}")]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        data = asdict(self) | {"parameters": self.parameters}
        data["layers"] = [_layer_json(layer) for layer in self.layers]
        data["memory"]["predicted"]["total"] = self.memory.predicted.total
        if self.memory.measured is not None:
            data["memory"]["measured"]["total"] = self.memory.measured.total
        data["profile"] = None if self.profile is None else self.profile.to_json()
        return data

    def __str__(self) -> str:
        from nnc.models.summary import table

        parts = [
            self.title,
            table(LAYER_HEAD, self.layer_rows(), right=NUMBERS),
            table(MEMORY_HEAD, self.memory.rows(), right=(1, 2)),
        ]
        return "\n\n".join(parts if self.profile is None else [*parts, str(self.profile)])


def inspect(
    source: Any,
    *,
    graph: str | None = None,
    batch: int = 32,
    dtype: FloatName | None = None,
    backend: BackendName | None = None,
    replace: Mapping[str, Any] | None = None,
    measure: bool = True,
    profiled: bool = False,
    x: Any = None,
    y: Any = None,
    seconds: float = 1.0,
) -> Inspection:
    """Look at a model or program: its layers, what they cost, its memory, and where its time goes.

    Args:
        source: a model, a program, a live Keras model, the path of a model or program file, or what `open_subject`
            returned.
        graph: ``train`` or ``predict``; by default ``train`` where the model has a loss.
        batch: rows of a batch.
        dtype: element type to compile a model for; by default that of its weights.
        backend: what runs it; see `nnc.backends.find_backend`.
        replace: replacements for classes in a model file.
        measure: whether to run the graph some times, on a copy of the states, to measure its memory.
        profiled: whether to run it for a while longer and tell where the time goes; see `nnc.profiling.profile`.
        x: input array or arrays to profile with; random ones by default.
        y: target array or arrays to profile with.
        seconds: how long to profile.

    Raises:
        ModelError: the model cannot be read.
        GraphError: there is no such graph.
        DataError: arrays do not fit.
    """
    if graph not in (None, PREDICT, TRAIN):
        raise DataError(f"inspect: graph must be {TRAIN!r} or {PREDICT!r}, got {graph!r}")
    subject = open_subject(source, dtype=dtype, replace=replace, backend=backend)
    program = subject.program
    program.check_single("inspect")
    name = graph or (TRAIN if program.spec.trains else PREDICT)
    batch = nominal_sizes(program.graph(name), batch).get(ROWS, batch)  # layers may have states for fewer rows
    with program.deciding():
        program.decide(name, 1, {ROWS: batch})  # nothing is compiled for the few batches that run here
        memory = memory_of(program, name, batch, measure)
        found = profile(program, x, y, graph=name, batch=batch, seconds=seconds) if profiled else None
        return _inspection(subject, name, batch, memory, found)


def _inspection(subject: Subject, graph: str, batch: int, memory: Memory, found: Profile | None) -> Inspection:
    program = subject.program
    layers = with_costs(layer_records(subject), program, graph, batch)
    outer = [layer for layer in layers if not layer.depth]
    return Inspection(
        model=program.name,
        graph=graph,
        batch=batch,
        dtype=float_type(program),
        backend=program.engine(graph).name,
        engine=program.engine(graph).engine,
        layers=layers,
        trained=sum(layer.trained for layer in outer),
        fixed=sum(layer.fixed for layer in outer),
        flops=count_flops(program.graph(graph), batch),
        other_flops=other_flops(layers, program, graph, batch),
        memory=memory,
        profile=found,
    )


def _layer_json(layer: LayerRecord) -> dict[str, Any]:
    data = {key: value for key, value in vars(layer).items() if key not in ("outputs", "config")}
    outputs = [
        {"dtype": type.dtype, "shape": [dim if isinstance(dim, int) else str(dim) for dim in type.shape]}
        for type in layer.outputs
    ]
    return data | {"inputs": list(layer.inputs), "outputs": outputs, "parameters": layer.parameters}
