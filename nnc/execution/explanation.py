"""Explains a graph of a program: what passes and planner decided, as data and as a text for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from nnc.execution.executor import Executor
from nnc.ir.decisions import Decision, Notebook, Saved


@dataclass(frozen=True)
class Explanation:
    """The decisions behind one graph of a program; its text is grouped by stage and by layer.

    Args:
        program: name of the program.
        graph: name of the graph.
        backend: what runs it.
        sizes: sizes of the run-time dimensions that bytes are counted for.
        decisions: what was done and what was nearly done, in the order of the stages.
        is_whole: whether all passes are explained; those up to ``schedule`` of a program from a file ran before.
        replicas: how replicas lie, and why; empty for one network.
    """

    program: str
    graph: str
    backend: str
    sizes: Mapping[str, int]
    decisions: tuple[Decision, ...]
    is_whole: bool
    replicas: str = ""

    @property
    def done(self) -> tuple[Decision, ...]:
        """The decisions that were made."""
        return tuple(decision for decision in self.decisions if decision.done)

    @property
    def missed(self) -> tuple[Decision, ...]:
        """The decisions that were nearly made."""
        return tuple(decision for decision in self.decisions if not decision.done)

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        decisions = [asdict(decision) | {"done": decision.done} for decision in self.decisions]
        return {
            "program": self.program,
            "graph": self.graph,
            "backend": self.backend,
            "sizes": dict(self.sizes),
            "is_whole": self.is_whole,
            **({"replicas": self.replicas} if self.replicas else {}),
            "decisions": decisions,
        }

    def __str__(self) -> str:
        sizes = ", ".join(f"{name}={size}" for name, size in self.sizes.items())
        lines = [
            f"{self.program}: graph '{self.graph}' ({sizes}), {self.backend} backend:"
            f" {len(self.done)} decisions, {len(self.missed)} near misses"
        ]
        lines.append(
            "Names before and after a pass are those of --emit ir --after PASS, names in the plan those of --emit plan."
        )
        if self.replicas:
            lines.append(f"{self.replicas}.")
        if not self.is_whole:
            lines.append("Passes up to schedule ran when the program was compiled; explain the model to see them.")
        for (stage, run), found in groupby(self.decisions, key=lambda decision: (decision.stage, decision.run)):
            decisions = list(found)
            lines += ["", _heading(stage, run, decisions)]
            lines += _by_layer(decisions)
        return "\n".join(lines) + "\n"


def explain(executor: Executor, name: str, batch: int, lengths: Mapping[str, int] | None = None) -> Explanation:
    """Return what was decided when a graph was compiled, what it saves, and what was nearly done and why not.

    Passes run once more for it; those of a program that was loaded from a file ran when it was compiled.

    Args:
        executor: has the graph.
        name: name of the graph.
        batch: rows of the batch to count bytes for.
        lengths: sizes of other run-time dimensions, as of `Program.plan`.
    """
    graphs, notebook = executor.graphs, Notebook(batch, lengths)
    graphs.graph(name)  # says readably what is wrong with a name
    with notebook.listening():
        graphs.make(name)
        is_whole = bool(notebook.stages)
        plan = executor.plan(name, graphs.nominal_sizes(name, batch, lengths))
    backend = executor.engines.engine(name).title
    decisions, replication = tuple(notebook.decisions), executor.spec.replication
    replicas = "" if replication is None else str(replication)
    return Explanation(graphs.program_name, name, backend, plan.bindings, decisions, is_whole, replicas)


def _heading(stage: str, run: int, decisions: list[Decision]) -> str:
    done = sum(decision.done for decision in decisions)
    parts = [f"{done} done" if done else "", f"{len(decisions) - done} not" if done < len(decisions) else ""]
    again = f", run {run}" if run > 1 else ""
    return f"{stage}{again}: {', '.join(part for part in parts if part)}"


def _by_layer(decisions: list[Decision]) -> Iterator[str]:
    """Return the lines of a stage's decisions, with a heading for each layer and phase."""
    layers: dict[tuple[object, ...], list[Decision]] = {}
    for decision in decisions:
        layers.setdefault((decision.inside, decision.path, decision.phase), []).append(decision)
    for (inside, path, phase), found in layers.items():
        loops = "".join(f", in the loop {name}" for name in inside) if isinstance(inside, tuple) else ""
        yield f"  {path or '-'} {phase}{loops}"
        for decision in found:
            kind = decision.kind if decision.done else f"not {decision.kind}"
            more = f": {decision.reason}" if decision.reason else _saved_text(decision.saved)
            yield f"    {kind:<16} {decision.text}{more}"


def _saved_text(saved: Saved) -> str:
    """Return what is saved: ``; saves 2 nodes, 1 call``.

    >>> _saved_text(Saved(nodes=2, calls=1, arena=1024)), _saved_text(Saved())
    ('; saves 2 nodes, 1 call, 1,024 bytes of arena', '')
    """
    parts = [
        (saved.nodes, "node" if saved.nodes == 1 else "nodes"),
        (saved.calls, "call" if saved.calls == 1 else "calls"),
        (saved.traffic, "bytes of traffic"),
        (saved.arena, "bytes of arena"),
    ]
    listed = ", ".join(f"{number:,} {what}" for number, what in parts if number)
    return f"; saves {listed}" if listed else ""
