"""One key for everything that decides how a graph is planned and printed; it is the same in every process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy

from nnc.backends.c.cache import make_key
from nnc.ir import LOADED, Graph

_ROOT = Path(__file__).parents[2]
_FOLDERS = (
    "",
    "ir",
    "ir/ops",
    "execution",
    "passes",
    "plan",
    "backends/c",
    "backends/c/headers",
    "backends/c/kernels",
    "backends/c/threads",
)
"""Folders with the code that lowers, plans, prints, and keeps what comes of it."""


def graph_key(graph: Graph, bindings: Mapping[str, int], reuse: bool) -> str | None:
    """Return a key that is the same only where plan and source are; None where that cannot be told.

    That is where an operation is not nnc's own, whose kernel may change without a trace, and where `code_identity` does
    not know.

    Args:
        graph: what is planned; the graph that it was inlined from decides it, and the lines that are printed above it.
        bindings: largest size of each run-time dimension.
        reuse: whether buffers may share memory.
    """
    identity, graph = code_identity(), graph.source or graph
    if not identity or not all(type(op).__module__.startswith(("nnc.ir.ops.", "nnc.ir.")) for op in _ops(graph)):
        return None
    # plans number steps as the graph does, which its text does not tell: constants are in line there
    return make_key(identity, str(graph), "\n".join(_numbering(graph)), repr(sorted(bindings.items())), repr(reuse))


@cache
def code_identity() -> str:
    """Return a text that changes with the code that plans and prints; an empty one where nothing tells its changes.

    Places, sizes and times of change tell it, as they tell Python whether its own compiled code is stale. They do not
    where the code is in no files, or where a file has changed since it was loaded.
    """
    return _identity()


def code_is_as_loaded() -> bool:
    """Return whether the files are still what `code_identity` says."""
    return code_identity() == _identity()


def _identity() -> str:
    found = []
    try:
        for folder in _FOLDERS:
            with os.scandir(_ROOT / folder) as entries:
                for entry in entries:
                    if entry.is_file():
                        status = entry.stat()
                        if max(status.st_mtime_ns, status.st_ctime_ns) > LOADED:
                            return ""
                        found.append(f"{entry.path} {status.st_size} {status.st_mtime_ns}")
    except OSError:
        return ""
    return "\n".join([sys.version, numpy.__version__, *sorted(found)])


def _ops(graph: Graph) -> Iterator[object]:
    for node in graph.nodes:
        yield node.op
        for body in node.op.bodies:
            yield from _ops(body)


def _numbering(graph: Graph) -> Iterator[str]:
    for node in graph.nodes:
        yield f"{node.op.name} {node.names} {[(operand.index, operand.result) for operand in node.operands]}"
        for body in node.op.bodies:
            yield from _numbering(body)
