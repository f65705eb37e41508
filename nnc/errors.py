"""The errors a user can meet; every message says what was expected, what was found and what to do."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from nnc.texts import printable, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable


class NncError(Exception):
    """Base of every error raised on purpose by nnc.

    Its text is fit for a terminal, whatever names and contents of files stand in it: characters that do not print are
    escaped, line breaks as well where it is meant to be one line, and one that nobody would read has no middle.
    """

    _has_lines: ClassVar[bool] = False

    def __str__(self) -> str:
        text = super().__str__()
        if self._has_lines:
            return "\n".join(map(printable, text.expandtabs().split("\n")))
        return shortened(printable(text))


class ModelError(NncError, ValueError):
    """A model definition, layer argument or file is wrong."""


class UnwrittenError(ModelError, NotImplementedError):
    """A class does not say what its subclasses have to say."""


class UnwiredError(ModelError, AttributeError):
    """A layer was asked for its inputs or outputs, and has not been called: `hasattr` finds none, as in Keras."""


class ArgumentError(ModelError, TypeError):
    """An argument is unknown, missing, or given twice."""


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


class ReplicationError(GraphError):
    """An operation cannot be computed for several replicas side by side."""


class DistributionError(GraphError):
    """Raised where the rows of a batch cannot be divided among processes."""


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

    _has_lines = True

    def __init__(self, message: str, needed: int = 0, limit: int = 0, fitting: int | None = None) -> None:
        super().__init__(message)
        self.needed, self.limit, self.fitting = needed, limit, fitting


class ProgramFileError(NncError, ValueError):
    """A ``.nnc`` file is damaged, truncated, or written by a newer version."""


class NestingError(NncError, ValueError):
    """Values that are read from a file, or written to one, are nested too deeply, or there are too many."""


class CompilerError(NncError, RuntimeError):
    """No C compiler was found, or the one that was found does not give a library that can be loaded."""

    _has_lines = True


def user_level() -> int:
    """Return the stack level, for the caller's ``warnings.warn``, of the first caller that is not of this package."""
    package = __name__.partition(".")[0]
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    return level


class NncWarning(UserWarning):
    """A hint: something that is allowed but probably a mistake; it says what to do.

    Args:
        name: short name, by which it can be silenced.
        text: what was found, and what to do.
    """

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name, text)
        self.name, self.text = name, text

    def __str__(self) -> str:
        return f"{self.name}: {self.text}. To silence it: warnings.filterwarnings('ignore', '{self.name}:')"


@dataclass(frozen=True)
class ValueRange:
    """The range of numbers in an array.

    Args:
        name: its name, as graphs and plans print it.
        type: element type and shape, such as ``f32[32,2]``.
        minimum: the smallest finite number; None where there is none.
        maximum: the largest finite number; None where there is none.
        nans: how many elements are NaN.
        infinities: how many elements are infinite.
    """

    name: str
    type: str
    minimum: float | None
    maximum: float | None
    nans: int
    infinities: int

    @property
    def is_finite(self) -> bool:
        """Whether there is neither NaN nor infinity."""
        return self.nans == self.infinities == 0

    def __str__(self) -> str:
        parts = [] if self.minimum is None else [f"from {self.minimum:g} to {self.maximum:g}"]
        parts += [f"{self.nans:,} NaN"] if self.nans else []
        parts += [f"{self.infinities:,} infinite"] if self.infinities else []
        return f"{self.name} : {self.type} ({', '.join(parts) or 'no elements'})"


