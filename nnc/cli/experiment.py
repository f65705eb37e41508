"""The command `nnc experiment`, which is also what options without a command run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nnc.cli import completion, options
from nnc.cli.console import print_json, print_table, progress, say

if TYPE_CHECKING:
    from nnc.experiment import Result

NAME = "experiment"
EXAMPLE = "Example: python main.py --mode np --lr .1 --loss binary_crossentropy --epochs 5000 --layer 2 --repeat 10"


def command(
    mode: Annotated[
        str,
        typer.Option(
            "--mode",
            metavar="np|tf",
            help="Train with nnc or with TensorFlow.",
            autocompletion=completion.modes,
        ),
    ] = "np",
    learning_rate: Annotated[
        float, typer.Option("--lr", "--learning-rate", metavar="NUMBER", help="Learning rate.")
    ] = 0.1,
    optimizer: Annotated[
        str,
        typer.Option("--optimizer", metavar="NAME", help="Optimizer.", autocompletion=completion.optimizers),
    ] = "SGD",
    loss: Annotated[
        str, typer.Option("--loss", metavar="NAME", help="Loss.", autocompletion=completion.losses)
    ] = "binary_crossentropy",
    epochs: options.Epochs = 5000,
    size: Annotated[int, typer.Option("--size", metavar="N", min=1, help="Samples to train on.")] = 128,
    widths: Annotated[
        str, typer.Option("--layers", "--layer", metavar="WIDTHS", help="Widths of the hidden layers, such as 8,4.")
    ] = "2",
    repeat: Annotated[
        int, typer.Option("--repeat", metavar="N", min=1, help="Trainings, each from different weights.")
    ] = 10,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Seed of the data and of the weights.")] = 2,
    normal: Annotated[bool, typer.Option("--normal", help="Standardise the inputs.")] = False,
    batch: options.Batch = 32,
    backend: options.Backend = None,
    as_json: options.Json = False,
    no_hints: options.NoHints = False,
) -> None:
    """Train a small network several times; show mean and spread of loss and accuracy, and the time.

    The data are points of the plane, drawn from the normal distribution and labelled x0² > x1. There are as
    many test points as training points, drawn with the next seed. A misspelt name is taken for the one it resembles.
    """
    from nnc.experiment import MODES, Settings, parse_widths, resolve, run
    from nnc.losses import LOSSES
    from nnc.optimizers import OPTIMIZERS

    settings = Settings(
        learning_rate=learning_rate,
        optimizer=resolve(optimizer, [cls.__name__ for cls in OPTIMIZERS.values()], "optimizer", say),
        loss=resolve(loss, [name for name in LOSSES if name.islower()], "loss", say),
        epochs=epochs,
        size=size,
        hidden=parse_widths(widths),
        batch=batch,
        normal=normal,
        seed=seed,
        repeat=repeat,
        backend=backend,
    )
    del no_hints  # its callback has seen it
    mode = resolve(mode, MODES, "mode", say)
    with progress(settings.repeat, f"training with {MODES[mode]}") as advance:
        result = run(settings, mode, lambda _: advance())
    if taken := result.repeats[0].backend:
        say(taken)
    print_json(result.to_json()) if as_json else _print(result)


def _print(result: Result) -> None:
    from nnc.experiment import MODES

    titles = {"training": "training set", "test": "test set", "further": "further points"}
    rows = [
        (titles[name], f"{size:,}", result.loss(name).text(4), f"{result.accuracy(name).text(2, factor=100)} %")
        for name, size in result.sizes().items()
    ]
    settings = result.settings
    widths = "-".join(map(str, (2, *settings.hidden, 1)))
    backend = "" if settings.backend is None else f" ({settings.backend})"
    title = (
        f"{MODES[result.mode]}{backend}: {widths}, {settings.optimizer} {settings.learning_rate:g}, {settings.loss}, "
        f"{settings.epochs:,} epochs, {settings.repeat} training{'s' if settings.repeat > 1 else ''}"
    )
    print_table(("", "Points", "Loss", "Accuracy"), rows, title)
    total = sum(repeat.seconds for repeat in result.repeats)
    print_table(("Time", ""), [("a training", f"{result.seconds.text(3)} s"), ("all of them", f"{total:.3f} s")])
