"""Collects the problems of one definition, so that all of them are reported at once."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

from nnc.errors import ModelFileError
from nnc.texts import printable

_MOST = 100
_LONGEST = 400
_LAYER = "layer '"


@dataclass
class _Problem:
    line: int | None
    subject: str
    message: str
    times: int = 1

    def text(self, place: str) -> str:
        where = place if self.line is None else f"{place} line {self.line}"
        more = f" and {self.times - 1} more" if self.times > 1 else ""
        return _one_line(
            f"{where}: {self.subject}{more}: {self.message}" if self.subject else f"{where}: {self.message}"
        )


@dataclass
class Problems:
    """The problems found so far.

    Args:
        source: what is read, as the error's heading names it.
        place: how each problem names it, such as the file's name.
        notes: what is read otherwise than it is written, and is not a problem.
    """

    source: str
    place: str
    notes: list[str] = field(default_factory=list)
    _found: dict[str, _Problem] = field(default_factory=dict)
    _scope: str = ""

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, message: str, line: int | None = None, subject: str = "", once: str = "") -> None:
        """Note a problem.

        Args:
            message: what was expected, what was found, and what to do.
            line: where in the file.
            subject: what has the problem, such as ``layer 'dense' (Dense)``.
            once: what a problem of many subjects is about, such as a class: it is listed once, with how often.

        Raises:
            ModelFileError: there are so many problems that nobody would read more.
        """
        problem = _Problem(line, self._scoped(subject), message)
        first = self._found.setdefault(once or problem.text(self.place), problem)
        if once and first is not problem:
            first.times += 1
        if len(self._found) >= _MOST:
            raise self.error()

    def note(self, message: str, subject: str = "") -> None:
        """Note something that is read otherwise than it is written.

        Args:
            message: what is written, and what is done.
            subject: what it is about.
        """
        subject = self._scoped(subject)
        text = _one_line(f"{self.place}: {subject}: {message}" if subject else f"{self.place}: {message}")
        if text not in self.notes and len(self.notes) < _MOST:
            self.notes.append(text)

    def warn(self) -> None:
        """Issue each note as a warning, to whoever called the caller of the reader."""
        for note in self.notes:
            warnings.warn(note, stacklevel=5)

    def _scoped(self, subject: str) -> str:
        if not self._scope or not subject.startswith(_LAYER):
            return subject
        return f"{_LAYER}{self._scope}/{subject.removeprefix(_LAYER)}"

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Put a model's name before those of the layers in it."""
        before = self._scope
        self._scope = f"{before}/{shortened(name)}" if before else shortened(name)
        try:
            yield
        finally:
            self._scope = before

    def stop(self, message: str, line: int | None = None) -> NoReturn:
        """Note a problem that nothing can be read after.

        Raises:
            ModelFileError: always.
        """
        self.add(message, line)
        raise self.error()

    def error(self) -> ModelFileError:
        """Return the error with all problems, in the order of the file."""
        found = sorted(self._found.values(), key=lambda problem: problem.line or 0)
        texts = [problem.text(self.place) for problem in found]
        if len(texts) >= _MOST:
            texts.append(f"{self.place}: reading stopped after {_MOST} problems")
        return ModelFileError(_one_line(self.source), texts)


def layer_subject(name: str, class_name: str) -> str:
    """Return the name of a layer in problems."""
    return f"layer '{shortened(name)}' ({shortened(class_name)})"


def shortened(name: str) -> str:
    """Return a name as problems show it."""
    return name if len(name) <= 80 else f"{name[:77]}..."


def _one_line(text: str) -> str:
    """Return text that prints on one line whatever a file had in it."""
    text = printable(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
