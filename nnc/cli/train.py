"""The command `nnc train`: trains a model file from the start, or continues a saved program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from nnc.cli import options
from nnc.cli.console import check_output, check_plot, print_json, print_table, say
from nnc.cli.programs import is_program, say_choice
from nnc.cli.trainable import also_drawn, kept_parts, open_source, set_learning_rate, stopping
from nnc.errors import NonFiniteError

NAME = "train"
EXAMPLE = "Example: nnc train examples/base.yaml --data points.csv --target label --epochs 500 --seed 2 -o base.nnc"


def command(
    model: options.Model,
    data: options.Data,
    target: options.Target = None,
    epochs: options.Epochs = 10,
    batch: options.Batch = 32,
    seed: options.Seed = None,
    validation_split: options.ValidationSplit = 0.0,
    learning_rate: options.LearningRate = None,
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
) -> None:
    """Train a model file from the start, or continue a saved program.

    Ctrl-C ends the training after the current step, and NaN with --check-nan before it; with -o, what was learnt until
    then is saved.
    """
    from nnc.program.progress import format_number
    from nnc.utils import set_random_seed

    del no_hints  # its callback has seen it
    if seed is not None and is_program(model) and not validation_split:
        raise typer.BadParameter("a saved program continues with its own random numbers; leave out --seed")
    check_output(output, ".nnc")
    check_plot(plot)
    set_random_seed(seed or 0)
    source = open_source(
        model, data, target, encoding, kept_parts(validation_split), seed or 0, replace, backend, max_bytes
    )
    program = source.open(model, backend, max_bytes)
    program.check_nan = check_nan
    set_learning_rate(program, learning_rate)
    say_choice(program, "train")
    done, logs = 0, {}

    def remember(epoch: int, found: Mapping[str, float]) -> None:
        nonlocal done, logs
        done, logs = epoch + 1, dict(found)

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
            callbacks=stopping(patience, checked is not None),
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
    say(f"saved {output}" if output is not None else "not saved; give -o OUT.nnc to keep what it learnt")
    if stopped is not None:
        raise stopped
    if interrupted:
        raise typer.Exit(130)
