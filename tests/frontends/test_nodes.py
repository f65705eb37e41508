"""Values keep their line, whatever they are written like."""

from __future__ import annotations

import doctest
from typing import Any

import pytest

from frontends import dependency_order, nodes, scalars
from frontends.nodes import Mapping, Scalar, Sequence, ValueNode, from_plain
from frontends.problems import Problems
from frontends.scalars import NumberError, remedy, resolve
from frontends.yaml_nodes import parse


def lines(node: ValueNode) -> list[int | None]:
    """Return the lines of all scalars."""
    if isinstance(node, Mapping):
        return [line for item in node.entries.values() for line in lines(item)]
    if isinstance(node, Sequence):
        return [line for item in node.items for line in lines(item)]
    return [node.line]


@pytest.mark.parametrize(
    ("text", "value", "where"),
    [
        ("a: 1\nb:\n  - 2\n  - c: 3\n", {"a": 1, "b": [2, {"c": 3}]}, [1, 3, 4]),
        ('{\n\t"a": 1,\n\n\t"b": [2,\n\t{"c": 3}]}', {"a": 1, "b": [2, {"c": 3}]}, [2, 4, 5]),
        ("a: &x [1,\n 2]\nb: *x\n", {"a": [1, 2], "b": [1, 2]}, [1, 2, 1, 2]),
        ("a: |\n  one\n  two\nb: >-\n  one\n  two\n", {"a": "one\ntwo\n", "b": "one two"}, [1, 4]),
        ("a:\nb: ''\n", {"a": None, "b": ""}, [1, 2]),
        ("1: a\ntrue: b\nnull: c\n", {"1": "a", "true": "b", "null": "c"}, [1, 2, 3]),
    ],
)
def test_values_and_lines(text: str, value: Any, where: list[int]) -> None:
    node = parse(text, Problems("f", "f"), is_json=text.startswith("{"))
    assert node.plain() == value
    assert lines(node) == where


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-1", -1), ("+1", 1), ("010", 10), ("0o10", 8), ("0x1F", 31), ("1e3", 1000.0), ("1e-3", 0.001),
        (".5", 0.5), ("5.", 5.0), ("-1.5E+2", -150.0), ("true", True), ("FALSE", False), ("null", None), ("~", None),
        ("", None), ("yes", "yes"), ("no", "no"), ("on", "on"), ("1_000", "1_000"), ("1:30", "1:30"), ("e3", "e3"),
        ("2001-01-01", "2001-01-01"), ("0b1", "0b1"), ("0o8", "0o8"), ("-", "-"), (".", "."), ("tRue", "tRue"),
    ],
)  # fmt: skip
def test_words(text: str, value: Any) -> None:
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text", ["9" * 30, "9223372036854775808", "-" + "9" * 5000, "0x" + "f" * 99, ".inf", "-.Inf", ".NAN", "1e999"]
)
def test_numbers_that_no_setting_can_be(text: str) -> None:
    with pytest.raises(NumberError):
        resolve(text)


def test_remedies() -> None:
    assert remedy("1e-3", quoted=True) == "; write 1e-3 without quotes"
    assert remedy("Off", quoted=True) == "; write false"
    assert remedy("9" * 39, quoted=True) == remedy("relu", quoted=True) == remedy("2", quoted=False) == ""


def test_plain_values_of_live_models() -> None:
    import numpy

    node = from_plain({"a": (None, 2), "b": numpy.float32(0.5), 3: [numpy.int64(1)], "d": numpy.ones(2)})
    assert node.plain()["a"] == [None, 2]
    assert node.plain()["b"] == 0.5
    assert type(node.plain()["3"][0]) is int
    deep: list[Any] = []
    deep.append(deep)
    assert from_plain(deep).plain()


def test_refused_values_are_known() -> None:
    node = Mapping(entries={"a": Sequence(items=(Scalar(value=1), ValueNode()))})
    assert node.is_refused
    assert node.plain() == {"a": [1, None]}


@pytest.mark.parametrize("module", [nodes, dependency_order, scalars])
def test_examples_in_docstrings(module: Any) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
