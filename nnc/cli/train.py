"""The command `nnc train`: trains a model file from the start, or continues a saved program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from operator import attrgetter
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnc.cli import options
from nnc.cli.console import check_output, check_plot, print_json, print_table, say
from nnc.cli.processes import together
from nnc.cli.programs import DEFINITIONS, check_single, is_program, say_choice
from nnc.cli.trainable import TrainingSource, also_drawn, kept_parts, open_source, set_learning_rate, stopping
from nnc.errors import DataError, ModelError, NonFiniteError

if TYPE_CHECKING:
    from nnc.choices import Verbosity
    from nnc.preparing import Known
    from nnc.program import Program

NAME = "train"
EXAMPLE = (
    "Example: nnc train examples/base.yaml --data points.csv --target label --epochs 500 --seed 2 --replicas 8 --best "
    "-o base.nnc"
)


def command(
    model: options.Model,
    data: options.Data,
    target: options.Target = None,
    epochs: options.Epochs = 10,
    batch: options.Batch = 32,
    seed: options.Seed = None,
    validation_split: options.ValidationSplit = 0.0,
    learning_rate: options.LearningRates = None,
    patience: options.Patience = None,
    encoding: options.Encoding = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT.nnc", help="Save the trained program.", show_default=False),
    ] = None,
    plot: options.Plot = None,
    as_json: options.Json = False,
    replace: options.Replace = None,
    backend: options.Backend = None,
    max_bytes: options.MaxBytes = None,
    check_nan: options.CheckNan = False,
    no_hints: options.NoHints = False,
    replicas: options.Replicas = None,
    seeds: options.Seeds = None,
    best: Annotated[
        bool, typer.Option("--best", help="Save the best replica alone, as a program of one network.")
    ] = False,
    backup: options.Backup = None,
    backup_every: options.BackupEvery = None,
    resume: options.Resume = False,
    distribute: options.Distribute = None,
) -> None:
    """Train a model file from the start, or continue a saved program.

    With --replicas several networks are trained at once on the same rows; a saved program that has replicas goes on
    with all of them. The best is the one with the smallest loss, of validation if there is any.

    Ctrl-C ends the training after the current step, and NaN with --check-nan before it; with -o, what was learnt until
    then is saved.
    """
    from nnc.utils import set_random_seed

    del no_hints  # its callback has seen it
    _check_usage(is_program(model), seed, validation_split, replicas, seeds, check_nan, best, output)
    copies = _Backup.of(backup, backup_every, resume)
    with together(distribute) as group:

        def opened(known: Known | None) -> TrainingSource:
            check_output(output, ".nnc")
            check_plot(plot)
            copies.check()
            set_random_seed(seed or 0)
            return open_source(
                model,
                data,
                target,
                encoding,
                kept_parts(validation_split),
                seed or 0,
                replace,
                backend,
                max_bytes,
                replicas,
                seeds,
                by_rows=group.is_several,
                known=known,
            )

        source = group.first_knows(opened, attrgetter("known"))
        program = group.agreed(lambda: source.open(model, backend, max_bytes, replicas, seeds))
        if check_nan:
            advice = "leave it out, or train one of them, saved by 'nnc compile --replica N'"
            check_single(program, "--check-nan", advice)
        if best and program.replicas is None:
            raise ModelError(f"--best is for replicas, and program '{program.name}' is one network; leave it out")
        program.check_nan = check_nan
        set_learning_rate(program, *(learning_rate or ()))
        if group.communicator is None:
            say_choice(program, "train")
        elif group.is_several:
            say(f"{group.communicator.size} processes train together")
        if replicas is not None and seeds is None and model.suffix.lower() not in DEFINITIONS:
            say(f"note: replicas begin with weights of their own; --seeds model lets all begin with those of {model}")
        if program.spec.replication is not None:
            say(str(program.spec.replication))
        if resume and patience is not None and copies.exists:
            say("note: --patience counts afresh from here, and knows the best weights of this run alone")
        found = _trained(
            program,
            source,
            batch,
            epochs,
            [*stopping(patience, bool(source.kept)), *copies.callbacks],
            restores_best=patience is not None,
            verbose=0 if as_json else "auto",
            distribute=group.communicator,
        )
        if group.is_first:
            _report(found, source, epochs, output, plot, as_json, best)
        if found.stopped is not None:
            raise found.stopped
        if found.interrupted:
            raise typer.Exit(130)


def _report(
    found: _Outcome,
    source: TrainingSource,
    epochs: int,
    output: Path | None,
    plot: Path | None,
    as_json: bool,
    best: bool,
) -> None:
    """Save and say what has come of a training; see `command` for the arguments.

    Raises:
        DataError: there is no best replica.
    """
    program, number = found.program, found.best_replica
    if output is not None:
        (program[number] if best and number is not None else program).save(output)
    if as_json:
        print_json(found.to_json(output))
    else:
        found.print()
    if plot is not None and found.epochs:
        program.history.plot(path=plot)
        say(f"drew {plot}")
    if found.interrupted:
        say(f"interrupted in epoch {found.epochs + 1} of {epochs}")
    if best and number is None:
        raise DataError(f"{output} has all {program.replicas} replicas: none has a loss that is a number, to be best")
    what = "" if program.replicas is None else f", replica {number}" if best else f", {program.replicas:,} replicas"
    say(f"saved {output}{what}" if output is not None else "not saved; give -o OUT.nnc to keep what it learnt")


@dataclass(frozen=True)
class _Backup:
    """The copy that lets a training go on.

    Args:
        folder: where it is, None for no copy.
        every: steps between two of them, None for one after each epoch.
        resumes: whether the training goes on from the one that is there.
    """

    folder: Path | None
    every: int | None
    resumes: bool

    @classmethod
    def of(cls, folder: Path | None, every: int | None, resumes: bool) -> _Backup:
        """Return what the options say.

        Raises:
            BadParameter: there is no folder for them.
        """
        if folder is None and (every is not None or resumes):
            name = "--resume" if resumes else "--backup-every"
            raise typer.BadParameter(f"{name} is about the copy of --backup; give --backup FOLDER with it")
        return cls(folder, every, resumes)

    @property
    def exists(self) -> bool:
        """Whether there is a copy."""
        return self.folder is not None and self.folder.exists() and any(self.folder.iterdir())

    def check(self) -> None:
        """Check that a copy is there on purpose.

        Raises:
            ModelError: there is one, and the training is not to go on from it.
        """
        if self.exists and not self.resumes:
            raise ModelError(f"{self.folder} has the copy of a training; --resume goes on from it, or delete it")

    @property
    def callbacks(self) -> list[Any]:
        """What makes copies."""
        from nnc.callbacks import BackupAndRestore

        return [] if self.folder is None else [BackupAndRestore(self.folder, self.every or "epoch")]


def _check_usage(
    is_saved: bool,
    seed: int | None,
    validation_split: float,
    replicas: int | None,
    seeds: Any,
    check_nan: bool,
    best: bool,
    output: Path | None,
) -> None:
    """Refuse options that mean nothing together.

    Raises:
        BadParameter: there are some.
    """
    if seed is not None and is_saved and not validation_split:
        raise typer.BadParameter("a saved program continues with its own random numbers; leave out --seed")
    if seeds is not None and replicas is None and not is_saved:
        raise typer.BadParameter("--seeds are those of replicas; give --replicas with them")
    if check_nan and replicas is not None:
        raise typer.BadParameter("--check-nan is for one network; leave out --replicas, or --check-nan")
    if best and output is None:
        raise typer.BadParameter("--best is what -o saves; give -o OUT.nnc with it")
    if best and replicas is None and not is_saved:
        raise typer.BadParameter("--best is for replicas; give --replicas with it")


@dataclass(frozen=True, eq=False)
class _Outcome:
    """The outcome of a training.

    Args:
        program: what was trained.
        epochs: number of epochs done.
        results: loss and metrics; of replicas arrays with a number for each.
        seconds: how long it took.
        interrupted: whether Ctrl-C ended it.
        stopped: what ended it at a number that is not finite.
    """

    program: Program
    epochs: int
    results: dict[str, Any]
    seconds: float
    interrupted: bool
    stopped: NonFiniteError | None

    @property
    def best_replica(self) -> int | None:
        """Number of the replica with the smallest loss; None where there is none."""
        from nnc.cli.replicas import best_replica

        return None if self.program.replicas is None or not self.epochs else best_replica(self.results)

    def to_json(self, output: Path | None) -> dict[str, Any]:
        """Return plain data.

        Args:
            output: where the program was saved.
        """
        program = self.program
        return {
            "model": program.name,
            "epochs": self.epochs,
            "seconds": self.seconds,
            "saved": None if output is None else str(output),
            "result": self.results,
            **({} if program.replicas is None else {"replicas": program.replicas, "best": self.best_replica}),
            **({} if self.stopped is None else {"stopped": asdict(self.stopped.finding)}),
        }

    def print(self) -> None:
        """Print a table of the results."""
        from nnc.cli.replicas import print_replicas
        from nnc.program.progress import format_number

        head = f"After {self.epochs} epochs"
        if self.epochs and self.program.replicas is not None:
            print_replicas(self.results, head, self.program.name)
        elif self.epochs:
            cells = [(name, format_number(number, 6)) for name, number in self.results.items()]
            print_table((head, ""), cells, self.program.name)


def _trained(
    program: Program,
    source: TrainingSource,
    batch: int,
    epochs: int,
    callbacks: list[Any],
    restores_best: bool,
    verbose: Verbosity,
    distribute: Any,
) -> _Outcome:
    """Train until all epochs are done, or something ends it."""
    done = 0
    results: dict[str, Any] = {}

    def remember(epoch: int, logs: Mapping[str, Any]) -> None:
        nonlocal done, results
        done, results = epoch + 1, dict(logs)

    training, checked = source.training, next(iter(source.kept), None)
    say(f"training '{program.name}' on {len(training):,} rows{also_drawn(checked)}; Ctrl-C ends it")
    start = perf_counter()
    interrupted, stopped = False, None
    try:
        program.fit(
            training.x,
            training.y,
            batch_size=batch,
            epochs=epochs,
            validation_data=None if checked is None else (checked.x, checked.y),
            callbacks=callbacks,
            verbose=verbose,
            on_epoch=remember,
            distribute=distribute,
        )
    except KeyboardInterrupt:
        interrupted = True
        program.state.restore_stopped()  # which a step that was cut short may have changed
    except NonFiniteError as error:
        stopped = error
    seconds = perf_counter() - start
    if done and program.replicas is not None:
        from nnc.cli.replicas import kept_results

        record = program.state.stopped
        stopped_replicas = [False] * program.replicas if record is None else record.which
        results = kept_results(program.history.history, restores_best and not interrupted, stopped_replicas)
    shown = {name: results[name] for name in sorted(results, key=lambda name: name != "loss")}
    return _Outcome(program, done, shown, seconds, interrupted, stopped)
