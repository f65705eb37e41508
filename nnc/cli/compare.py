"""The command `nnc compare`: the published accuracies beside those of today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnc.cli import options
from nnc.cli.console import check_output, print_json, print_table, progress, say

if TYPE_CHECKING:
    from nnc.experiment.runs import Repeat

NAME = "compare"
EXAMPLE = "Example: python main.py compare --repeat 10"


def command(
    repeat: Annotated[int, typer.Option("--repeat", metavar="N", min=1, help="Trainings per figure.")] = 10,
    epochs: options.Epochs = 5000,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Seed of the data and of the weights.")] = 2,
    with_tf: Annotated[
        bool,
        typer.Option("--with-tf/--no-tf", help="Run TensorFlow too; at 5,000 epochs that is an hour per repeat."),
    ] = False,
    tf_repeat: Annotated[
        int, typer.Option("--tf-repeat", metavar="N", min=1, help="Trainings per TensorFlow figure.")
    ] = 1,
    tf_epochs: Annotated[
        int | None,
        typer.Option(
            "--tf-epochs",
            metavar="N",
            min=1,
            help="Epochs with TensorFlow; by default as with nnc.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.md", help="Page to write.")] = Path(
        "docs/results.md"
    ),
    backend: options.Backend = None,
    as_json: options.Json = False,
) -> None:
    """Compare with the published accuracies: print the table, and write a page with it and how it was made."""
    from nnc.experiment import Settings, compare, entrants, results_page
    from nnc.files import write_atomically

    check_output(output, ".md")
    base = Settings(epochs=epochs, repeat=repeat, seed=seed, backend=backend)
    tensorflow = replace(base, epochs=tf_epochs or epochs, repeat=tf_repeat, backend=None) if with_tf else None
    total = sum(settings.repeat for entrant in entrants(base, tensorflow) for settings in entrant.variants())
    taken: dict[str, str] = {}
    with progress(total, "training") as advance:

        def note(repeat: Repeat) -> None:
            advance()
            if repeat.backend:
                taken.setdefault(repeat.backend.partition(",")[0], repeat.backend)

        comparison = compare(base, tensorflow, note)
    for text in taken.values():
        say(text)
    line = f"python main.py compare --repeat {repeat} --epochs {epochs} --seed {seed}"
    if backend is not None:
        line += f" --backend {backend}"
    if tensorflow is not None:
        line += f" --with-tf --tf-repeat {tensorflow.repeat} --tf-epochs {tensorflow.epochs}"
    write_atomically(output, results_page(comparison, line).encode())
    if as_json:
        print_json(comparison.to_json())
    else:
        _print("On the test set", comparison.head(), comparison.table())
        _print("On other points", comparison.head(), comparison.other_sets())
    say(f"wrote {output}")


def _print(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with a line per variant, because a terminal is narrower than a page."""
    lines = list(zip(head, *rows, strict=True))
    print_table(lines[0], lines[1:], title)
