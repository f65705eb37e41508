"""The command `nnc sweep`: trains many trials of a model, and keeps the best."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnc.cli import completion, options
from nnc.cli.console import print_json, print_table, say
from nnc.installation import install_command

if TYPE_CHECKING:
    from nnc.distribute.sweeps import SweepResult

NAME = "sweep"
EXAMPLE = "Example: nnc sweep sweep.yaml --workers 4 -o results"
_SHOWN = 10


class Engine(StrEnum):
    """What runs trials."""

    local = "local"
    optuna = "optuna"
    ray = "ray"


def command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="SWEEP",
            help="Sweep file (.yaml, .json): model, data, space, and settings of the training.",
            show_default=False,
            autocompletion=completion.files(".yaml", ".yml", ".json"),
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="Folder of the journal, the report, the picture and the best trial's program; by default the name of "
            "the sweep file without its suffix.",
            show_default=False,
            autocompletion=completion.files("/"),
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the sweep in the folder; trials that are done are not repeated."),
    ] = False,
    engine: Annotated[
        Engine | None,
        typer.Option(
            "--engine",
            help="What runs trials, instead of what the file says: processes of this machine, Optuna "
            f"({install_command('optuna')}) or Ray ({install_command('ray')}).",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            min=0,
            help="Processes that train at once; 0 trains in this one. By default what the file says, or 1.",
            show_default=False,
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials",
            metavar="N",
            min=1,
            help="Number of trials, instead of what the file says; for a grid, which has all, leave it out.",
            show_default=False,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            "--epochs",
            "--epoch",
            metavar="N",
            min=1,
            help="Passes over the data, instead of what the file says.",
            show_default=False,
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            metavar="HOST:PORT",
            help="Address of a Ray cluster, or auto; by default Ray starts on this machine.",
            show_default=False,
        ),
    ] = None,
    backend: options.Backend = None,
    as_json: options.Json = False,
    no_hints: options.NoHints = False,
) -> None:
    """Train many trials of a model, and keep the best.

    The sweep file says what is varied: anything in the model's file, and epochs, batch size, patience and seed. Trials
    that differ only in numbers are trained together, in one plan.

    Ctrl-C gives the report of what is done by then, and --resume goes on.
    """
    from nnc.distribute.sweeps.document import read_document
    from nnc.distribute.sweeps.running import Sweep

    del no_hints  # its callback has seen it
    given = {
        "engine": None if engine is None else engine.value,
        "workers": workers,
        "trials": trials,
        "epochs": epochs,
        "backend": backend,
        "ray": None if address is None else {"address": address},
    }
    document = read_document(file, {key: value for key, value in given.items() if value is not None})
    folder = Path(file.stem) if output is None else output
    result = Sweep(document, folder).run(resume, say)
    if as_json:
        print_json(result.to_json())
    elif result.trials:
        _print(result)
    if result.interrupted:
        say(f"interrupted; go on with: nnc sweep {file} --resume{'' if output is None else f' -o {output}'}")
    else:
        say(f"saved {result.path}, trial {result.best.number}; the report is in {folder}")
    if result.interrupted:
        raise typer.Exit(130)


def _print(result: SweepResult) -> None:
    """Print the best trials, and how many failed."""
    from nnc.distribute.sweeps.result import shown
    from nnc.program.progress import format_number

    names = list(dict.fromkeys(name for trial in result.trials for name in trial.parameters))
    metric = result.objective.metric
    rows = []
    for trial in result.ranked()[:_SHOWN]:
        value: Any = trial.status if trial.value is None else format_number(trial.value, 6)
        cells = [shown(trial.parameters[name]) if name in trial.parameters else "" for name in names]
        rows.append((str(trial.number), *cells, value, f"{trial.epochs}"))
    title = f"{len(result.trials):,} of {result.total:,} trials, the best by {metric} first"
    print_table(("Trial", *names, metric, "Epochs"), rows, title)
    failed = [trial for trial in result.trials if trial.status == "failed"]
    if failed:
        first = failed[0]
        several = f"{len(failed)} trials failed, the first of them" if len(failed) > 1 else "a trial failed,"
        say(f"{several} trial {first.number}: {first.error}")
