"""Colours: legible by WCAG, told apart by the colour-blind, the same words in light and dark."""

from __future__ import annotations

import colorsys
import itertools
import re
from xml.etree import ElementTree

import pytest

from nnc.ir import PHASES
from nnc.render import MemoryPicture, encode, layers_diagram, theme
from nnc.render.schemes import dark_colours
from tests.render import networks

THEMES = list(theme.THEMES.values())
STYLES = [(colours, kind) for colours in THEMES for kind in colours.styles]


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


def distance(one: str, other: str) -> float:
    return sum(abs(x - y) for x, y in zip(deuteranope(one), deuteranope(other), strict=True))


@pytest.mark.parametrize(("colours", "kind"), STYLES, ids=lambda value: getattr(value, "name", value))
def test_texts_are_legible_on_their_ground(colours: theme.Theme, kind: str) -> None:
    style = colours.styles[kind]
    assert contrast(colours.ink, style.fill) >= 7
    assert contrast(colours.faint, style.fill) >= 4.5
    assert contrast(style.border, colours.paper) >= (4.5 if kind in PHASES else 3)


@pytest.mark.parametrize("colours", THEMES, ids=lambda value: value.name)
def test_texts_and_lines_are_seen_on_the_paper(colours: theme.Theme) -> None:
    assert contrast(colours.ink, colours.paper) >= 7
    assert contrast(colours.faint, colours.paper) >= 7
    assert contrast(colours.arrow, colours.paper) >= 4.5
    assert contrast(colours.kept, colours.paper) >= 2.9  # fainter on purpose, and dashed


@pytest.mark.parametrize("colours", THEMES, ids=lambda value: value.name)
def test_every_phase_has_a_colour_of_its_own(colours: theme.Theme) -> None:
    borders = [colours.styles[phase].border for phase in PHASES]
    for one, other in itertools.combinations(borders, 2):
        hues = abs(colorsys.rgb_to_hsv(*rgb(one))[0] - colorsys.rgb_to_hsv(*rgb(other))[0])
        assert distance(one, other) > 0.25, (one, other)
        assert min(hues, 1 - hues) > 0.05, (one, other)


def test_light_and_dark_have_the_same_kinds_and_shapes() -> None:
    shapes = [{kind: style.shape for kind, style in colours.styles.items()} for colours in THEMES]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("count", [1, 2, 7, 8, 50, 400])
def test_layers_have_colours_to_write_on(count: int) -> None:
    colours = theme.layer_colours(count)
    assert len(colours) == count
    for colour in colours:
        assert contrast(theme.ink_on(colour), colour) >= 4.5
    if count <= len(theme.LAYER_COLOURS):
        assert all(distance(one, other) > 0.1 for one, other in itertools.combinations(colours, 2))
    else:
        lights = [luminance(colour) for colour in colours]
        assert all(after > before - 0.002 for before, after in itertools.pairwise(lights))  # but for rounding


def test_contrast_is_that_of_wcag() -> None:
    for one, other in itertools.product(("#FFFFFF", "#777777", "#0072B2"), repeat=2):
        assert theme.contrast(one, other) == pytest.approx(contrast(one, other))
    assert theme.contrast("#000000", "#FFFFFF") == pytest.approx(21)


def test_a_light_colour_has_one_dark_one() -> None:
    pairs = [
        (getattr(theme.LIGHT, name), getattr(theme.DARK, name)) for name in ("paper", "ink", "faint", "arrow", "kept")
    ]
    for kind, style in theme.LIGHT.styles.items():
        dark = theme.DARK.styles[kind]
        pairs += [(style.fill, dark.fill), (style.border, dark.border)]
    assert len(set(pairs)) == len({light for light, _ in pairs}) == len(dark_colours())


@pytest.mark.parametrize("make", ["layers", "memory"])
def test_a_picture_that_follows_the_reader(make: str) -> None:
    picture = layers_diagram(networks.residual())
    if make == "memory":
        picture = MemoryPicture(networks.compiled(networks.base()).plan("train"))
    followed, light, dark = (encode(picture, "svg", name).decode() for name in ("auto", "light", "dark"))
    style = re.search(r"<style>.*?</style>\n?", followed)
    assert style is not None
    assert followed.replace(style[0], "").split() == light.split()
    replaced = dark_colours()
    for element in ElementTree.fromstring(light).iter():
        for key in ("fill", "stroke"):
            colour = (element.get(key) or "none").upper()
            if colour.startswith("#") and element.get("class") != "fixed":
                assert f'[{key}="{colour.lower()}" i]:not(.fixed){{{key}:{replaced[colour]}}}' in style[0]
                assert replaced[colour] in dark.upper()
