"""Damaged program files: refused in one line, or as good as before where only numbers differ; nothing else happens."""

from __future__ import annotations

import io
import json
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnc
from nnc.errors import NestingError, ProgramFileError
from nnc.files import MAX_DEPTH
from nnc.program.program import program_from_bytes, program_to_bytes
from tests.program.samples import X, Y, network

Members = dict[str, bytes]


@cache
def whole() -> bytes:
    """Return the bytes of a file."""
    model = network()
    model.fit(X, Y, verbose=0)
    return program_to_bytes(model.program)


def members() -> Members:
    with zipfile.ZipFile(io.BytesIO(whole())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Members, compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part, compression)
    return buffer.getvalue()


def use(data: bytes) -> str:
    """Do everything with a program; return "works", or the one line it was refused with."""
    try:
        program = program_from_bytes(data, "net.nnc")
        [program.source(name) for name in program.graph_names]
        program(X), program.predict(X), program.evaluate(X, Y)
        program.fit(X, Y, batch_size=25, verbose=0)
        program.train_step(X, Y, numpy.ones(50))
        program_to_bytes(program)
    except ProgramFileError as error:
        message = str(error)
        assert "\n" not in message
        assert message.startswith("net.nnc")
        return message
    return "works"


def test_whole_file_works():
    assert use(whole()) == use(packed(members())) == "works"


