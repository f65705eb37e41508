"""Pictures as PDF."""

from __future__ import annotations

import re
import subprocess
import sys
import zlib

import pytest

import nnc
from nnc.errors import NncWarning
from nnc.render import encode, picture_of
from tests.render import networks
from tests.render.test_golden import picture

pytest.importorskip("matplotlib")


def contents(pdf: bytes) -> str:
    """Return what the streams of a file say that are text once they are unpacked."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return "\n".join(zlib.decompress(stream).decode("latin-1") for stream in streams)


def shown(pdf: bytes) -> str:
    """Return the texts of a page, a line each; between the pieces of one stand numbers that move letters."""
    texts = re.findall(r"BT\n(.*?)ET\n", contents(pdf), re.DOTALL)
    lines = ("".join(re.findall(r"\(((?:[^()\\]|\\.)*)\)", text)) for text in texts)
    return re.sub(r"\\(.)", r"\1", "\n".join(lines)).replace("\0", "")  # letters of two bytes


@pytest.mark.parametrize("name", ["network_units", "network_memory", "residual_layers"])
@pytest.mark.sampled(1)
def test_a_pdf_has_the_size_and_the_words_of_the_svg(name: str) -> None:
    pdf, svg = encode(picture(name), "pdf"), encode(picture(name), "svg").decode()
    width, height = re.search(r'viewBox="0(?:\.00)? 0(?:\.00)? ([\d.]+) ([\d.]+)"', svg).groups()  # type: ignore[union-attr]
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    assert box is not None
    assert [float(side) for side in box.groups()] == pytest.approx([float(width), float(height)], abs=0.01)
    words = shown(pdf)
    for text in re.findall(r"<text[^>]*>([ -%'-;=?-~]+)</text>", svg):
        assert text.strip() in words


@pytest.mark.slow
def test_colours_are_the_themes_and_bytes_the_same_each_time() -> None:
    light, dark = (encode(picture("network_units"), "pdf", theme) for theme in ("light", "dark"))
    assert encode(picture("network_units"), "pdf", "auto") == encode(picture("network_units"), "pdf") == light != dark


def with_a_rare_letter() -> bytes:
    """Draw a layer, and a model whose name is bold, with a letter that STIX has, and only when it is not bold."""
    model = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1, name="ᶁ_layer")], name="ᶁ")
    return encode(picture_of(model), "pdf")


def test_letters_that_the_font_lacks_come_from_another() -> None:
    fonts = re.findall(rb"/BaseFont /\w+\+([\w-]+)", with_a_rare_letter())
    assert {font.decode() for font in fonts} > {"DejaVuSans", "DejaVuSans-Bold"}  # and whatever this machine has


@pytest.mark.slow
def test_letters_that_no_font_has_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnc.render.pdf_fonts._others", list)
    with pytest.warns(
        NncWarning, match=r"the PDF has boxes for ᶁ \(U\+1D81\), which no font .* install one, or write SVG"
    ):
        assert with_a_rare_letter().startswith(b"%PDF")


def test_without_matplotlib_the_error_says_what_to_do() -> None:
    code = f"""
import sys
sys.modules["matplotlib"] = None
from nnc.errors import NncError
from nnc.render import encode
from tests.render import networks
try:
    encode(__import__("nnc").render.picture_of(networks.{networks.base.__name__}()), "pdf")
except NncError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "drawing PDF needs Matplotlib" in said
    assert "pip install 'nnc-keras[plot]'" in said
