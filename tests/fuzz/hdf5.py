"""Changes HDF5 files: their bytes, texts in place, and what the library can change of a file that is whole."""

from __future__ import annotations

import io
import json
import random
import re
from contextlib import suppress
from typing import Any

import h5py
import numpy

from tests.fuzz.mutation import change_bytes, change_json, change_words

_MOST_KNOWN = 20_000
_known: set[int] = set()  # hashes of files that the library has written; others might crash it when it writes


def written_by_library(content: bytes) -> bytes:
    """Return a content, and note that it is whole."""
    if len(_known) < _MOST_KNOWN:
        _known.add(hash(content))
    return content


def change_hdf5(content: bytes, random: random.Random) -> bytes:
    """Change a file in one of three ways."""
    if hash(content) in _known and random.random() < 0.5:
        return _change_members(content, random)
    return random.choice((change_bytes, _change_in_place, _change_in_place))(content, random)


def _change_in_place(content: bytes, random: random.Random) -> bytes:
    """Change a text in a file, and keep its length: JSON becomes JSON, with spaces behind it."""
    texts = [match.span() for match in re.finditer(rb"[ -~]{4,}", content)]
    if not texts:
        return change_bytes(content, random)
    texts.sort(key=lambda span: span[0] - span[1])
    start, end = texts[0] if random.random() < 0.5 else random.choice(texts)
    text = content[start:end]
    begin = text.find(b"{")
    if begin >= 0 and len(text) > 40:
        start += begin
        text, rest = _json_and_rest(text[begin:])
        new = _compact(change_json(text, random))
        room = len(text)
        if len(new) > room:
            return content
        end = start + room + len(rest)
        return content[:start] + new.ljust(room) + rest + content[end:]
    new = change_words(text, random)[: len(text)].ljust(len(text), b"\0")
    return content[:start] + new + content[end:]


def _json_and_rest(text: bytes) -> tuple[bytes, bytes]:
    try:
        _, end = json.JSONDecoder().raw_decode(text.decode("ascii"))
        spaces = len(text[end:]) - len(text[end:].lstrip())
        return text[: end + spaces], text[end + spaces :]
    except ValueError:
        return text, b""


def _compact(text: bytes) -> bytes:
    try:
        return json.dumps(json.loads(text), separators=(",", ":")).encode()
    except ValueError:
        return text


def _change_members(content: bytes, random: random.Random) -> bytes:
    """Remove, exchange and rename groups, data sets and attributes."""
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        for _ in range(random.choice((1, 1, 2))):
            with suppress(Exception):  # what the library refuses, in many ways
                _change_member(file, random)
    return written_by_library(buffer.getvalue())


SHAPES: list[Any] = [(), (0,), (1,), (2,), (3,), (4, 3), (3, 4), (3, 2), (4, 3, 1), (1,) * 32, (1000, 1000)]
TYPES = ["f2", "f4", "f8", ">f4", "i1", "i8", "u8", "?", "S3", "c8", [("a", "f4")]]


def _change_member(file: Any, random: random.Random) -> None:
    names: list[str] = []
    file.visit(names.append)
    place = random.choice(["", *names])
    member = file[place] if place else file
    attributes = list(member.attrs)
    match random.randrange(9):
        case 0 | 1 | 2 if attributes:
            _change_attribute(member.attrs, random.choice(attributes), random)
        case 3 if attributes:
            del member.attrs[random.choice(attributes)]
        case 4 if place:
            del file[place]
            if random.random() < 0.5:
                file[place] = random.choice(
                    (h5py.SoftLink("/"), h5py.SoftLink(place), h5py.ExternalLink("/etc/passwd", "/x"))
                )
        case 5 if place and "x" not in file:
            file.move(place, random.choice(("x", f"{place}_1", f"{place}x", "layers/dense/vars/7")))
        case 6 | 7 if isinstance(member, h5py.Dataset):
            del file[place]
            options = random.choice(({}, {"chunks": True}, {"compression": "gzip"}, {"fillvalue": 1}))
            shape, kind = random.choice(SHAPES), random.choice(TYPES)
            file.create_dataset(place, shape, kind, **options)
        case _:
            other = random.choice(names) if names else ""
            if other and place != other and not place.startswith(other):
                file[f"{place}/copy of {random.randrange(9)}".lstrip("/")] = file[other]


def _change_attribute(attributes: Any, name: str, random: random.Random) -> None:
    value = attributes[name]
    if isinstance(value, numpy.ndarray):
        items = [item if isinstance(item, bytes) else str(item).encode() for item in value.ravel()]
        if items:
            items[random.randrange(len(items))] = random.choice((b"", b"x", b"..", b"a/b", items[0], b"y" * 300))
        attributes[name] = items or numpy.zeros((2, 2))
        return
    text = value if isinstance(value, bytes) else str(value).encode()
    change = change_json if text.startswith(b"{") else change_bytes
    changed = change(text, random).replace(b"\0", b"")
    attributes[name] = random.choice((numpy.bytes_(changed), changed.decode("utf-8", "replace")))
