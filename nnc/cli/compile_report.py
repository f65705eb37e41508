"""The report of `nnc compile` as data: the table and the JSON both come from here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from nnc.cli.programs import default_graph, is_program, open_program

if TYPE_CHECKING:
    from pathlib import Path

    from nnc.backends import BackendName
    from nnc.ir import Graph
    from nnc.models import Model
    from nnc.passes import Observer, Pass, PassRecord
    from nnc.program import Program


@dataclass(frozen=True)
class CompileReport:
    """The cost of one graph of a model.

    Args:
        model: name of the model.
        graph: name of the graph.
        batch: rows of a batch.
        dtype: element type.
        passes: what each pass did; empty for a program that was compiled before.
        nodes: nodes that compute something, a fusion counted as one.
        parameters: elements of all weights of one network.
        flops: floating-point operations of one run of the graph for one network.
        peak_bytes: bytes of the arena of one thread.
        lower_bound: bytes alive in the fullest step; no arena can be smaller.
        unshared_bytes: bytes of an arena in which no two buffers share memory.
        derived_bytes: bytes of states that are derived from the weights once for all predictions, beside the arena.
        backend: what runs the graph.
        engine: what runs the backend's source, or compiles it.
        replicas: number of networks; None for one by itself.
        replication: how they lie in memory, and why.
        state_bytes: bytes of all states: weights of all networks, what the optimizer keeps, counters, metrics.
    """

    model: str
    graph: str
    batch: int
    dtype: str
    passes: tuple[PassRecord, ...]
    nodes: int
    parameters: int
    flops: int
    peak_bytes: int
    lower_bound: int
    unshared_bytes: int
    derived_bytes: int = 0
    backend: str = "numpy"
    engine: str = ""
    replicas: int | None = None
    replication: str = ""
    state_bytes: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    def pass_rows(self) -> list[tuple[str, str, str, str]]:
        """Return a row per pass: name, nodes before and after, milliseconds."""
        return [
            (record.name, f"{record.nodes_before:,}", f"{record.nodes_after:,}", f"{record.seconds * 1e3:.2f} ms")
            for record in self.passes
        ]

    def cost_rows(self) -> list[tuple[str, str, str]]:
        """Return a row per figure, with what it means."""
        above = self.peak_bytes / self.lower_bound - 1 if self.lower_bound else 0.0
        of_each = "" if self.replicas is None else "of each replica"
        return [
            ("Backend", self.backend, self.engine),
            ("Nodes", f"{self.nodes:,}", ""),
            ("Parameters", f"{self.parameters:,}", of_each),
            ("FLOPs", f"{self.flops:,}", " ".join(filter(None, ("in one run", of_each)))),
            ("Peak bytes", f"{self.peak_bytes:,}", f"{above:.1%} above the lower bound"),
            ("Lower bound", f"{self.lower_bound:,}", "what the fullest step needs"),
            (
                "Without reuse",
                f"{self.unshared_bytes:,}",
                f"{self.unshared_bytes / self.peak_bytes:.1f} times the peak",
            ),
            *([("Derived states", f"{self.derived_bytes:,}", "beside the arena")] if self.derived_bytes else []),
            *([("State bytes", f"{self.state_bytes:,}", self.replication)] if self.replicas is not None else []),
        ]


def compile_report(
    path: Path,
    wanted: str | None,
    batch: int,
    dtype: str | None,
    observe: Observer | None = None,
    replace: Sequence[str] | None = None,
    backend: BackendName | None = None,
    max_bytes: int | None = None,
    model: Model | None = None,
    replica: int | None = None,
) -> tuple[Program, CompileReport]:
    """Open a model and work out what one of its graphs costs.

    Args:
        path: model file or saved program.
        wanted: name of the graph; None takes ``train`` where the model has a loss.
        batch: rows of a batch.
        dtype: element type to compile for.
        observe: called after each pass.
        replace: replacements for classes, as ``--replace`` has it.
        backend: what runs it; see `nnc.backends.find_backend`.
        max_bytes: the most bytes that a graph may need; see `nnc.program.Program.max_bytes`. Nothing is refused for it.
        model: what was read from the model file already.
        replica: number of the network to take of a program with replicas.

    Raises:
        GraphError: the model has no such graph.
        ModelError: the model cannot be read.
    """
    from nnc.ir import count_flops
    from nnc.passes import count_nodes
    from nnc.program import PREDICT

    records: dict[str, list[PassRecord]] = {}

    def remember(item: Pass, graph: Graph, record: PassRecord) -> None:
        records.setdefault(graph.name, []).append(record)
        if observe is not None:
            observe(item, graph, record)

    observed = None if is_program(path) else remember
    program = open_program(path, dtype, observed, replace, backend, max_bytes, model, replica)
    name = default_graph(program, wanted)
    graph = program.graph(name)
    plan = program.plan(name, batch)
    report = CompileReport(
        model=program.name,
        graph=name,
        batch=batch,
        dtype=next((spec.dtype for spec in program.spec.outputs if "float" in spec.dtype), "float32"),
        passes=tuple(records.get(name, ())),
        nodes=count_nodes(graph),
        parameters=sum(prod(variable.shape) for variable in program.spec.variables),
        flops=count_flops(graph, batch),
        peak_bytes=plan.peak_bytes,
        lower_bound=plan.lower_bound,
        unshared_bytes=plan.unshared_bytes,
        derived_bytes=program.derived_bytes if name == PREDICT else 0,
        backend=program.engine(name).name,
        engine=program.engine(name).engine,
        replicas=program.replicas,
        replication="" if program.spec.replication is None else str(program.spec.replication),
        state_bytes=program.footprint(name, batch).states,
    )
    return program, report
