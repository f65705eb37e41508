"""The errors a user can meet; every message says what was expected, what was found and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class NncError(Exception):
    """Base of every error raised on purpose by nnc."""


class ModelError(NncError, ValueError):
    """A model definition, layer argument or file is wrong."""


class ShapeError(ModelError):
    """Shapes or element types do not fit together.

    Args:
        message: what was expected, and what was found.
        unequal: two dimensions that would have to be equal, where that is the reason.
    """

    def __init__(self, message: str = "", unequal: tuple[Any, Any] | None = None) -> None:
        super().__init__(message)
        self.unequal = unequal


class SymbolError(ShapeError):
    """A dimension that is only known at run time was used where a number is needed."""


class GraphError(NncError, ValueError):
    """A graph or its text form breaks a rule of the intermediate representation."""


class MissingKernelError(GraphError):
    """A backend cannot compute an operation."""


class NotDifferentiableError(NncError, TypeError):
    """A gradient was asked through an operation that has none."""


class DataError(NncError, ValueError):
    """Arrays given to fit, evaluate or predict do not fit the model."""


class MemoryBudgetError(NncError, MemoryError):
    """A graph needs more bytes than it may; nothing was allocated for it.

    Args:
        message: what needs them, and what would fit.
        needed: bytes that it needs.
        limit: bytes that it may need.
        fitting: rows of the largest batch that fits, None where not even one row does.
    """

    def __init__(self, message: str, needed: int = 0, limit: int = 0, fitting: int | None = None) -> None:
        super().__init__(message)
        self.needed, self.limit, self.fitting = needed, limit, fitting


class ProgramFileError(NncError, ValueError):
    """A ``.nnc`` file is damaged, truncated, or written by a newer version."""


class CompilerError(NncError, RuntimeError):
    """No C compiler was found, or the one that was found does not give a library that can be loaded."""


class ModelFileError(ModelError):
    """A model file has problems; all of them are listed.

    Args:
        source: name of the file.
        problems: one readable sentence per problem, in the order of the file.
    """

    def __init__(self, source: str, problems: Iterable[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = len(self.problems)
        heading = f"{source}: {count} problem{'s' if count != 1 else ''}"
        super().__init__("\n".join([heading, *(f"  {problem}" for problem in self.problems)]))


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the known name nearest to `name`, or an empty string.

    >>> nearest("Dens", ["Dense", "Dropout"])
    " Did you mean 'Dense'?"
    """
    from difflib import get_close_matches  # only a mistake needs it

    candidates = {candidate.lower(): candidate for candidate in known}
    found = get_close_matches(name.lower(), candidates, n=1, cutoff=0.6)
    return f" Did you mean {candidates[found[0]]!r}?" if found else ""