@dataclass(frozen=True)
class NonFinite:
    """The place where a number first became NaN or infinite.

    Args:
        program: name of the program.
        graph: name of its graph: ``train``, ``evaluate``, ``predict``, ….
        op: what was computed; ``input`` or ``state`` where the number was there before; ``output`` or ``update`` where
            it is not confirmed.
        result: what came out, or was there before.
        operands: what went in.
        path: layer; empty where there is none.
        phase: one of `nnc.ir.PHASES`, such as ``forward`` and ``backward``.
        index: place of the first such number in the result.
        times: time step in each of the loops around, from the outermost, counted from 0.
        weights: for a state, the weights in it that are not finite.
        step: number of batches that the program had been trained on before; None where it does not train.
        epoch: number of the epoch in `fit`, counted from 0; None elsewhere.
        batch: number of the batch in the epoch, in `evaluate` or in `predict`, counted from 0; None elsewhere.
        row: number of the batch's first row in the data, where these are not shuffled; None elsewhere.
        is_confirmed: whether the number comes about as well where NumPy interprets the graph op by op.
    """

    program: str
    graph: str
    op: str
    result: ValueRange
    operands: tuple[ValueRange, ...] = ()
    path: str = ""
    phase: str = "forward"
    index: tuple[int, ...] = ()
    times: tuple[int, ...] = ()
    weights: tuple[str, ...] = ()
    step: int | None = None
    epoch: int | None = None
    batch: int | None = None
    row: int | None = None
    is_confirmed: bool = True

    def __str__(self) -> str:
        lines = [f"{self._what} is not finite{self._when}", *(f"  operand {operand}" for operand in self.operands)]
        first = f", the first at {list(self.index)}" if self.index else ""
        return "\n".join(
            [*lines, f"  {'result' if self.operands else 'it is'} {self.result}{first}", f"  {self._advice}"]
        )

    @property
    def _what(self) -> str:
        name = self.result.name
        if self.op == "input":
            row = f" in row {self.index[0] + (self.row or 0)}" if self.index else ""
            column = f", column {', '.join(map(str, self.index[1:]))}" if len(self.index) > 1 else ""
            return f"input '{name}'{row}{column}"
        if self.op == "state":
            return f"weight '{self.weights[0]}'" if self.weights else f"state '@{name}'"
        if not self.is_confirmed:
            return f"{'output' if self.op == 'output' else 'new state'} '{name}'"
        where = f"in layer '{self.path}'" if self.path else "outside of layers"
        times = "".join(f", time step {time}" for time in self.times)
        return f"{self.op} {name} {where} ({self.phase}{times})"

    @property
    def _when(self) -> str:
        """Epochs, batches and steps are counted from 1 here, as on the line of progress."""
        counts = {"epoch": self.epoch, "batch": self.batch, "step": self.step}
        parts = [f"{what} {number + 1}, " for what, number in counts.items() if number is not None]
        return f" in {''.join(parts)}graph '{self.graph}' of program '{self.program}'"

    @property
    def _advice(self) -> str:
        if not self.is_confirmed:
            return "it is finite if NumPy interprets the graph op by op: the backend rounds differently"
        if self.op == "input":
            return "look for missing values in the data"
        if self.op == "state":
            return "it was not finite before this step: look at what trained or loaded it"
        return "weights, optimizer and metrics are as they were before this step"


class NonFiniteError(NncError, ArithmeticError):
    """A run met NaN or infinity, and was told to stop there; see `nnc.compile`'s ``check_nan``.

    The program's states are as they were before that run.

    Args:
        finding: what was found, and where.
    """

    def __init__(self, finding: NonFinite) -> None:
        super().__init__(finding)
        self.finding = finding

    def locate(self, epoch: int | None = None, batch: int | None = None, row: int | None = None) -> None:
        """Add to the finding what a caller knows about its place; see `NonFinite`."""
        found = self.finding
        self.finding = replace(
            found,
            epoch=epoch if found.epoch is None else found.epoch,
            batch=batch if found.batch is None else found.batch,
            row=row if found.row is None else found.row,
        )

    def __str__(self) -> str:
        return str(self.finding)


class ModelFileError(ModelError):
    """A model file has problems; all of them are listed.

    Args:
        source: name of the file.
        problems: one readable sentence per problem, in the order of the file.
    """

    _has_lines = True

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
