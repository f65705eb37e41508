"""Shows other people's texts on one line, in printable characters."""

from __future__ import annotations

_LONGEST = 1_000
_SHOWN = 700, 250
"""Characters that are left of the start and of the end of what is longer."""


def printable(text: str) -> str:
    r"""Return a text with each character that cannot be printed as its Python escape.

    >>> printable("two\nlines")
    'two\\nlines'
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def ascii_text(text: str) -> str:
    r"""Return a text with each character that is not printable ASCII as its Python escape.

    >>> ascii_text("größe\n")
    'gr\\xf6\\xdfe\\n'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if " " <= character <= "~" else _escape(character) for character in text)


def shortened(text: str) -> str:
    """Return a text without its middle where it is longer than anybody reads: advice stands at its end."""
    start, end = _SHOWN
    return text if len(text) <= _LONGEST else f"{text[:start]} … {text[-end:]}"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
