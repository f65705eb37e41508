"""The command `nnc train`: trains a model file from the start, or a saved program where it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from nnc.cli import options
from nnc.cli.console import check_output, check_plot, print_json, print_table, say
from nnc.cli.programs import is_program, open_program, training_data
from nnc.errors import NonFiniteError

NAME = "train"
EXAMPLE = "Example: nnc train examples/base.yaml --data points.csv --target label --epochs 500 --seed 2 -o base.nnc"


def command(
    model: options.Model,
    data: options.Data,
    target: options.Target = None,
    epochs: options.Epochs = 10,
    batch: options.Batch = 32,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            metavar="N",
            min=0,
            help="Seed of initial weights and of the order of samples, for a model file; 0 by default.",
            show_default=False,
        ),
    ] = None,
    validation_split: Annotated[
        float,
        typer.Option(
            "--validation-split", metavar="FRACTION", min=0, max=1, help="Part of the rows, from the end, to check on."
        ),
    ] = 0.0,
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
) -> None:
    """Train a model file from the start, or a saved program where it was.

    Ctrl-C ends the training after the running step, NaN with --check-nan before it; what was learnt until then is saved
    where -o is given.
    """
    from nnc.program.progress import format_number
    from nnc.utils import set_random_seed

    del no_hints  # its callback has seen it
    if seed is not None and is_program(model):
        raise typer.BadParameter("a saved program goes on with its own random numbers; leave out --seed")
    check_output(output, ".nnc")
    check_plot(plot)
    set_random_seed(seed or 0)
    program = open_program(model, replace=replace, backend=backend, max_bytes=max_bytes)
    program.check_nan = check_nan
    done, logs = 0, {}

    def remember(epoch: int, found: Mapping[str, float]) -> None:
        nonlocal done, logs
        done, logs = epoch + 1, dict(found)

    x, y, rows = training_data(program, data, target)
    say(f"training '{program.name}' on {rows:,} rows; Ctrl-C ends it")
    start = perf_counter()
    interrupted, stopped = False, None
    try:
        program.fit(
            x,
            y,
            batch_size=batch,
            epochs=epochs,
            validation_split=validation_split,
            verbose=0 if as_json else "auto",
            on_epoch=remember,
        )
    except KeyboardInterrupt:
        interrupted = True
    except NonFiniteError as error:
        stopped = error
    seconds = perf_counter() - start
    if output is not None:
        program.save(output)
    if as_json:
        saved = None if output is None else str(output)
        report = {"model": program.name, "epochs": done, "seconds": seconds, "saved": saved, "result": logs}
        print_json(report | ({} if stopped is None else {"stopped": asdict(stopped.finding)}))
    elif done:
        cells = [(name, format_number(number, 6)) for name, number in logs.items()]
        print_table((f"After {done} epochs", ""), cells, program.name)
    if plot is not None and done:
        program.history.plot(path=plot)
        say(f"drew {plot}")
    if interrupted:
        say(f"interrupted in epoch {done + 1} of {epochs}")
    say(f"saved {output}" if output is not None else "not saved; give -o OUT.nnc to keep what was learnt")
    if stopped is not None:
        raise stopped
    if interrupted:
        raise typer.Exit(130)
