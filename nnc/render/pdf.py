"""Pictures as PDF, drawn from their SVG by Matplotlib, which is imported when it is needed."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from nnc.errors import NncError
from nnc.hints.delivery import Hint, tell
from nnc.installation import install_command
from nnc.render.letters import reckoned_width
from nnc.render.pdf_fonts import are_outlines_kept, find_families, has_letters

POINTS = 72
"""Points of an inch."""
_SIDES: dict[str, Any] = {"start": "left", "middle": "center", "end": "right"}
_NUMBERS = re.compile(r"-?[\d.]+(?:e-?\d+)?")
_MOVED = re.compile(r"translate\(([-\d.]+)[ ,]([-\d.]+)\)")


def to_pdf(svg: str) -> bytes:
    """Return one of nnc's SVG pictures as PDF, with texts that can be searched; equal pictures give equal bytes.

    Letters that Matplotlib's own font lacks come from another font of the machine. Those that none has are boxes, and a
    warning names them.

    Raises:
        NncError: Matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
        from matplotlib.transforms import Affine2D
    except ImportError as error:
        raise NncError(
            f"drawing PDF needs Matplotlib ({error}); {install_command('plot')}, or write SVG or PNG, which do not"
        ) from None
    root = ElementTree.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    figure = Figure(figsize=(width / POINTS, height / POINTS))
    page = Affine2D().scale(1 / POINTS, -1 / POINTS).translate(0, height / POINTS) + figure.dpi_scale_trans
    buffer = io.BytesIO()
    families, missing = find_families("".join(item.itertext()) for item in root.iter() if item.tag.endswith("}text"))
    if missing:
        letters = ", ".join(f"{letter} (U+{ord(letter):04X})" for letter in missing)
        text = f"the PDF has boxes for {letters}, which no font that Matplotlib knows has; install one, or write SVG"
        tell(Hint("missing-letters", text))
    font_type = 42 if are_outlines_kept(families) else 3
    with rc_context({"pdf.fonttype": font_type}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # said above
        for artist in _artists(root, (0.0, 0.0), page, families):
            figure.add_artist(artist)
        figure.savefig(buffer, format="pdf", metadata={"CreationDate": None})
    return buffer.getvalue()


def _artists(element: Any, origin: tuple[float, float], page: Any, families: tuple[str, ...]) -> Iterator[Any]:
    """Yield what is drawn of an element and of those in it, in their order."""
    moved = _MOVED.search(element.get("transform", ""))
    if moved:
        origin = origin[0] + float(moved[1]), origin[1] + float(moved[2])
    for child in element:
        name = child.tag.rpartition("}")[2]
        if name == "text":
            yield _text(child, origin, page, families)
        elif name in ("g", "a", "svg"):
            yield from _artists(child, origin, page, families)
        elif name not in ("title", "style"):
            yield _shape(name, child, origin, page)


def _shape(name: str, element: Any, origin: tuple[float, float], page: Any) -> Any:
    from matplotlib.patches import PathPatch
    from matplotlib.transforms import Affine2D

    dashes = tuple(map(float, _NUMBERS.findall(element.get("stroke-dasharray", ""))))
    return PathPatch(
        _path(name, element),
        facecolor=_colour(element.get("fill", "none")),
        edgecolor=_colour(element.get("stroke", "none")),
        linewidth=float(element.get("stroke-width", 1)),
        linestyle=(0, dashes) if dashes else "solid",
        transform=Affine2D().translate(*origin) + page,
    )


def _path(name: str, element: Any) -> Any:
    from matplotlib.path import Path
    from matplotlib.transforms import Affine2D

    def number(key: str) -> float:
        return float(element.get(key, 0))

    if name == "rect":
        return (
            Affine2D()
            .scale(number("width"), number("height"))
            .translate(number("x"), number("y"))
            .transform_path(Path.unit_rectangle())
        )
    if name == "ellipse":
        return (
            Affine2D()
            .scale(number("rx"), number("ry"))
            .translate(number("cx"), number("cy"))
            .transform_path(Path.unit_circle())
        )
    if name == "line":
        return Path([(number("x1"), number("y1")), (number("x2"), number("y2"))])
    places = list(map(float, _NUMBERS.findall(element.get("d") or element.get("points", ""))))
    points = list(zip(places[::2], places[1::2], strict=True))
    if name != "path":  # a polygon or a polyline
        return Path(points)
    # Graphviz writes one move, and behind it curves of three points each.
    return Path(points, [Path.MOVETO, *[Path.CURVE4] * (len(points) - 1)])


def _text(element: Any, origin: tuple[float, float], page: Any, families: tuple[str, ...]) -> Any:
    from matplotlib.font_manager import FontProperties
    from matplotlib.text import Text
    from matplotlib.textpath import text_to_path

    words, size = "".join(element.itertext()), float(element.get("font-size", 11))
    is_bold = element.get("font-weight") == "bold"
    weight = "bold" if is_bold and has_letters(families, words, "bold") else "normal"
    font = FontProperties(family=list(families), weight=weight, size=size)
    wanted = float(element.get("textLength", 0)) or reckoned_width(words, size, is_bold)
    width, _, _ = text_to_path.get_text_width_height_descent(words, font, ismath=False) if words.strip() else (0, 0, 0)
    font.set_size(size * min(1.0, wanted / width) if width else size)
    return Text(
        float(element.get("x", 0)) + origin[0],
        float(element.get("y", 0)) + origin[1],
        words,
        color=_colour(element.get("fill", "black")),
        fontproperties=font,
        horizontalalignment=_SIDES[element.get("text-anchor", "start")],
        parse_math=False,
        usetex=False,
        transform=page,
    )


def _colour(name: str) -> str:
    return "none" if name == "transparent" else name
