"""Damaged and malicious files are refused in one of our errors, or read; nothing in them is executed."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontends import yaml_file, yaml_nodes
from frontends.yaml_file import read_text
from nnc.errors import ModelError, ModelFileError
from nnc.readers import read_model
from tests.frontends.samples import KERAS_2_FUNCTIONAL, KERAS_2_SEQUENTIAL, SHORT

TAGS = [
    ("!!python/object/apply:os.system ['touch pwned']", "!!python/object/apply:os.system"),
    ("!!python/name:os.system", "!!python/name:os.system"),
    ("!!python/object/new:subprocess.Popen [['touch', 'pwned']]", "!!python/object/new:subprocess.Popen"),
    ("!!python/tuple [2]", "!!python/tuple"),
    ("!!binary aGVsbG8=", "!!binary"),
    ("!!set {a: null}", "!!set"),
    ("!local 3", "!local"),
    ("!<tag:example.org,2002:x> 3", "tag:example.org,2002:x"),
]


@pytest.mark.parametrize(("value", "tag"), TAGS)
def test_tags_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, tag: str) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.yaml"
    path.write_text(
        f"input: [2]\nlayers:\n  - Dense: {{units: 2, activation: relu}}\n  - Dense:\n      units: {value}\n"
    )
    with pytest.raises(ModelFileError) as caught:
        read_model(path)
    expected = f"model.yaml line 5: the tag '{tag}' is not allowed: model files hold plain values; remove it"
    assert caught.value.problems == (expected,)
    assert [item.name for item in tmp_path.iterdir()] == ["model.yaml"]


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefghijk", "bcdefghijkl", strict=True)
)
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{index}: &a{index} [*a{index - 1}]\n" for index in range(1, 100))
MERGE_BOMB = "a: &a {x: 1, y: 1}\n" + "".join(
    f"{after}: &{after} {{<<: [*{before}, *{before}, *{before}], {after}: *{before}}}\n"
    for before, after in zip("abcdefghijklmnop", "bcdefghijklmnopq", strict=True)
)

REFUSED = [
    (BOMB, "the file has more than 100,000 values, aliases counted as often as used"),
    (MERGE_BOMB, "the file has more than 100,000 values, aliases counted as often as used"),
    (CHAIN, "values are nested more than 64 deep"),
    ("[" * 100_000, "values are nested more than 64 deep"),
    ("{a: " * 100_000, "values are nested more than 64 deep"),
    ("- " * 100_000, "values are nested more than 64 deep"),
    ("".join(f"{' ' * index}a:\n" for index in range(200)), "values are nested more than 64 deep"),
    ("a: &a [*a]", "the value '&a' contains itself by '*a'"),
    ("a: &a {b: [1, {c: *a}]}", "the value '&a' contains itself by '*a'"),
    ("a: *b", "the alias '*b' stands for nothing: no '&b' comes before it"),
    ("a: 1\n" * 3 + "? [x]\n: 2\n", "'a' is given twice"),
    ("a: 1\n--- \nb: 2\n", "a second document starts here"),
    ("%YAML 9.9\n---\na: 1\n", "this is not valid YAML"),
    ("%TAG ! !\n%TAG ! !\n---\na: 1\n", "this is not valid YAML"),
    ('a: "\\UFFFFFFFF"', "this is not valid YAML"),
    ('a: "\\x"', "this is not valid YAML"),
    ("input: [2]\nlayers:\n" + "- Flatten\n" * 5_001, "there are 5001 layers; at most 5000 can be read"),
    ("input: [2]\nlayers: [{Dense: {" + ", ".join(f"k{i}: 1" for i in range(999)) + "}}]", "has 999 arguments"),
    (f"input: [{'9, ' * 99}9]\nlayers: [Flatten]", "shape may have 32 dimensions, got 100"),
    (f"input: [{'9' * 5000}]\nlayers: [Flatten]", "this number has too many digits"),
    ("input: [2]\nlayers: [{Reshape: [" + "9223372036854775807, " * 300 + "1]}]", "layer 'reshape' (Reshape): "),
    (f"input: [2]\nlayers: [{{{'x' * 999}: 1}}]", f"layer '{'x' * 77}...' ({'x' * 77}...)"),
    ('input: [2]\nlayers: [{"\\e[31m\\n": 1}]', "unknown layer class '\\x1b[31m\\n'."),
    ('input: [2]\nlayers: [{"\\ud800": 1}]', "unknown layer class '\N{REPLACEMENT CHARACTER}'."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), REFUSED)
def test_bombs_and_oddities(text: str, expected: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        read_text(text, "model.yaml")
    assert any(expected in problem for problem in caught.value.problems), caught.value.problems
    assert all(problem.isprintable() and len(problem) < 600 for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "line 1: expected UTF-8 text, found the byte 0x89; save the file as UTF-8 text"),
        (
            b"input: [2]\nname: caf\xe9\n",
            "line 2: expected UTF-8 text, found the byte 0xe9; save the file as UTF-8 text",
        ),
        (
            "input: [2]".encode("utf-16"),
            "line 1: expected UTF-8 text, found the byte 0xff; save the file as UTF-8 text",
        ),
        (
            b"input: [2]\n\nname: a\x00b",
            "line 3: expected text, found the character '\\x00'; save the file as UTF-8 text",
        ),
        (b"PK\x03\x04", "line 1: expected text, found the character '\\x03'; save the file as UTF-8 text"),
        (b"", "the file is empty; expected a model, with 'input:' and 'layers:'"),
        (b"\n\n# only a comment\n", "the file is empty; expected a model, with 'input:' and 'layers:'"),
        (b"#" * (yaml_file.MAX_BYTES + 1), "the file is larger than 4 MiB; a model's definition has no weights in it"),
    ],
)
def test_files_that_are_no_text(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "model.yaml"
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        read_model(path)
    assert [problem.removeprefix("model.yaml").lstrip(": ") for problem in caught.value.problems] == [expected]


def test_pairs_of_escapes_in_json() -> None:
    text = '{"name": "\\ud83d\\ude00 \\/ \\u00e9", "input": [2], "layers": ["Flatten"]}'
    with pytest.raises(ModelFileError, match="name must be 1 to 200 printable characters without '/'"):
        read_text(text, "model.json", is_json=True)
    assert read_text(text.replace("\\/", "-"), "model.json", is_json=True).name == "\N{GRINNING FACE} - é"


def attempt(content: bytes | str, is_json: bool = False) -> bool:
    """Return whether a content is read; any error but ours fails the test."""
    try:
        read_text(content, "model.yaml", is_json)
    except ModelError as error:
        assert str(error)
        return False
    return True


@pytest.mark.parametrize(("text", "is_json"), [(SHORT, False), (KERAS_2_SEQUENTIAL.replace("\t", ""), True)])
def test_truncated_anywhere(text: str, is_json: bool) -> None:
    found = [attempt(text[:length], is_json) for length in range(0, len(text) + 1, 1 if len(text) < 600 else 3)]
    assert not all(found)
    assert attempt(text, is_json)


PIECES = st.one_of(
    st.binary(max_size=2),
    st.sampled_from("{}[],:'\"#&*!|>%@-? \n\t\0~<0123456789é\u2028").map(lambda character: character.encode()),
)


@given(text=st.sampled_from([SHORT, KERAS_2_FUNCTIONAL]), data=st.data())
@settings(max_examples=150)
def test_random_bytes(text: str, data: st.DataObject) -> None:
    content = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content) - 1))
        content[start : start + data.draw(st.integers(0, 2))] = data.draw(PIECES)
    attempt(bytes(content), is_json=text is KERAS_2_FUNCTIONAL)


@given(st.text(max_size=60))
def test_random_text(text: str) -> None:
    attempt(text)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in items for found in paths(item, (*path, key)))]


JUNK = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-3, 3), st.integers(), st.floats(allow_nan=False), st.text(max_size=3)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=4,
)
STRUCTURES = [json.loads(KERAS_2_SEQUENTIAL), json.loads(KERAS_2_FUNCTIONAL)]
STRUCTURES[0]["compile_config"] = {
    "optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.1}},
    "loss": {"class_name": "MeanSquaredError", "config": {"reduction": "sum"}},
    "metrics": [["mae"]],
    "loss_weights": [1.0],
}
STRUCTURES.append(
    {
        "dtype": "float32",
        "input": {"a": [2], "b": {"shape": [2], "dtype": "float32"}},
        "layers": [
            {"Add": {"inputs": ["a", "b"], "name": "c"}},
            {"Dense": {"units": 1}, "name": "d"},
            {"Dropout": 0.5},
        ],
        "outputs": ["dropout"],
        "compile": {"optimizer": {"SGD": {"momentum": 0.5}}, "loss": {"dropout": "mse"}, "metrics": ["mae"]},
    }
)


@given(structure=st.sampled_from(STRUCTURES), data=st.data())
@settings(max_examples=250)
def test_keys_removed_and_values_replaced(structure: dict[str, Any], data: st.DataObject) -> None:
    changed = copy.deepcopy(structure)
    for _ in range(data.draw(st.integers(1, 2))):
        *way, last = data.draw(st.sampled_from(paths(changed)[1:]))
        parent: Any = changed
        for key in way:
            parent = parent[key]
        if data.draw(st.booleans()):
            del parent[last]
        else:
            parent[last] = data.draw(JUNK)
    attempt(json.dumps(changed, ensure_ascii=data.draw(st.booleans())), is_json=True)


def test_structures_are_read_unchanged() -> None:
    assert all(attempt(json.dumps(structure), is_json=True) for structure in STRUCTURES)


def test_budget_counts_aliases_only_as_often_as_used(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "input: [2]\nlayers:\n  - Dense: &d {units: 2}\n" + "  - Dense: *d\n" * 20
    assert attempt(text)
    monkeypatch.setattr(yaml_nodes, "MAX_VALUES", 80)
    assert not attempt(text)
