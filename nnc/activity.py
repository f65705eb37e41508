"""Announces work that takes a while: the last line of a terminal or notebook shows it until it is over."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import perf_counter
from typing import Any

from nnc.forking import renew_in_children

INTERVAL = 0.5
"""Seconds before something is shown, and between two drawings."""
SEPARATOR = " · "
_NARROWEST = 20

Text = Callable[[int], str]
"""A text about current work, in at most so many characters."""


@contextmanager
def activity(what: str | Text) -> Iterator[None]:
    """Let the line say what is going on while the block runs; who is shown is for others to decide.

    Args:
        what: a few words, to which the seconds are added; or a function that gets the room in characters, and is called
            by another thread.
    """
    text = _with_seconds(what) if isinstance(what, str) else what
    _running.append(text)
    try:
        yield
    finally:
        _running.remove(text)


@contextmanager
def announced(what: str) -> Iterator[None]:
    """Let a line say what is going on while the block runs; where there is none, one of its own on standard error."""
    with shown(sys.stderr), activity(what):
        yield


@contextmanager
def shown(stream: Any) -> Iterator[None]:
    """Show on a stream what is going on while the block runs, if it is a terminal or a notebook's.

    Blocks inside it, of this thread or another, show nothing of their own.

    Args:
        stream: such as ``sys.stderr``; None keeps blocks inside from showing anything.
    """
    global _line  # noqa: PLW0603  # there is one last line
    if _line is not None or (stream is not None and not is_live(stream)):
        yield
        return
    line = _line = Line(stream)
    try:
        if stream is not None:
            line.begin()
        yield
    finally:
        _line = None
        if stream is not None:
            line.end()


def is_shown() -> bool:
    """Whether activities are shown now."""
    return _line is not None and _line.stream is not None


def is_live(stream: Any) -> bool:
    """Whether a stream ends in a line that can be drawn again: that of a terminal, or of a Jupyter notebook."""
    if isinstance(stream, _Beside):
        stream = stream.stream
    if type(stream).__module__.startswith("ipykernel."):
        return True
    with suppress(AttributeError, ValueError):  # None, or closed
        return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"
    return False


class Line:
    """The last line of a stream, drawn by a thread; what anybody else prints there gets lines of its own.

    Args:
        stream: where it is drawn.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self._drawn = 0
        self._is_free = True
        self._over = threading.Event()
        self._make_lock()

    def _make_lock(self) -> None:
        self._lock = threading.RLock()

    def begin(self) -> None:
        """Begin to draw, and to make room for what is printed."""
        renew_in_children(self, Line._make_lock)
        self._others = {name: _Beside(getattr(sys, name), self) for name in ("stdout", "stderr")}
        for name, other in self._others.items():
            if is_live(other.stream):
                setattr(sys, name, other)
        self._thread = threading.Thread(target=self._draw_until_over, name="nnc-line", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Leave the line empty and the streams as they were."""
        self._over.set()
        self._thread.join(1.0)
        self.clear()
        for name, other in self._others.items():
            if getattr(sys, name) is other:
                setattr(sys, name, other.stream)

    def draw(self) -> None:
        """Draw what is going on now, unless somebody has begun a line and not ended it."""
        text = _joined(list(_running), _columns() - 1)
        with self._lock:
            if not self._is_free or self._over.is_set():
                return
            if text:
                self._write(f"\r{text.ljust(self._drawn)}")
                self._drawn = len(text)
            else:
                self.clear()

    def clear(self) -> None:
        """Empty the line."""
        with self._lock:
            if self._drawn:
                self._write(f"\r{' ' * self._drawn}\r")
                self._drawn = 0

    def make_room(self, text: str) -> None:
        """Empty the line for a text that somebody prints."""
        with self._lock:
            self.clear()
            if text:
                self._is_free = text.endswith(("\n", "\r"))

    def _write(self, text: str) -> None:
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        with suppress(OSError, ValueError):  # a terminal that is gone is no reason to stop
            self.stream.write(text.encode(encoding, "replace").decode(encoding))
            self.stream.flush()

    def _draw_until_over(self) -> None:
        while not self._over.wait(INTERVAL):
            self.draw()


class _Beside:
    """A stream whose texts do not run into the line.

    Args:
        stream: the stream itself.
        line: the line.
    """

    def __init__(self, stream: Any, line: Line) -> None:
        self.stream, self._line = stream, line

    def write(self, text: str) -> Any:
        self._line.make_room(text)
        return self.stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


_running: list[Text] = []
_line: Line | None = None


def _with_seconds(what: str) -> Text:
    begun = perf_counter()

    def text(room: int) -> str:
        if _running[-1:] != [text]:  # something inside says more
            return ""
        seconds = f" … {perf_counter() - begun:.1f} s"
        return f"{what[: room - len(seconds)]}{seconds}"

    return text


def _joined(texts: list[Text], room: int) -> str:
    """Return the texts, the outermost first, as far as there is room."""
    said = ""
    for text in texts:
        begin = f"{said}{SEPARATOR}" if said else ""
        if said and room - len(begin) < _NARROWEST:
            break
        more = text(room - len(begin))
        said = begin + more if more else said
    return said


def _columns() -> int:
    from shutil import get_terminal_size

    return get_terminal_size().columns
