from __future__ import annotations

import colorsys
import itertools
import json
import re

import pytest

from nnc.errors import GraphError, ModelError
from nnc.ir import PHASES
from nnc.render import Arrow, Box, Diagram, Group, Line, diagram_of, render, theme, to_mermaid
from nnc.render.diagram import merge_arrows
from nnc.render.text import shorten, wrap
from tests.render import samples

A, B = Box("op1", (Line("a"),), "forward"), Box("op2", (Line("b"),), "forward")


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ({"nodes": (A, A)}, "two records with the key 'op1'"),
        ({"nodes": (A,), "groups": (Group("op1", "g", "loss"),)}, "two records with the key 'op1'"),
        ({"nodes": (Box("end", (), "forward"),)}, "a key must be a word and a number, got 'end'"),
        ({"nodes": (Box('a1"', (), "forward"),)}, "a key must be a word and a number"),
        ({"nodes": (A,), "edges": (Arrow("op1", "op2"),)}, "no box 'op2', which an arrow names"),
        ({"nodes": (Box("op1", (), "forward", "group1"),)}, "no group 'group1', which box 'op1' names"),
        ({"groups": (Group("group2", "g", "loss", "group1"),)}, "group 'group2' stands before its parent"),
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
    assert diagram_of(diagram) is diagram


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        (samples.base_model(), {"level": "layer"}, "must be 'layers' or 'ops', got 'layer'. Did you mean 'layers'?"),
        (samples.base_model(), {"level": "ops"}, "model 'xor' has layers, not ops"),
        (samples.forward_graph(), {"level": "layers"}, "graph 'predict' has ops, not layers"),
        (samples.base_model(), {"format": "svg"}, "format must be 'dot' or 'mermaid', got 'svg'"),
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


# ------------------------------------------------------------------------------ colours


def rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def deuteranope(colour: str) -> tuple[float, float, float]:
    """What is left of a colour without green cones: Viénot, Brettel and Mollon (1999), in linear light."""
    red, green, blue = (part**2.2 for part in rgb(colour))
    warm = 0.29275 * red + 0.70725 * green
    cold = -0.02234 * red + 0.02234 * green + blue
    return warm ** (1 / 2.2), warm ** (1 / 2.2), max(cold, 0.0) ** (1 / 2.2)


@pytest.mark.parametrize("kind", theme.STYLES)
def test_texts_are_legible_on_their_ground(kind: str) -> None:
    style = theme.STYLES[kind]
    assert contrast(theme.INK, style.fill) >= 7
    assert contrast(style.border, theme.PAPER) >= (4.5 if kind in PHASES else 3)


def test_every_phase_has_a_colour_of_its_own() -> None:
    borders = [theme.STYLES[phase].border for phase in PHASES]
    for one, other in itertools.combinations(borders, 2):
        distance = sum(abs(x - y) for x, y in zip(deuteranope(one), deuteranope(other), strict=True))
        hues = abs(colorsys.rgb_to_hsv(*rgb(one))[0] - colorsys.rgb_to_hsv(*rgb(other))[0])
        assert distance > 0.25, (one, other)
        assert min(hues, 1 - hues) > 0.05, (one, other)
