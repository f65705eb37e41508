"""Hostile texts: whatever a file holds, reading it gives a graph or a `GraphError`, and runs nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnc.ir.ops  # noqa: F401  # registers the operations
from nnc.errors import GraphError
from nnc.ir import parse_graph
from tests.ir.test_text import GOLDEN, minimal


@pytest.mark.parametrize(
    ("lines", "fragment"),
    [
        pytest.param("%y = fusion.k(%x) : f32[2,3] {(x) " * 500, "bodies are nested too deeply", id="bodies"),
        pytest.param(f"%y = sum(%x, axes={'[' * 5000}) : f32[]", "lists are nested too deeply", id="lists"),
        pytest.param(f"%y = relu(%x) : f32[{'9' * 5000}]", "Exceeds the limit", id="digits"),
        ("%y = iota(length=999999999999) : i32[3]", "gives i32[999999999999]"),
        ("%y = iota(length=999999999999999999999) : i32[3]", "'iota' has a number that 64 bits cannot hold: 9999999"),
        (
            "%y = iota(length=9223372036854775807) : i32[3]",
            "would take 36893488147419103228 bytes, more than an offset",
        ),
        ('%y = __import__("os").system("true") : f32[]', "cannot read '.system("),
        ('%y = __import__(name="os") : f32[]', "unknown operation '__import__'"),
        ("%y = exec(%x) : f32[2,3]", "unknown operation 'exec'"),
        ("%y = relu.__class__(%x) : f32[2,3]", "operation 'relu' has no attribute 'kind'"),
        ("%y = relu(%x, __class__=3) : f32[2,3]", "operation 'relu' has no attribute '__class__'"),
        ("%y = relu(%x, name=3) : f32[2,3]", "operation 'relu' has no attribute 'name'"),
        ("%y = fusion.a(%x, kind=3) : f32[2,3] {(a) return r=%a }", "attribute 'kind' is given twice"),
        ('return "\\n__import__(\\"os\\")"=%x', "must be printable text on one line"),
        ('%y = relu(%x) : f32[2,3]  # "a\\nimport os" loss', "the name of a layer must be printable text"),
    ],
)
def test_hostile_texts_are_refused(lines, fragment):
    with pytest.raises(GraphError, match=r"^graph line 2: ") as caught:
        parse_graph(minimal(lines))
    assert fragment in str(caught.value)


ALPHABET = st.sampled_from([*'(){}[]:,=*%@#"\\\n\r\t .-+0123456789abefgmnrsux_/é\x00\u2028'])
WORDS = st.sampled_from(
    [
        *dict.fromkeys(re.findall(r"[%@]?[\w/.]+|\S", GOLDEN)),
        "-1",
        "1e400",
        "nan",
        "none",
        "shape=[-1]",
        "# a loss\n",
        "\n",
    ]
)


def never_another_error(text: str) -> None:
    try:
        graph = parse_graph(text)
    except GraphError as error:
        assert str(error).startswith("graph line ")
    else:
        assert str(parse_graph(str(graph))) == str(graph)


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(st.integers(0, len(GOLDEN)), st.integers(0, 12), st.text(ALPHABET, max_size=4) | WORDS), max_size=4
    )
)
def test_mutations_give_graphs_or_graph_errors(mutations):
    text = GOLDEN
    for start, length, replacement in mutations:
        text = text[:start] + replacement + text[start + length :]
    never_another_error(text)


@settings(max_examples=100)
@given(st.lists(WORDS).map(" ".join) | st.text(ALPHABET) | st.binary().map(lambda data: data.decode("latin-1")))
def test_random_texts_give_graphs_or_graph_errors(text):
    never_another_error(text)
    never_another_error(minimal(text))
    never_another_error(minimal(f"%y = {text}"))
