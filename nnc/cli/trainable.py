"""Common parts of the commands that train: a program with rows of a file, and how it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnc.cli.console import say
from nnc.cli.programs import is_program, open_program, reading, replacements
from nnc.errors import DataError

if TYPE_CHECKING:
    from nnc.backends import BackendName
    from nnc.data.rows import Rows
    from nnc.models import Model
    from nnc.models.replication import Seeds
    from nnc.preparing import Known
    from nnc.program import Program
    from nnc.tables import TableSchema


@dataclass(frozen=True, eq=False)
class TrainingSource:
    """The start of a training: a model with rows, or a saved program with rows.

    Args:
        training: rows to train on.
        kept: rows set aside for each requested fraction.
        model: the model, where a model file was given.
        program: the program, where a saved one was given.
        schema: what the columns of the table mean to the model.
        known: what was learnt of all rows; None where nothing was.
    """

    training: Rows
    kept: tuple[Rows, ...]
    model: Model | None = None
    program: Program | None = None
    schema: TableSchema | None = None
    known: Known | None = None

    def open(
        self,
        path: Path,
        backend: BackendName | None = None,
        max_bytes: int | None = None,
        replicas: int | None = None,
        seeds: Seeds | None = None,
    ) -> Program:
        """Return the program to train.

        Args:
            path: the file of the model.
            backend: what runs it.
            max_bytes: the most bytes that a graph may need.
            replicas: number of networks to compile a model for.
            seeds: those of their first weights.
        """
        if self.program is not None:
            return self.program
        return self.ready(
            open_program(path, backend=backend, max_bytes=max_bytes, model=self.model, replicas=replicas, seeds=seeds)
        )

    def ready(self, program: Program) -> Program:
        """Return the program that was made of the model, which knows the table from now on."""
        if self.schema is not None:
            program.table = self.schema
        return program


def open_source(
    model: Path,
    data: Path,
    target: str | None,
    encoding: str | None,
    keep: Sequence[float],
    seed: int,
    replace: Sequence[str] | None,
    backend: BackendName | None = None,
    max_bytes: int | None = None,
    replicas: int | None = None,
    seeds: Seeds | None = None,
    by_rows: bool = False,
    known: Known | None = None,
) -> TrainingSource:
    """Read a model file or a saved program, and rows for it; say what their columns mean.

    Args:
        model: the model file, or the saved program.
        data: the file of the rows, or a folder or a pattern of parts.
        target: column of the targets.
        encoding: of a text file.
        keep: fractions of the rows to keep apart.
        seed: decides which.
        replace: replacements for classes, as ``--replace`` has it.
        backend: what runs a saved program.
        max_bytes: the most bytes that a graph of it may need.
        replicas: number of networks that are wished for, which a saved program refuses.
        seeds: those of their first weights.
        by_rows: whether rows are read when they are asked for; see `nnc.preparing.prepare`.
        known: what another process has learnt of all rows, likewise.

    Raises:
        NncError: the model, the program or the rows are not what they should be.
    """
    from nnc.preparing import Known, parts_of, prepare, rows_of, taken

    if is_program(model):
        program = open_program(
            model, replace=replace, backend=backend, max_bytes=max_bytes, replicas=replicas, seeds=seeds
        )
        with reading(data):
            rows = rows_of(program, data, target, encoding, by_rows)
        parts = parts_of(rows, keep, seed) if known is None else known.parts
        training, *kept = taken(rows, parts)
        _note_what_is_unpacked(training)
        return TrainingSource(training, tuple(kept), program=program, known=Known(None, parts))
    with reading(data):
        prepared = prepare(
            model,
            data,
            target=target,
            encoding=encoding,
            keep=keep,
            seed=seed,
            replace=replacements(replace),
            by_rows=by_rows,
            known=known,
        )
    for note in prepared.notes:
        say(note)
    _note_what_is_unpacked(prepared.training)
    return TrainingSource(
        prepared.training, prepared.kept, prepared.model, schema=prepared.schema, known=prepared.known
    )


def _note_what_is_unpacked(rows: Rows) -> None:
    """Say so where the order of rows makes reading expensive."""
    if rows.unpacks_again:
        from nnc.data.row_parts import CACHE_BYTES
        from nnc.quantities import bytes_text

        say(
            f"note: unpacked, the parts are more than the {bytes_text(CACHE_BYTES)} that are kept, and shuffled rows"
            " unpack them for each batch; parts in .npy, or in .npz by numpy.savez, are read where they lie"
        )


def kept_parts(*fractions: float) -> list[float]:
    """Return the fractions that keep rows apart at all."""
    return [fraction for fraction in fractions if fraction]


def also_drawn(checked: Rows | None) -> str:
    """Return what is said of the rows to validate on, behind the number of those to train on."""
    return "" if checked is None else f", and validating on {len(checked):,} others, drawn at random"


def set_learning_rate(program: Program, *rates: float) -> None:
    """Let a program learn at another rate; replicas at one, or at one each.

    Raises:
        DataError: its rate follows a schedule, or there are not as many rates as networks.
    """
    if not rates:
        return
    if len(rates) not in (1, program.replicas or 1):
        networks = "is one network" if program.replicas is None else f"has {program.replicas:,} replicas"
        raise DataError(
            f"--learning-rate has {len(rates)} numbers, and program '{program.name}' {networks}; give one number"
            f"{'' if program.replicas is None else ', or one for each replica'}"
        )
    program.graph("train")  # makes the state that holds the rate
    program.optimizer.learning_rate = rates[0] if len(rates) == 1 else rates


def stopping(patience: int | None, validates: bool) -> list[Any]:
    """Return the callbacks that end a training early; none without patience."""
    from nnc.callbacks import EarlyStopping

    if patience is None:
        return []
    monitor = "val_loss" if validates else "loss"
    return [EarlyStopping(monitor=monitor, patience=patience, restore_best_weights=True)]
