"""Announces work that takes a while: the last line of a terminal or notebook shows it until it is over."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from time import perf_counter, sleep
from typing import Any

from nnc.fork_safety import renew_in_children

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

    Blocks inside it, of this thread or another, are shown in the same line, which stays until the last one ends.

    Args:
        stream: such as ``sys.stderr``.
    """
    if _silence.depth or not is_live(stream):
        yield
        return
    _screen.enter(stream)
    try:
        yield
    finally:
        _screen.leave()


def silence() -> AbstractContextManager[None]:
    """Return a context that keeps blocks inside it, of this thread, from having a line; one that is there stays."""
    return nullcontext() if is_shown() else _silence


def is_shown() -> bool:
    """Whether the activities of this thread are shown now."""
    return _screen.line is not None and not _silence.depth


def is_live(stream: Any) -> bool:
    """Whether a stream ends in a line that can be drawn again: that of a terminal, or of a Jupyter notebook.

    Where interactive logging is disabled, none does.
    """
    if isinstance(stream, _Beside):
        stream = stream.stream
    is_notebook = type(stream).__module__.startswith("ipykernel.")
    with suppress(AttributeError, ValueError):  # None, or closed
        if is_notebook or (bool(stream.isatty()) and os.environ.get("TERM") != "dumb"):
            from nnc.settings import SETTINGS

            return SETTINGS.is_interactive
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
        self._is_over = False
        self._begun = perf_counter()
        self._make_lock()

    def _make_lock(self) -> None:
        self._lock = threading.RLock()

    def begin(self) -> None:
        """Make room for the line in what is printed."""
        renew_in_children(self, Line._make_lock)
        self._others = {name: _Beside(getattr(sys, name), self) for name in ("stdout", "stderr")}
        for name, other in self._others.items():
            if is_live(other.stream):
                setattr(sys, name, other)

    def end(self) -> None:
        """Leave the line empty and the streams as they were."""
        with self._lock:
            self._is_over = True
            self.clear()
        for name, other in self._others.items():
            if getattr(sys, name) is other:
                setattr(sys, name, other.stream)

    @property
    def wait(self) -> float:
        """Seconds until the line has been there for so long that it is drawn."""
        return self._begun + INTERVAL - perf_counter()

    def draw(self) -> None:
        """Draw what is going on now, unless somebody has begun a line and not ended it."""
        text = _joined(list(_running), _columns() - 1)
        with self._lock:
            if not self._is_free or self._is_over:
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


class _Screen:
    """Where the line is while anybody is shown, and the thread that draws it.

    The thread goes on for an interval after a line has ended: short calls, one after the other, share it.
    """

    def __init__(self) -> None:
        self.line: Line | None = None
        self._users = 0
        self._thread: threading.Thread | None = None
        self._make_lock()
        renew_in_children(self, _Screen._make_lock)

    def _make_lock(self) -> None:
        self._lock = threading.RLock()

    def enter(self, stream: Any) -> None:
        """Let there be a line: that which is there, or else one on a stream."""
        with self._lock:
            self._users += 1
            if self.line is None:
                self.line = Line(stream)
                self.line.begin()
                self.attend()

    def leave(self) -> None:
        """End the line where nobody else is shown."""
        with self._lock:
            self._users -= 1
            if not self._users and self.line is not None:
                line, self.line = self.line, None
                line.end()

    def attend(self) -> None:
        """Let the thread run."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._draw, name="nnc-line", daemon=True)
            self._thread.start()

    def _draw(self) -> None:
        wait = INTERVAL
        while True:
            sleep(wait)
            with self._lock:
                line = self.line
                if line is None:
                    self._thread = None
                    return
            wait = line.wait
            if wait <= 0:
                line.draw()
                wait = INTERVAL


class _Silence(threading.local):
    """A context in which a thread has no line."""

    depth = 0

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, *error: object) -> None:
        self.depth -= 1


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
_screen = _Screen()
_silence = _Silence()


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
