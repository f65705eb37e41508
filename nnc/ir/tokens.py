"""Tokens of the text form, with their lines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NoReturn, TypeVar

from nnc.errors import GraphError
from nnc.ir.types import LONG_NAMES

STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
"""Text in quotes, with the escapes of JSON."""
_PLAIN = "(?:[0-9]+|[A-Za-z_][A-Za-z0-9_]*)"
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<comment>\#[^\n]*)
  | (?P<value>[%@](?:[A-Za-z0-9_/.\-]+|"(?:[^"\\\n]|\\.)*"))
  | (?P<type>(?:{"|".join(LONG_NAMES)})\[(?:{_PLAIN}(?:,{_PLAIN})*)?\])
  | (?P<string>"(?:[^"\\\n]|\\.)*")
  | (?P<number>-?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|-inf\b)
  | (?P<name>[A-Za-z_][A-Za-z0-9_/.\-]*)
  | (?P<mark>//|[(){{}}\[\]:,=*+-])
  | (?P<unknown>.)
  """,
    re.VERBOSE,
)
"""Tokens of a line. A type of plain dimensions, which most are, is one; any other is read mark by mark."""

Item = TypeVar("Item")


class Tokens:
    """The tokens of a text, read one after the other; comments are passed over.

    Args:
        text: what to read.
        source: name used in messages.

    Raises:
        GraphError: the text has a sign that begins no token, or (from the methods) another token than expected.
    """

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.items: list[tuple[str, str, int]] = []
        self.at = 0
        line = 0
        for line, line_text in enumerate(text.split("\n"), 1):
            for match in _TOKEN.finditer(line_text):
                kind = match.lastgroup or ""
                if kind == "unknown":
                    raise GraphError(f"{source} line {line}: cannot read {line_text[match.start() :][:40]!r}")
                if kind != "space":
                    self.items.append((kind, match[0], line))
        self.items += [("end", "end of text", line)] * 2

    @property
    def line(self) -> int:
        """Line of the token that was read last."""
        return self.items[max(self.at - 1, 0)][2]

    def peek(self) -> tuple[str, str]:
        """Return kind and text of the next token and leave it there."""
        at = self.at
        while self.items[at][0] == "comment":
            at += 1
        return self.items[at][0], self.items[at][1]

    def next(self) -> tuple[str, str]:
        """Read the next token: kind and text."""
        while self.items[self.at][0] == "comment":
            self.at += 1
        kind, text, _ = self.items[self.at]
        self.at = min(self.at + 1, len(self.items) - 1)
        return kind, text

    def comment(self) -> str:
        """Return the comment behind the token that was read last, on its line."""
        kind, text, line = self.items[self.at]
        return text[1:].strip() if kind == "comment" and line == self.line else ""

    def accept(self, text: str) -> bool:
        """Read a mark or word if it comes next, and say whether it did."""
        kind, found = self.peek()
        if found != text or kind not in ("mark", "name"):
            return False
        self.next()
        return True

    def expect(self, text: str) -> None:
        """Read a mark or word that must come next."""
        found = self.next()[1]
        if found != text:
            self.fail(f"expected {text!r}, found {found!r}")

    def word(self, kind: str, what: str) -> str:
        """Read a token of a kind."""
        found, text = self.next()
        if found != kind:
            self.fail(f"expected {what}, found {text!r}")
        return text

    def name(self, what: str) -> str:
        """Read a name, in quotes where it is not a simple one."""
        kind, text = self.next()
        if kind not in ("name", "string"):
            self.fail(f"expected {what}, found {text!r}")
        return unquoted(text)

    def state(self) -> str:
        """Read the name of a state."""
        text = self.word("value", "a state such as @name")
        if text.startswith("%"):
            self.fail(f"expected a state such as @name, found {text!r}")
        return unquoted(text[1:])

    def listed(self, read: Callable[[], Item], close: str) -> list[Item]:
        """Read items between commas, up to and with the mark `close`."""
        items: list[Item] = []
        while not self.accept(close):
            if items:
                self.expect(",")
            items.append(read())
        return items

    def separated(self, read: Callable[[], Item]) -> list[Item]:
        """Read one item or more between commas."""
        items = [read()]
        while self.accept(","):
            items.append(read())
        return items

    def fail(self, message: str) -> NoReturn:
        """Raise an error with source and line of the token that was read last."""
        raise GraphError(f"{self.source} line {self.line}: {message}")


def unquoted(text: str) -> str:
    """Return the name or string that a token stands for."""
    return str(json.loads(text)) if text.startswith('"') else text
