from __future__ import annotations

import json
import re

import pytest

from nnc.errors import GraphError, ModelError
from nnc.render import Arrow, Box, Cluster, Diagram, Line, picture_of, render, to_mermaid
from nnc.render.diagram import merge_arrows
from nnc.render.labels import shorten, wrap
from tests.render import samples

A, B = Box("op1", (Line("a"),), "forward"), Box("op2", (Line("b"),), "forward")


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ({"nodes": (A, A)}, "two records with the key 'op1'"),
        ({"nodes": (A,), "groups": (Cluster("op1", "g", "loss"),)}, "two records with the key 'op1'"),
        ({"nodes": (Box("end", (), "forward"),)}, "a key must be a word and a number, got 'end'"),
        ({"nodes": (Box('a1"', (), "forward"),)}, "a key must be a word and a number"),
        ({"nodes": (A,), "edges": (Arrow("op1", "op2"),)}, "no box 'op2', which an arrow names"),
        ({"nodes": (Box("op1", (), "forward", "group1"),)}, "no group 'group1', which box 'op1' names"),
        ({"groups": (Cluster("group2", "g", "loss", "group1"),)}, "group 'group2' stands before its parent"),
    ],
)
def test_a_broken_diagram_is_an_error(records: dict[str, tuple[object, ...]], message: str) -> None:
    with pytest.raises(GraphError, match=re.escape(message)):
        Diagram("title", **records)  # type: ignore[arg-type]


def test_merge_arrows_counts() -> None:
    arrows = [Arrow("op1", "op2", "2"), Arrow("op1", "op2", "3"), *[Arrow("op2", "op1", "2")] * 3]
    assert merge_arrows(arrows) == (*arrows[:2], Arrow("op2", "op1", "2, 3 times"))


@pytest.mark.parametrize("limit", [5, 6, 44])
def test_shorten_keeps_to_the_limit(limit: int) -> None:
    assert len(shorten("x" * 100, limit)) == limit
    assert shorten("x" * limit, limit) == "x" * limit


def test_wrap_keeps_to_the_limit_and_loses_no_word_silently() -> None:
    words = [f"word{number}" for number in range(30)]
    lines = wrap(words)
    assert max(map(len, lines)) <= 44
    shown = sum(line.count("word") for line in lines)
    assert lines[-1] == f"… and {30 - shown} more"
    assert wrap(["w" * 100]) == (shorten("w" * 100, 40),)
    assert wrap([]) == ()


def test_level_is_the_targets_own() -> None:
    assert render(samples.base_model()) == render(samples.base_model(), "layers", "dot")
    assert render(samples.forward_graph()) == render(samples.forward_graph(), "ops", "dot")
    diagram = Diagram("d", (A, B))
    assert picture_of(diagram) is diagram


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        (
            samples.base_model(),
            {"level": "layer"},
            "must be 'layers', 'units', 'ops', 'steps' or 'memory', got 'layer'. Did you mean 'layers'?",
        ),
        (samples.base_model(), {"level": "ops"}, "model 'xor' has layers and units, not ops"),
        (samples.forward_graph(), {"level": "layers"}, "graph 'predict' has ops, not layers"),
        (samples.base_model(), {"format": "png"}, "format as text must be 'dot', 'mermaid', 'txt' or 'svg', got 'png'"),
        (samples.base_model(), {"theme": "drak"}, "theme must be 'light', 'dark' or 'auto', got 'drak'. Did you mean"),
    ],
)
def test_unknown_levels_and_formats(target: object, options: dict[str, str], message: str) -> None:
    with pytest.raises(ModelError, match=re.escape(message)):
        render(target, **options)  # type: ignore[arg-type]


def test_mermaid_escapes_what_it_could_read() -> None:
    text = to_mermaid(samples_of_one_box('"a" <b> #x; \\n `c` _d_ e_f $g$ [h] {i} |j|'))
    assert (
        "#34;a#34; #60;b#62; #35;x#59; #92;n #96;c#96; #95;d#95; e_f #36;g#36; #91;h] #123;i#125; #124;j#124;" in text
    )


def test_mermaid_title_cannot_leave_its_line() -> None:
    text = to_mermaid(Diagram('t"\n---\nend', (A,)))
    assert json.loads(text.splitlines()[1].removeprefix("title: ")) == 't"\\n---\\nend'


def samples_of_one_box(text: str) -> Diagram:
    return Diagram("d", (Box("op1", (Line(text),), "forward"),))
