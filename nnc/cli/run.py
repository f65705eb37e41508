"""The command `nnc run`: the whole way of a model, from its file to a trained program and a picture."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from nnc.activity import activity
from nnc.cli import completion, options
from nnc.cli.compile import print_report
from nnc.cli.console import check_plot, print_table, say
from nnc.cli.programs import is_program, read_options, say_choice
from nnc.cli.trainable import TrainingSource, kept_parts, open_source, set_learning_rate, stopping
from nnc.errors import DataError

if TYPE_CHECKING:
    from nnc.program import Program

NAME = "run"
EXAMPLE = "Example: nnc run examples/base.yaml --epochs 1000"
HELD_OUT = 0.2
"""Part of a file's rows that is kept to test on."""


def command(
    model: options.Model,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="Inputs and targets (a table or .npz, as for train); a fifth is kept to test on. By default "
            "the points of the experiment.",
            show_default=False,
            autocompletion=completion.files(*options.DATA_SUFFIXES),
        ),
    ] = None,
    target: options.Target = None,
    epochs: options.Epochs = 1000,
    batch: options.Batch = 32,
    seed: options.Seed = None,
    validation_split: options.ValidationSplit = 0.0,
    learning_rate: options.LearningRate = None,
    patience: options.Patience = None,
    encoding: options.Encoding = None,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="FOLDER", help="Folder for the program and the picture.")
    ] = Path(),
    plot: options.Plot = None,
    replace: options.Replace = None,
    backend: options.Backend = None,
    max_bytes: options.MaxBytes = None,
    no_hints: options.NoHints = False,
) -> None:
    """Compile a model, train it, test it, save the program and draw the picture."""
    from nnc.cli.compile_report import compile_report
    from nnc.program.progress import format_number
    from nnc.readers import read_model
    from nnc.render import layers_diagram, write
    from nnc.utils import set_random_seed

    del no_hints  # its callback has seen it
    if is_program(model):
        raise typer.BadParameter("give a model file; to train a saved program further, use 'nnc train'")
    if data is None and (target is not None or encoding is not None):
        raise typer.BadParameter("--target and --encoding are about the file that --data names")
    if not folder.is_dir():
        raise DataError(f"the folder '{folder}' does not exist")
    saved, picture = folder / f"{model.stem}.nnc", folder / f"{model.stem}.svg"
    if plot is not None and plot.resolve() == picture.resolve():
        raise typer.BadParameter(f"{picture} is where the picture of the layers goes; give --plot another name")
    check_plot(plot)
    seed = seed or 0
    set_random_seed(seed)
    if data is None:
        source = _points(validation_split, seed)
    else:
        source = open_source(model, data, target, encoding, kept_parts(HELD_OUT, validation_split), seed, replace)
    program, report = compile_report(
        model, None, batch, None, replace=replace, backend=backend, max_bytes=max_bytes, model=source.model
    )
    if data is None:
        _check_takes_points(program)
    source.ready(program)
    print_report(report)
    set_learning_rate(program, *([] if learning_rate is None else [learning_rate]))
    say_choice(program, "train")
    training, test = source.training, source.kept[0]
    checked = source.kept[1] if validation_split else None
    start = perf_counter()
    history = program.fit(
        training.x,
        training.y,
        batch_size=batch,
        epochs=epochs,
        validation_data=None if checked is None else (checked.x, checked.y),
        callbacks=stopping(patience, checked is not None),
    )
    seconds = perf_counter() - start
    with activity("evaluating"):
        trained, tested = (program.evaluate(rows.x, rows.y, verbose=0) for rows in (training, test))
    rows = [(name, format_number(trained[name]), format_number(tested[name])) for name in trained]
    title = f"{program.name}: {len(history.epoch):,} epochs in {seconds:.2f} s"
    print_table(("", f"{len(training):,} training rows", f"{len(test):,} test rows"), rows, title)
    program.save(saved)
    drawn = source.model if source.model is not None else read_model(model, **read_options(replace))
    write(layers_diagram(drawn), picture)
    if plot is not None:
        history.plot(path=plot)
    say(f"saved {saved}, drew {picture}{'' if plot is None else f' and {plot}'}")


def _points(validation_split: float, seed: int) -> TrainingSource:
    """Return the experiment's points to train on, others to test on, and a part of the former to validate on."""
    from nnc.data import Dataset
    from nnc.data.rows import Rows
    from nnc.preparing import divided

    drawn, test = Dataset(seed=seed), Dataset(seed=seed + 1)
    training, *checked = divided(Rows(drawn.X, drawn.Y), kept_parts(validation_split), seed)
    return TrainingSource(training, (Rows(test.X, test.Y), *checked))


def _check_takes_points(program: Program) -> None:
    """Check that a program takes the experiment's points.

    Raises:
        DataError: it does not.
    """
    spec = program.spec
    if [item.shape for item in spec.inputs] != [(2,)] or [item.shape for item in spec.targets] != [(1,)]:
        raise DataError(
            f"'{program.name}' does not take the experiment's points (2 inputs, 1 target); give --data FILE"
        )
