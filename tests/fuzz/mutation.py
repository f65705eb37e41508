"""Changes contents of files at random, behind zips and checksums too, so that what is left is still worth reading."""

from __future__ import annotations

import copy
import io
import json
import random
import re
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

import yaml

Change = Callable[[bytes, random.Random], bytes]

LARGEST = 2**18
VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 3, 7, 16, 255, 2**15, 2**31 - 1, 2**31, 2**40, 2**63, -(2**63), 10**30),
    *(0.5, -0.5, 1e-30, 1e30, 1e300, float("nan"), float("inf"), 1.0),
    *(
        "",
        "x",
        "a/b",
        "\0",
        "\x1b[31m",
        "\u202e",
        "\ud800",
        "k" * 300,
        "same",
        "valid",
        "relu",
        "softmax",
        "mse",
        "adam",
    ),
    *("float32", "int32", "None", "..", "../../x", "<lambda>"),
    *([], {}, [[]], [None], [1], [2, 3], [1] * 40, {"class_name": "Dense"}),
    {"class_name": "Dense", "config": {"units": 2}},
    {"class_name": "__lambda__", "config": {"value": "4wE="}},
    {"module": "os", "class_name": "system", "config": {}},
]
NAMES = re.findall(
    r"\w+",
    """
    relu tanh sigmoid softmax linear elu gelu same valid causal mse mae categorical_crossentropy hinge adam sgd rmsprop
    zeros ones glorot_uniform he_normal orthogonal l2 float32 float64 int32 channels_last accuracy Dense Dropout GRU
    Activation Softmax Add Multiply Concatenate Conv1D Conv2D DepthwiseConv2D MaxPooling2D GlobalAveragePooling2D LSTM
    BatchNormalization LayerNormalization Embedding SimpleRNN Reshape Permute RepeatVector ZeroPadding2D Cropping2D
    UpSampling2D Masking GaussianNoise Normalization Rescaling InputLayer TimeDistributed Bidirectional nadam Lambda
    Flatten
    """,
)
"""What is known to readers of models."""
WORDS = [
    *(b"\0", b"\xff", b"\n", b" ", b'"', b"'", b"\\", b",", b":", b"{", b"}", b"[", b"]", b"(", b")", b"%", b"@", b"-"),
    *(b"0", b"1", b"-1", b"2147483648", b"99999999999999999999", b"nan", b"inf", b"1e999", b"null", b"true", b"batch"),
    *(b"time", b"&a ", b"*a", b"<<: ", b"!!x ", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\x1b[31m", b"\0\0\0\0"),
    *(b"\x7f\x7f\x7f\x7f", b"\xff\xff\xff\xff"),
]


def change_bytes(content: bytes, random: random.Random) -> bytes:
    """Flip, remove, double, exchange and insert bytes."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 4, 12))):
        place = random.randrange(len(changed) + 1)
        length = random.choice((1, 1, 2, 4, 8, 40))
        match random.randrange(6):
            case 0 if place < len(changed):
                changed[place] ^= 1 << random.randrange(8)
            case 1 if place < len(changed):
                changed[place] = random.randrange(256)
            case 2:
                del changed[place : place + length]
            case 3:
                changed[place:place] = random.choice(WORDS)
            case 4:
                word = random.choice(WORDS)
                changed[place : place + len(word)] = word
            case 5:
                start = random.randrange(len(changed) + 1)
                changed[place : place + random.choice((0, length))] = changed[start : start + length]
    return bytes(changed)


def change_words(content: bytes, random: random.Random) -> bytes:
    """Exchange words of a text for others in it."""
    words = [match.span() for match in re.finditer(rb"[A-Za-z0-9_.]+|[^\sA-Za-z0-9_.]", content[:LARGEST])]
    for _ in range(random.choice((1, 1, 2, 3)) if words else 0):
        start, end = random.choice(words)
        first, last = random.choice(words)
        new = random.choice((content[first:last], content[first:last], b"", random.choice(WORDS)))
        content = content[:start] + new + content[end:]
    return content


def change_lines(content: bytes, random: random.Random) -> bytes:
    """Remove, double or exchange lines."""
    lines = content.split(b"\n")
    first, second = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(3):
        case 0:
            del lines[first]
        case 1:
            lines.insert(second, lines[first])
        case 2:
            lines[first], lines[second] = lines[second], lines[first]
    return b"\n".join(lines)


def change_json(content: bytes, random: random.Random) -> bytes:
    """Change values of a JSON text, or its bytes where it is none."""
    try:
        tree = json.loads(content)
        for _ in range(random.choice((1, 1, 2, 3))):
            tree = change_tree(tree, random)
        return json.dumps(tree, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return change_bytes(content, random)


def change_yaml(content: bytes, random: random.Random) -> bytes:
    """Change values of a YAML text, or its bytes where it is none."""
    try:
        tree = yaml.safe_load(content[:20_000])
        for _ in range(random.choice((1, 1, 2, 3))):
            tree = change_tree(tree, random)
        return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True).encode("utf-8", "surrogatepass")
    except (yaml.YAMLError, ValueError, RecursionError, AttributeError, TypeError):
        return change_bytes(content, random)


def places(value: Any, limit: int = 2_000) -> list[tuple[Any, Any]]:
    """Return containers and keys of all values within a value."""
    found: list[tuple[Any, Any]] = []
    level = [value]
    while level and len(found) < limit:
        item = level.pop()
        keys = list(item) if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ()
        found += [(item, key) for key in keys]
        level += [item[key] for key in keys]
    return found


def change_tree(tree: Any, random: random.Random) -> Any:
    """Change one value: remove it, exchange it for a strange one or one from elsewhere, rename or double it."""
    known = places(tree)
    if not known:
        return copy.deepcopy(random.choice(VALUES))
    if random.random() < 0.4:
        return _change_slightly(tree, known, random)
    owner, key = random.choice(known)
    other_owner, other_key = random.choice(known)
    value = owner[key]
    match random.randrange(8):
        case 0:
            del owner[key]
        case 1 | 2:
            owner[key] = copy.deepcopy(random.choice(VALUES))
        case 3 | 4:
            owner[key] = copy.deepcopy(other_owner[other_key])
        case 5 if isinstance(value, int | float) and not isinstance(value, bool):
            owner[key] = random.choice((value + 1, value - 1, -value, value * 2, 0, str(value), float(value)))
        case 6 if isinstance(owner, list):
            owner.insert(key, copy.deepcopy(value))
        case 7 if isinstance(owner, dict):
            owner[other_key if isinstance(other_key, str) else "x"] = owner.pop(key)
        case _ if isinstance(value, str):
            owner[key] = change_bytes(value.encode("utf-8", "surrogatepass"), random).decode("utf-8", "replace")
        case _:
            owner[key] = [value]
    return tree


def _change_slightly(tree: Any, known: list[tuple[Any, Any]], random: random.Random) -> Any:
    """Change a value so that what has it is likely still to be read."""
    owner, key = random.choice(known)
    value = owner[key]
    match value:
        case bool():
            owner[key] = not value
        case int():
            owner[key] = random.choice((value + 1, max(value - 1, 0), 1, 2, 3, 4, 5, 8))
        case float():
            owner[key] = random.choice((value / 2, value * 2, 0.0, 0.5, 1.0))
        case str():
            same = [other[name] for other, name in known if name == key and isinstance(other[name], str)]
            owner[key] = random.choice((random.choice(same), random.choice(NAMES)))
        case list() if value:
            owner[key] = random.choice((value[:-1], value[::-1], value + copy.deepcopy(value[-1:])))
        case None:
            owner[key] = random.choice((1, 2, True, random.choice(NAMES)))
        case _ if isinstance(owner, list):
            owner.insert(random.randrange(len(owner) + 1), copy.deepcopy(value))
    return tree


def either(*changes: Change) -> Change:
    """Return what makes one of several changes, of which earlier ones are not rarer than later ones."""

    def change(content: bytes, random: random.Random) -> bytes:
        return random.choice(changes)(content, random)

    return change


def change_zip(members: dict[str, Change], compression: int = zipfile.ZIP_STORED) -> Change:
    """Return what changes members of an archive and packs it again.

    Args:
        members: what changes a member, by how its name ends; others are changed bytewise.
        compression: of members.
    """

    def change(content: bytes, random: random.Random) -> bytes:
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                parts = [(info.filename, archive.read(info)) for info in archive.infolist() if info.file_size < LARGEST]
        except Exception:
            return change_bytes(content, random)
        if not parts:
            return change_bytes(content, random)
        index = random.randrange(len(parts))
        name, part = parts[index]
        match random.randrange(20):
            case 0:
                del parts[index]
            case 1:
                parts.append((random.choice((name, f"../{name}", f"/{name}", f"{name}/")), part))
            case 2:
                parts[index] = (change_bytes(name.encode(), random).decode("utf-8", "replace"), part)
            case _:
                make = next((found for end, found in members.items() if name.endswith(end)), change_bytes)
                parts[index] = (name, make(part, random))
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings(action="ignore"):  # a name occurs twice
            for name, part in parts:
                kind = zipfile.ZIP_DEFLATED if random.random() < 0.02 else compression
                archive.writestr(zipfile.ZipInfo(name[:1000]), part, kind)
        return buffer.getvalue()

    return change
