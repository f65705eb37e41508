"""The command `nnc run`: the whole way of a model, from its file to a trained program and a picture."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnc.activity import activity
from nnc.cli import completion, options
from nnc.cli.compile import print_report
from nnc.cli.console import check_plot, print_table, say
from nnc.cli.programs import is_program, read_options, targets_like
from nnc.errors import DataError
from nnc.texts import printable

if TYPE_CHECKING:
    from nnc.program import Program

NAME = "run"
EXAMPLE = "Example: nnc run examples/base.yaml --epochs 1000"
HELD_OUT = 0.2
"""Part of a file's rows that is kept to test on."""

Rows = tuple[Any, Any]


def command(
    model: options.Model,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="Inputs and targets (.npz or .csv), a fifth of which is kept to test on; by default the points of the "
            "experiment.",
            show_default=False,
            autocompletion=completion.files(*options.DATA_SUFFIXES),
        ),
    ] = None,
    target: options.Target = None,
    epochs: options.Epochs = 1000,
    batch: options.Batch = 32,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Seed of weights, order and points.")] = 2,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="FOLDER", help="Where program and picture are written.")
    ] = Path(),
    plot: options.Plot = None,
    replace: options.Replace = None,
    backend: options.Backend = None,
    max_bytes: options.MaxBytes = None,
    no_hints: options.NoHints = False,
) -> None:
    """Compile a model, train it, test it, save the program and draw the picture."""
    from nnc.cli.report import compile_report
    from nnc.program.progress import format_number
    from nnc.readers import read_model
    from nnc.render import layers_diagram, write
    from nnc.utils import set_random_seed

    del no_hints  # its callback has seen it
    if is_program(model):
        raise typer.BadParameter("give a model file; a saved program goes on with 'nnc train'")
    if not folder.is_dir():
        raise DataError(f"the folder '{folder}' does not exist")
    saved, picture = folder / f"{model.stem}.nnc", folder / f"{model.stem}.svg"
    if plot is not None and plot.resolve() == picture.resolve():
        raise typer.BadParameter(f"{picture} is where the picture of the layers goes; give --plot another name")
    check_plot(plot)
    set_random_seed(seed)
    program, report = compile_report(model, None, batch, None, replace=replace, backend=backend, max_bytes=max_bytes)
    print_report(report)
    training, test = _rows(program, data, target, seed)
    start = perf_counter()
    history = program.fit(*training, batch_size=batch, epochs=epochs)
    seconds = perf_counter() - start
    with activity("evaluating"):
        trained, tested = program.evaluate(*training), program.evaluate(*test)
    rows = [(name, format_number(trained[name]), format_number(tested[name])) for name in trained]
    title = f"{program.name}: {epochs:,} epochs in {seconds:.2f} s"
    print_table(("", f"{len(training[0]):,} training rows", f"{len(test[0]):,} test rows"), rows, title)
    program.save(saved)
    write(layers_diagram(read_model(model, **read_options(replace))), picture)
    if plot is not None:
        history.plot(path=plot)
    say(f"saved {saved}, drew {picture}{'' if plot is None else f' and {plot}'}")


def _rows(program: Program, data: Path | None, target: str | None, seed: int) -> tuple[Rows, Rows]:
    """Return training and test rows.

    Raises:
        DataError: no file is given, and the model does not take the experiment's points.
    """
    import numpy

    from nnc.data import Dataset, read_table

    if data is None:
        spec = program.spec
        if [item.shape for item in spec.inputs] != [(2,)] or [item.shape for item in spec.targets] != [(1,)]:
            raise DataError(
                f"'{program.name}' does not take the experiment's points (2 inputs, 1 target); give --data FILE"
            )
        training, test = Dataset(seed=seed), Dataset(seed=seed + 1)
        return (training.X, training.Y), (test.X, test.Y)
    with activity(f"reading {printable(data.name)}"):
        table = read_table(data, target)
    y = targets_like(program, table)
    order = numpy.random.default_rng(seed).permutation(len(table.x))
    kept = round(len(order) * (1 - HELD_OUT))
    first, second = order[:kept], order[kept:]
    if not len(first) or not len(second):
        raise DataError(f"{data}: {len(order)} rows are too few to train and to test on")
    return (table.x[first], y[first]), (table.x[second], y[second])
