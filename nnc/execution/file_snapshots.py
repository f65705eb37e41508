"""Graphs of files and their plans, kept beside compiled code: a later start neither parses nor plans.

A snapshot has two parts. The first says what a run has to know to be bound; the other has all nodes and steps, which
are read if somebody asks for them.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from nnc.backends.c import cache
from nnc.backends.c.identity import code_identity, code_is_as_loaded
from nnc.backends.c.transcript import serves
from nnc.errors import ProgramFileError
from nnc.execution.collection import collection_paused
from nnc.execution.signature import Signature
from nnc.ir import Graph, Layout, Node, TensorType, Value
from nnc.ir.decisions import is_listened_to
from nnc.plan import Home, Plan, StepGroup
from nnc.plan.recalled import in_two, recalled

_PROTOCOL = 5
_OTHERS = {
    *(("numpy", name) for name in ("dtype", "ndarray")),
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
}
"""What snapshots may name beside what is nnc's own."""
_PARTS: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    kind: attrgetter(*[field.name for field in fields(kind)])
    for kind in (Value, Node, TensorType, Layout, Home, StepGroup)
}
"""The arguments of what there are thousands of; made by a call, they are read in a third of the time."""


class FileSnapshots:
    """The snapshots of one file's graphs.

    They are pickles: the folder of the cache holds libraries as well, whose code runs, and is read only where nobody
    else can write to it. All the same they may name little but what is nnc's own.

    Args:
        contents: texts that are the same only where the graphs are, and what they have to fit.
    """

    def __init__(self, contents: Sequence[str]) -> None:
        self._contents = cache.make_key(code_identity(), *contents)

    def graph(self, name: str) -> tuple[Signature, Callable[[], Graph]] | None:
        """Return the signature of a graph that an earlier process has read, and what reads all of it, or None."""
        return self._recall(self._graph_file(name))

    def plan(self, name: str, backend: str, sizes: Mapping[str, int]) -> Plan | None:
        """Return a plan for exactly these sizes as an earlier process has made it, None where none has."""
        if is_listened_to():
            return None
        found = self._recall(self._plan_file(name, backend, sizes))
        return None if found is None else recalled(*found)

    def keep(self, name: str, backend: str, graph: Graph, plan: Plan) -> None:
        """Keep a graph, and its plan, if later processes may take them as they are."""
        if not (plan.target.needs.is_lasting and code_identity() and code_is_as_loaded()):
            return
        graph_file, plan_file = self._graph_file(name), self._plan_file(name, backend, plan.bindings)
        if not cache.recall(graph_file):
            cache.remember(graph_file, _written(Signature.of(graph)) + _written(graph))
        if not cache.recall(plan_file):
            cache.remember(plan_file, b"".join(map(_written, in_two(plan))))

    def _recall(self, file: str) -> tuple[Any, Callable[[], Any]] | None:
        """Return the first part of a snapshot, and what reads the other."""
        if not (serves() and code_identity()):
            return None
        stream = io.BytesIO(cache.recall(file))
        try:
            return (_read(stream), _Rest(stream, file)) if stream.getbuffer() else None
        except pickle.UnpicklingError:  # whoever wrote that, it was not nnc
            return None

    def _graph_file(self, name: str) -> str:
        return f"{cache.make_key(self._contents, name)}.graph"

    def _plan_file(self, name: str, backend: str, sizes: Mapping[str, int]) -> str:
        text = repr(sorted(sizes.items()))
        return f"{cache.make_key(self._contents, name, backend, text)}.plan"


class _Rest:
    """Reads what a snapshot has after its first part when it is first called for; each call returns the same.

    Args:
        stream: where the first part ends.
        file: name of the snapshot.
    """

    def __init__(self, stream: io.BytesIO, file: str) -> None:
        self._data, self._file = stream.read(), file
        self._found: list[Any] = []

    def __call__(self) -> Any:
        """Return it.

        Raises:
            ProgramFileError: it was not written by nnc.
        """
        if not self._found:
            try:
                found = _read(io.BytesIO(self._data))
            except pickle.UnpicklingError as error:
                path = cache.cache_directory() / "c" / self._file
                raise ProgramFileError(f"nnc did not write {path}: {error}; run: nnc cache --clear") from None
            self._found.append(found)  # that of another thread may be here by now
        return self._found[0]


def _read(stream: io.BytesIO) -> Any:
    with collection_paused():
        return _Reader(stream).load()


def _written(thing: Any) -> bytes:
    stream = io.BytesIO()
    _Writer(stream, _PROTOCOL).dump(thing)
    return stream.getvalue()


class _Writer(pickle.Pickler):
    def reducer_override(self, thing: Any) -> Any:
        parts = _PARTS.get(type(thing))
        return NotImplemented if parts is None else (type(thing), parts(thing))


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _OTHERS:
            return super().find_class(module, name)
        found = super().find_class(module, name) if module.startswith("nnc.") else None
        if isinstance(found, type) and found.__module__ == module:
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no class of nnc's")
