"""The part of a program's file that is about texts, damaged: refused in one line."""

from __future__ import annotations

import io
import json
import random
import re
import zipfile
from functools import cache

import numpy
import pytest

import nnc
from nnc import layers
from nnc.errors import NncError, ProgramFileError
from nnc.program.program import program_from_bytes, program_to_bytes

X = {"a": ["red dog", "", "the cat"], "b": ["x", "y", "z"]}


@cache
def whole() -> bytes:
    """Return the bytes of a program with a step of each kind that a program can have."""
    a, b = (nnc.Input((1,), dtype="string", name=name) for name in "ab")
    vectorize = layers.TextVectorization(vocabulary=["dog", "cat"], idf_weights=[1.5, 2.0], output_mode="tf_idf")
    lookup = layers.StringLookup(vocabulary=["x", "y"], num_oov_indices=2, salt=[1, 2], mask_token="")
    parts = [
        vectorize(a),
        layers.Hashing(3, mask_value="", output_mode="one_hot")(
            layers.StringLookup(vocabulary=["x"], invert=True)(lookup(b))
        ),
        layers.HashedCrossing(4, output_mode="one_hot")([a, b]),
    ]
    model = nnc.Model([a, b], layers.Dense(1)(layers.Concatenate()(parts)))
    return program_to_bytes(model.program)


def changed(change) -> bytes:
    """Return the file with another manifest."""
    with zipfile.ZipFile(io.BytesIO(whole())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts["manifest.json"])
    change(manifest["program"])
    parts["manifest.json"] = json.dumps(manifest).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def of_kind(program, wanted):
    """Return the first step of a kind."""
    steps = [item["step"] for item in program["edge"]["steps"]]
    return next(item for item in steps if item["kind"] == wanted)


def step(wanted, **values):
    def change(program):
        of_kind(program, wanted).update(values)

    return change


def encoding(wanted, **values):
    def change(program):
        found = of_kind(program, wanted)
        (found.get("lookup") or found)["encoding"].update(values)

    return change


def at(number, **values):
    def change(program):
        program["edge"]["steps"][number].update(values)

    return change


def of_program(**values):
    return lambda program: program.update(values)


DAMAGE = [
    (of_program(edge=3), "'edge' must have a list of steps"),
    (of_program(given=[]), "'edge' must name arrays by their numbers, before they are used"),
    (of_program(given=3), "'given' must be list, got 3"),
    (lambda program: program["given"][0].update(dtype="text"), "unknown element type 'text'"),
    (lambda program: program["given"][1].update(label="a"), "a name occurs twice"),
    (lambda program: program["edge"].update(results=[0, 1]), "what 'edge' makes is not what the program's graphs take"),
    (lambda program: program["edge"].update(results=[0, 99]), "'edge' must name arrays by their numbers"),
    (lambda program: program["edge"].update(results=None), "'edge' must name arrays by their numbers"),
    (at(0, takes=[]), "a step of 'edge' takes nothing"),
    (at(0, takes=[2]), "'edge' must name arrays by their numbers, before they are used"),
    (at(0, takes=[True]), "'edge' must name arrays by their numbers"),
    (at(0, takes=[0, 1]), "it takes 1 input, got 2"),
    (at(0, name="a\nb"), "a step of 'edge' must have a printable name"),
    (at(0, step=None), "a step of 'edge' must be a mapping, got None"),
    (step("vectorization", kind="run"), "a step of 'edge' is of kind 'run'"),
    (step("vectorization", kind=["lookup"]), "'kind' of a step must be text, got ['lookup']"),
    (
        step("vectorization", standardize="os.system"),
        "'standardize' of a step must be one of lower_and_strip_punctuation",
    ),
    (step("vectorization", split=1), "'split' of a step must be one of whitespace, character, got 1"),
    (step("vectorization", ngrams=[0]), "'ngrams' of a step must be a list of positive numbers"),
    (step("vectorization", length=-1), "'length' of a step must be a whole number from 1"),
    (step("lookup", tokens=["x", "x"]), "'tokens' of a step must be a list of different texts"),
    (step("lookup", tokens=["\ud800"]), "'tokens' of a step must be a list of different texts"),
    (step("lookup", unknown=-1), "'unknown' of a step must be a whole number from 0"),
    (step("lookup", salt=[1]), "'salt' of a step must be two whole numbers"),
    (step("lookup", mask=3), "'mask' of a step must be text, got 3"),
    (encoding("vectorization", mode="eval"), "'mode' of a step must be one of int, one_hot"),
    (encoding("vectorization", dtype="object"), "'dtype' of a step must be one of float32"),
    (encoding("vectorization", weights=[1.0]), "'weights' of a step must be one for each class, with tf_idf alone"),
    (
        encoding("vectorization", weights=[1.0, 2.0, float("nan")]),
        "'weights' of a step must be a list of finite numbers",
    ),
    (encoding("vectorization", depth=2**40), "'depth' of a step must be a whole number from 1 to 2147483647"),
]


@pytest.mark.parametrize(("change", "message"), DAMAGE)
def test_damage_is_refused_in_one_line(change, message):
    with pytest.raises(ProgramFileError, match=re.escape(message)) as error:
        program_from_bytes(changed(change), "net.nnc")
    assert str(error.value).startswith("net.nnc: manifest: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("seed", range(150))
def test_whatever_a_manifest_says_nothing_but_an_error_happens(seed):
    generator = random.Random(seed)
    values = [None, True, -1, 0, 1, 2**31, 1e300, "", "x", "lookup", [], {}, [[]], ["a"], {"kind": "hashing"}]

    def change(program):
        places = []

        def visit(item):
            pairs = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
            for key, value in pairs:
                places.append((item, key))
                visit(value)

        visit({"edge": program["edge"], "given": program["given"]})
        for _ in range(generator.randint(1, 3)):
            item, key = generator.choice([place for place in places if place[1] not in ("edge", "given")])
            item[key] = generator.choice(values)

    try:
        found = program_from_bytes(changed(change), "net.nnc").predict(X)
    except NncError as error:
        assert "\n" not in str(error)
    else:
        assert numpy.shape(found) == (3, 1)


def test_the_whole_file_works():
    program = program_from_bytes(changed(lambda program: None))
    assert program.predict(X).shape == (3, 1)
    assert program_to_bytes(program) == whole()