def test_truncated_anywhere():
    data = whole()
    for length in [*range(0, len(data), max(len(data) // 150, 1)), *range(len(data) - 30, len(data))]:
        assert use(data[:length]).startswith("net.nnc is not a program file, or is damaged or truncated: ")


@settings(max_examples=60)
@given(st.data())
def test_any_flipped_bytes(data):
    damaged = bytearray(whole())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    use(bytes(damaged))


@settings(max_examples=60)
@given(st.data())
def test_any_exchanged_words_behind_a_right_checksum(data):
    parts = members()
    name = data.draw(st.sampled_from([name for name in parts if name != "states.bin"]))
    words = [match.span() for match in re.finditer(rb'[A-Za-z0-9_/@%"]+|\S', parts[name])]
    for _ in range(data.draw(st.integers(1, 2))):
        start, end = data.draw(st.sampled_from(words))
        first, last = data.draw(st.sampled_from(words))
        parts[name] = parts[name][:start] + parts[name][first:last] + parts[name][end:]
    use(packed(parts))


@settings(max_examples=10)
@given(st.binary(max_size=200))
def test_any_bytes(data):
    assert use(data).startswith("net.nnc is not a program file")
    assert use(whole()[:100] + data) != "works"


def test_flipped_weights_are_weights():
    parts = members()
    numbers = bytearray(parts["states.bin"])
    for position in range(0, len(numbers), 7):
        numbers[position] ^= 255
    assert use(packed(parts | {"states.bin": bytes(numbers)})) == "works"


def manifest(change: Callable[[Any], object]) -> bytes:
    parts = members()
    described = json.loads(parts["manifest.json"])
    change(described)
    return packed(parts | {"manifest.json": json.dumps(described).encode()})


def set_version(version: object) -> bytes:
    return manifest(lambda m: m.update(version=version))


def graph(name: str, old: str, new: str) -> bytes:
    parts = members()
    text = parts[f"graphs/{name}.txt"].decode()
    assert old in text
    return packed(parts | {f"graphs/{name}.txt": text.replace(old, new, 1).encode()})


def nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"x": value}
    return value


HUGE = 10**12
CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "newer": (
        lambda: set_version(2),
        ": it has file format 2, and this nnc reads up to 1; upgrade with: pip install --upgrade nnc-keras",
    ),
    "version": (lambda: set_version("1"), ": manifest: 'version' must be a positive number, got '1'"),
    "version 0": (lambda: set_version(0), ": manifest: 'version' must be a positive number, got 0"),
    "no format": (lambda: manifest(lambda m: m.pop("format")), ": this is not an nnc program"),
    "another zip": (lambda: packed({"word/document.xml": b"<a/>"}), ": 'manifest.json' is missing in it"),
    "no program": (lambda: manifest(lambda m: m.pop("program")), ": manifest: 'name' is missing"),
    "no states": (lambda: manifest(lambda m: m.pop("states")), ": manifest: 'states' is missing"),
    "no graphs": (lambda: manifest(lambda m: m.pop("graphs")), ": manifest: 'graphs' is missing"),
    "no shuffler": (
        lambda: manifest(lambda m: m.pop("shuffler")),
        ": manifest: 'shuffler' must have a number 'state' of 128 bits, got None",
    ),
    "deep": (
        lambda: packed(members() | {"manifest.json": b"[" * 10**5}),
        ": manifest: values are nested more than 400 deep",
    ),
    "deep model": (
        lambda: manifest(lambda m: m["program"].update(model=nested(MAX_DEPTH))),
        ": manifest: values are nested more than 400 deep",
    ),
    "many classes": (
        lambda: manifest(lambda m: m["program"]["targets"][0].update(classes=10**6)),
        ": manifest: target 'y' has 1000000 classes, for outputs of 1 numbers a row",
    ),
    "negative classes": (
        lambda: manifest(lambda m: m["program"]["targets"][0].update(classes=-1)),
        ": manifest: target 'y' has -1 classes, for outputs of 1 numbers a row",
    ),
    "list": (lambda: packed(members() | {"manifest.json": b"[]"}), ": this is not an nnc program"),
    "compressed": (
        lambda: packed(members(), zipfile.ZIP_DEFLATED),
        ": 'manifest.json' is compressed, which nnc does not",
    ),
    "bomb": (
        lambda: packed(members() | {"states.bin": bytes(10**8)}, zipfile.ZIP_DEFLATED),
        ": 'manifest.json' is compressed",
    ),
    "huge state": (
        lambda: manifest(lambda m: m["states"][0].update(shape=[HUGE])),
        ": state '@metrics/count' is cut off",
    ),
    "negative": (
        lambda: manifest(lambda m: m["states"][0].update(shape=[-1])),
        ": state '@metrics/count' has type float32[-1], which does not exist",
    ),
    "objects": (
        lambda: manifest(lambda m: m["states"][0].update(dtype="object")),
        ": state '@metrics/count' has type object[2], which does not exist",
    ),
    "state twice": (
        lambda: manifest(lambda m: m["states"].append(m["states"][0])),
        ": state '@metrics/count' is there twice",
    ),
    "size of the states": (
        lambda: whole().replace(struct.pack("<L", len(members()["states.bin"])) * 2, struct.pack("<L", 2**31) * 2),
        ": 'states.bin' is cut off",
    ),
    "one state less": (lambda: manifest(lambda m: m["states"].pop(0)), ": 'states.bin' has"),
    "huge output": (
        lambda: manifest(lambda m: m["program"]["outputs"][0].update(shape=[HUGE])),
        ":graphs/predict.txt: output 'out' should be f32[batch,1000000000000], it is f32[batch,1]",
    ),
    "huge input": (
        lambda: manifest(lambda m: m["program"]["inputs"][0].update(shape=[HUGE])),
        ":graphs/predict.txt: input 'x' should be f32[batch,1000000000000], it is f32[batch,3]",
    ),
    "element type": (
        lambda: manifest(lambda m: m["program"]["outputs"][0].update(dtype="object")),
        ": manifest: unknown element type 'object'",
    ),
    "huge variable": (
        lambda: manifest(lambda m: m["program"]["variables"][0].update(shape=[HUGE])),
        ": variable 'hidden/kernel' lies outside its state",
    ),
    "variable before": (
        lambda: manifest(lambda m: m["program"]["variables"][0].update(offset=-1)),
        ": variable 'hidden/kernel' lies outside its state",
    ),
    "metric more": (
        lambda: manifest(lambda m: m["program"]["metrics"].append("mae")),
        ": state '@metrics/total' does not have 3 elements, one per metric",
    ),
    "name": (
        lambda: manifest(lambda m: m["program"].update(name="a\x1b[31m")),
        r": manifest: 'name' must be printable text on one line, got 'a\x1b[31m'",
    ),
    "name of a metric": (
        lambda: manifest(lambda m: m["program"]["metrics"].append("a\nb")),
        r": manifest: 'metrics' must be printable text on one line, got 'a\nb'",
    ),
    "name of a state": (
        lambda: manifest(lambda m: m["states"][0].update(label="\u202e")),
        r": the name of a state must be printable text on one line, got '\u202e'",
    ),
    "metric twice": (
        lambda: manifest(lambda m: m["program"].update(metrics=["loss", "loss"])),
        ": manifest: a name occurs twice",
    ),
    "path": (
        lambda: manifest(lambda m: m["graphs"].append("../../evil")),
        ": manifest: there should be no graph '../../evil'",
    ),
    "no train": (lambda: manifest(lambda m: m["graphs"].remove("train")), ": manifest: graph 'train' is missing"),
    "generator": (
        lambda: manifest(lambda m: m["shuffler"].update(state="x")),
        ": manifest: 'shuffler' must have a number 'state' of 128 bits, got 'x'",
    ),
    "generator 2": (
        lambda: manifest(lambda m: m["shuffler"].update(uinteger=str(2**32))),
        ": manifest: 'shuffler' must have a number 'uinteger' of 32 bits, got '4294967296'",
    ),
    "no text": (lambda: packed(members() | {"graphs/predict.txt": b"\xff"}), " is damaged: 'utf-8' codec can't decode"),
    "other graph": (
        lambda: packed(members() | {"graphs/predict.txt": members()["graphs/train.txt"]}),
        ":graphs/predict.txt: there should be no input 'y'; the file is damaged",
    ),
    "lost state": (
        lambda: graph("predict", "@parameters : f32[41]", "@parameters : f32[40]"),
        ":graphs/predict.txt line 5:",
    ),
    "unknown state": (
        lambda: graph("predict", "@parameters", "@weights"),
        ":graphs/predict.txt line 5: @parameters is used before it is defined",
    ),
    "no loss": (
        lambda: graph("evaluate", "return loss=", "return lost="),
        ":graphs/evaluate.txt: output 'loss' is missing; the file is damaged",
    ),
    "huge value": (
        lambda: graph(
            "predict", "  return", "  %q = broadcast_to(f32(1), shape=[10000000000]) : f32[10000000000]\n  return"
        ),
        ":graphs/predict.txt: 'broadcast_to' has a result of type f32[10000000000], which is too large",
    ),
    "huge value in a loop": (
        lambda: graph(
            "predict",
            "  return",
            "  %q = broadcast_to(f32(1), shape=[2, 1]) : f32[2,1]\n"
            "  %r = scan(%q, carries=0, sequences=1) : f32[2] {(s)\n"
            "    %0 = broadcast_to(f32(1), shape=[10000000000]) : f32[10000000000]\n"
            "    %1 = sum(%0, axes=[0]) : f32[]\n"
            "    return y=%1\n  }\n  return",
        ),
        ":graphs/predict.txt: 'broadcast_to' has a result of type f32[10000000000], which is too large",
    ),
    "window from outside": (
        lambda: graph("predict", "  state @parameters", "  state @w : f32[batch] window\n  state @parameters"),
        ":graphs/predict.txt",
    ),
    "other dimension": (
        lambda: graph("predict", "  return", "  %q = broadcast_to(f32(1), shape=[time]) : f32[time]\n  return"),
        ":graphs/predict.txt: 'broadcast_to' has a dimension that no input has: f32[time]",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_wrong_contents(name):
    make, message = CASES[name]
    data = make()
    tracemalloc.start()
    try:
        found = use(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.startswith(f"net.nnc{message}")
    assert peak < 4 * len(data) + 4 * 10**6


@pytest.mark.parametrize(
    "name", ["manifest.json", "states.bin", *(f"graphs/{name}.txt" for name in ("predict", "train"))]
)
def test_missing_members(name):
    assert (
        use(packed({key: part for key, part in members().items() if key != name}))
        == f"net.nnc: '{name}' is missing in it"
    )


def test_members_are_never_extracted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert use(packed(members() | {"../evil": b"x", "/tmp/evil-nnc": b"x", "evil": b"x"})) == "works"
    assert list(tmp_path.parent.glob("**/evil*")) == []


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        nnc.load(tmp_path / "nowhere.nnc")
    (tmp_path / "empty.nnc").touch()
    with pytest.raises(ProgramFileError) as error:
        nnc.load(tmp_path / "empty.nnc")
    assert str(error.value) == (
        f"{tmp_path / 'empty.nnc'} is not a program file, or is damaged or truncated: File is not a zip file"
    )


def test_what_can_be_read_can_be_written_again() -> None:
    """The manifest and the program are two levels around the config, which is at most as deep as the limit allows."""
    data = manifest(lambda m: m["program"].update(model=nested(MAX_DEPTH - 3)))
    program = program_from_bytes(data)
    assert program_from_bytes(program_to_bytes(program)).spec == program.spec
    program.executor.spec = replace(program.spec, model=nested(MAX_DEPTH))
    with pytest.raises(NestingError, match="values are nested more than 400 deep"):
        program_to_bytes(program)
