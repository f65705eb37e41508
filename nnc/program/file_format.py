"""The ``.nnc`` file: a zip with a manifest, graphs as text and raw tensors; loading executes and unpickles nothing."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy

from nnc.aligned import aligned_empty
from nnc.backends import AUTO
from nnc.errors import GraphError, NestingError, ProgramFileError
from nnc.execution.graphs import GraphMaker
from nnc.execution.signature import Signature
from nnc.execution.snapshots import NO_SNAPSHOTS, Snapshots
from nnc.execution.spec import ProgramSpec
from nnc.files import check_nesting, read_into, read_json
from nnc.ir import Graph, TensorType, parse_graph
from nnc.ir.types import ITEM_SIZES
from nnc.labels import PREDICT, PROLOGUE
from nnc.program.consistency import check_derived, check_graph, check_graph_names, check_states

if TYPE_CHECKING:
    from nnc.tables import TableSchema

FORMAT = "nnc"
VERSION = 1
MANIFEST = "manifest.json"
STATES = "states.bin"
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # equal programs make equal files
_LARGEST_TEXT = 256 * 2**20
_LONG = 64 * 1024
"""Characters that take 15 ms to read; to look for snapshots takes 5."""


@dataclass(frozen=True)
class FileContents:
    """A program as its file has it.

    Args:
        spec: the program's description.
        graphs: for each name a function that reads the graph, when it is first used.
        states: arrays by label.
        order: state of the generator that draws the order of samples.
        table: what the columns of a table mean, where the program was trained on one.
        decisive: texts of the graphs and of what they have to fit.
    """

    spec: ProgramSpec
    graphs: Mapping[str, GraphMaker]
    states: dict[str, Any]
    order: dict[str, Any]
    table: TableSchema | None
    decisive: tuple[str, ...] = ()

    def snapshots(self, backend: str) -> Snapshots:
        """Return what earlier processes have made of the graphs, beside compiled code.

        Args:
            backend: what shall run them; where that is not sure to be C, short graphs are read sooner than looked for.
        """
        if backend != "c" and (backend != AUTO or sum(map(len, self.decisive)) < _LONG):
            return NO_SNAPSHOTS
        from nnc.execution.file_snapshots import FileSnapshots

        return FileSnapshots(self.decisive)


def to_bytes(contents: FileContents) -> bytes:
    """Return the bytes of a file; equal programs give equal bytes.

    Raises:
        NestingError: the model's config is nested too deeply for a file.
    """
    graphs = {name: str(make()) for name, make in contents.graphs.items()}
    arrays = sorted(contents.states.items())
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "program": contents.spec.to_json(),
        "graphs": list(graphs),
        "states": [{"label": label, "dtype": str(array.dtype), "shape": list(array.shape)} for label, array in arrays],
        "shuffler": _order_to_json(contents.order),
    }
    if contents.table is not None:
        manifest["table"] = contents.table.to_json()
    check_nesting(manifest)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(MANIFEST, _FIXED_TIME), json.dumps(manifest, indent=1, sort_keys=True))
        for name, text in graphs.items():
            archive.writestr(zipfile.ZipInfo(_graph_file(name), _FIXED_TIME), text)
        info = zipfile.ZipInfo(STATES, _FIXED_TIME)
        info.file_size = sum(array.nbytes for _, array in arrays)
        with archive.open(info, "w") as member:
            for _, array in arrays:
                member.write(numpy.ascontiguousarray(array).data)
    return buffer.getvalue()


def read_contents(stream: BinaryIO, source: str = "program") -> FileContents:
    """Read a file; arrays are read where they stay.

    Args:
        stream: the file, which can be sought in.
        source: where they come from, for messages.

    Raises:
        ProgramFileError: the file is damaged, truncated, of another kind, or written by a newer version; the message
            is one line.
    """
    try:
        size = stream.seek(0, os.SEEK_END)
        with zipfile.ZipFile(stream) as archive:
            return _read(archive, size, source)
    except ProgramFileError as error:
        problem = f"{source}: {error}"
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, OSError, struct.error) as error:
        problem = f"{source} is not a program file, or is damaged or truncated: {error}"
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, RuntimeError, AttributeError) as error:
        problem = f"{source} is damaged: {error}"
    raise ProgramFileError(_one_line(problem))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _read(archive: zipfile.ZipFile, size: int, source: str) -> FileContents:
    try:
        manifest = read_json(_member(archive, MANIFEST))
    except NestingError as error:
        raise ProgramFileError(f"manifest: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ProgramFileError("this is not an nnc program")
    version = manifest.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ProgramFileError(f"manifest: 'version' must be a positive number, got {version!r}")
    if version > VERSION:
        from nnc.installation import DISTRIBUTION

        raise ProgramFileError(
            f"it has file format {version}, and this nnc reads up to {VERSION}; "
            f"upgrade with: pip install --upgrade {DISTRIBUTION}"
        )
    spec = ProgramSpec.from_json(manifest.get("program"))
    states = _read_states(archive, size, manifest.get("states"))
    check_states(spec, states)
    names = manifest.get("graphs")
    if not isinstance(names, list):
        raise ProgramFileError("manifest: 'graphs' is missing")
    check_graph_names(spec, names)
    texts = {name: _member(archive, _graph_file(name)).decode() for name in names}
    reader = _GraphTexts(texts, source, spec, states)
    graphs: dict[str, GraphMaker] = {name: partial(reader.read, name) for name in names}
    order = _order_from_json(manifest.get("shuffler"))
    fitted = json.dumps([manifest["program"], manifest["states"]])
    return FileContents(
        spec, graphs, states, order, _table(spec, manifest.get("table")), (fitted, *names, *texts.values())
    )


def _table(spec: ProgramSpec, data: Any) -> TableSchema | None:
    """Return what the columns of a table mean to a program; most were not trained on one."""
    if data is None:
        return None
    from nnc.program.tables import read_schema

    return read_schema(spec, data)


@dataclass(frozen=True)
class _GraphTexts:
    """The texts of a file's graphs, each of which is read when it is first used.

    Args:
        texts: by name.
        file: where they come from, for messages.
        spec: the program's description.
        states: arrays by label.
        checked: graphs that were read to check another one, until they are used themselves.
    """

    texts: Mapping[str, str]
    file: str
    spec: ProgramSpec
    states: Mapping[str, Any]
    checked: dict[str, Graph] = field(default_factory=dict)

    def read(self, name: str) -> Graph:
        """Return a graph.

        Raises:
            ProgramFileError: its text is damaged, or it does not fit the program.
        """
        known = self.checked.pop(name, None)
        return self._parsed(name) if known is None else known

    def _parsed(self, name: str) -> Graph:
        import nnc.ir.ops  # noqa: F401  (the parser looks operations up by name)

        source = f"{self.file}:{_graph_file(name)}"
        try:
            graph = parse_graph(self.texts[name], source)
            check_graph(name, graph, self.spec, self.states)
            hoisted = Signature.of(graph).hoisted if name == PREDICT else {}
            if hoisted:
                check_derived(hoisted, self._derived())
        except ProgramFileError as error:
            raise ProgramFileError(_one_line(f"{source}: {error}; the file is damaged")) from None
        except (GraphError, RecursionError) as error:
            raise ProgramFileError(_one_line(f"{error}; the file is damaged")) from None
        return graph

    def _derived(self) -> Mapping[str, TensorType]:
        """Return the states that are derived from others for predictions."""
        if PROLOGUE not in self.texts:
            return {}
        self.checked[PROLOGUE] = prologue = self._parsed(PROLOGUE)
        return Signature.of(prologue).hoisted


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    info = _stored(archive, name)
    if info.file_size > _LARGEST_TEXT:
        raise ProgramFileError(f"'{name}' is larger than {_LARGEST_TEXT} bytes")
    return archive.read(info)


def _stored(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise ProgramFileError(f"'{name}' is missing in it") from None
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise ProgramFileError(f"'{name}' is compressed, which nnc does not write")
    return info


def _read_states(archive: zipfile.ZipFile, size: int, entries: Any) -> dict[str, Any]:
    info = _stored(archive, STATES)
    if not isinstance(entries, list):
        raise ProgramFileError("manifest: 'states' is missing")
    if info.file_size > size:
        raise ProgramFileError(f"'{STATES}' is cut off")
    types: dict[str, tuple[str, Any]] = {}
    expected = 0
    for entry in entries:
        label, dtype, shape = str(entry["label"]), str(entry["dtype"]), entry["shape"]
        if dtype not in ITEM_SIZES or not all(isinstance(dim, int) and dim >= 0 for dim in shape):
            raise ProgramFileError(f"state '@{label}' has type {dtype}{shape}, which does not exist")
        if not label.isprintable():
            raise ProgramFileError(f"the name of a state must be printable text on one line, got {label!r:.80}")
        if label in types:
            raise ProgramFileError(f"state '@{label}' is there twice")
        expected += prod(shape) * ITEM_SIZES[dtype]
        if expected > info.file_size:
            raise ProgramFileError(f"state '@{label}' is cut off")
        types[label] = dtype, shape
    if expected != info.file_size:
        raise ProgramFileError(f"'{STATES}' has {info.file_size} bytes, {expected} expected")
    states: dict[str, Any] = {}
    with archive.open(info) as stream:
        for label, (dtype, shape) in types.items():
            elements = aligned_empty((prod(shape),), dtype)
            if read_into(stream, elements.view(numpy.uint8).data) != elements.nbytes:
                raise ProgramFileError(f"state '@{label}' is cut off")
            states[label] = elements.reshape(shape)
        stream.read(1)  # checksums are compared at the end
    return states


def _graph_file(name: str) -> str:
    return f"graphs/{name}.txt"


_ORDER_BITS = {"state": 128, "inc": 128, "has_uint32": 1, "uinteger": 32}
"""Numbers of the state of NumPy's generator PCG64, and how many bits they have."""


def _order_to_json(state: Mapping[str, Any]) -> dict[str, str]:
    """Return the state of the generator of orders; as text, so that every JSON reader keeps 128-bit numbers."""
    numbers = {**state, **state["state"]}
    return {key: str(numbers[key]) for key in _ORDER_BITS}


def _order_from_json(data: Any) -> dict[str, Any]:
    numbers: dict[str, int] = {}
    for key, bits in _ORDER_BITS.items():
        text = data.get(key) if isinstance(data, dict) else None
        if not isinstance(text, str) or not (text.isdecimal() and len(text) < 40 and int(text) < 2**bits):
            raise ProgramFileError(f"manifest: 'shuffler' must have a number '{key}' of {bits} bits, got {text!r}")
        numbers[key] = int(text)
    return {
        "bit_generator": "PCG64",
        "state": {"state": numbers["state"], "inc": numbers["inc"]},
        "has_uint32": numbers["has_uint32"],
        "uinteger": numbers["uinteger"],
    }
