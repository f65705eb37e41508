"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from nnc.backends import BACKENDS, DEFAULT, BackendName, backend_name
from nnc.cli import completion
from nnc.cli.console import say_hints
from nnc.errors import ModelError
from nnc.installation import install_command

if TYPE_CHECKING:
    from nnc import choices

DATA_SUFFIXES = (".npz", ".csv", ".tsv", ".gz", ".bz2", ".xz", ".parquet", ".feather")
BATCH = ("--batch-size", "--batch")
"""Names of the option for the rows of a batch, in every command that has it."""


class GraphName(StrEnum):
    """The graphs one can look at."""

    predict = "predict"
    train = "train"


class Dtype(StrEnum):
    """Element types to compute in."""

    float32 = "float32"
    float64 = "float64"


def dtype_of(given: Dtype | None) -> choices.FloatName | None:
    """Return the given value, as the rest of nnc names it."""
    return cast("choices.FloatName | None", given and given.value)


Model = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="Model file (.yaml, .json, .keras, .h5) or saved program (.nnc).",
        show_default=False,
        autocompletion=completion.model_files,
    ),
]
Data = Annotated[
    Path,
    typer.Option(
        "--data",
        metavar="FILE",
        help="Inputs and targets: a table (.csv, .tsv, also .gz, .bz2, .xz; .parquet, .feather), or .npz with the "
        "arrays x and y, or with one by name for each of several inputs and outputs. A folder, or a pattern such as "
        "'parts/*.parquet', names the parts of a table, .parquet or .npz, of which rows are read as they are needed.",
        show_default=False,
        autocompletion=completion.files(*DATA_SUFFIXES),
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="COLUMN",
        help="Column of the targets by name or number, for .npz the array's name; by default what the model knows, the "
        "last column, or y.",
        show_default=False,
    ),
]
For = Annotated[
    GraphName | None,
    typer.Option("--for", help="The graph; by default train if the model has a loss.", show_default=False),
]
Replace = Annotated[
    list[str] | None,
    typer.Option(
        "--replace",
        metavar="'OLD=LAYER(ARGS)'",
        help="Replace a class or a name in the model file with a layer; can be given several times.",
        show_default=False,
    ),
]


def _backend(text: str) -> str:
    try:
        return backend_name(text)
    except ModelError as error:
        raise typer.BadParameter(str(error)) from None


Backend = Annotated[
    BackendName | None,
    typer.Option(
        "--backend",
        metavar="|".join(BACKENDS),
        parser=_backend,
        help="Backend of the model; auto is C if a compiler is found and the work is worth compiling for, otherwise "
        f"NumPy; packages may bring others. By default $NNC_BACKEND, or {DEFAULT}.",
        show_default=False,
        autocompletion=completion.backends,
    ),
]


def _bytes(text: str) -> int:
    from nnc.quantities import parse_bytes

    try:
        return parse_bytes(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


MaxBytes = Annotated[
    int | None,
    typer.Option(
        "--max-bytes",
        metavar="64M",
        parser=_bytes,
        help="Refuse, before anything runs, a graph that needs more memory: arena, states and constants. K, M and G are"
        " powers of 1024, KB, MB and GB of 1000.",
        show_default=False,
    ),
]
NoHints = Annotated[
    bool,
    typer.Option(
        "--no-hints", help="Leave out the lines 'hint: …' about what is probably a mistake.", callback=say_hints
    ),
]
CheckNan = Annotated[
    bool,
    typer.Option(
        "--check-nan",
        help="Stop at the first NaN or infinity, and say where it comes from; slower.",
    ),
]
Batch = Annotated[int, typer.Option(*BATCH, metavar="N", min=1, help="Rows of a batch.")]
Epochs = Annotated[int, typer.Option("--epochs", "--epoch", metavar="N", min=1, help="Passes over the data.")]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="Encoding of a text file, such as cp1252; UTF-8 by default.",
        show_default=False,
    ),
]
LearningRate = Annotated[
    float | None,
    typer.Option(
        "--learning-rate",
        "--lr",
        metavar="RATE",
        min=0,
        help="Learning rate, instead of the optimizer's own.",
        show_default=False,
    ),
]


def _rates(text: str) -> list[float]:
    try:
        rates = [float(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"expected a number, or several separated by commas, got '{text}'") from None
    if any(not isfinite(rate) or rate < 0 for rate in rates):
        raise typer.BadParameter(f"expected numbers of at least 0, got '{text}'")
    return rates


LearningRates = Annotated[
    Sequence[float] | None,
    typer.Option(
        "--learning-rate",
        "--lr",
        metavar="RATE[,RATE…]",
        parser=_rates,
        help="Learning rate, instead of the optimizer's own; of replicas one for all, or one for each, separated by "
        "commas.",
        show_default=False,
    ),
]
Replicas = Annotated[
    int | None,
    typer.Option(
        "--replicas",
        metavar="K",
        min=1,
        help="Train K networks at once, each from first weights of its own.",
        show_default=False,
    ),
]


def _seeds(text: str) -> Any:
    if text == "model":
        return text
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise typer.BadParameter(f"expected whole numbers separated by commas, or model, got '{text}'")
    return [int(part) for part in parts]


Seeds = Annotated[
    Any,  # numbers, or the word
    typer.Option(
        "--seeds",
        metavar="N,N…|model",
        parser=_seeds,
        help="A seed for the first weights of each replica, by default drawn by --seed; with model, all begin with "
        "the weights of the model file.",
        show_default=False,
    ),
]
Replica = Annotated[
    int | None,
    typer.Option(
        "--replica",
        metavar="N",
        min=0,
        help="Take one network of a program with replicas, which are counted from 0.",
        show_default=False,
    ),
]
Distribute = Annotated[
    str | None,
    typer.Option(
        "--distribute",
        metavar="mpi",
        help="Let all processes that mpiexec has started train together, each on its rows of every batch; of .npz "
        "and .parquet files it reads no others. It is the default where mpiexec has started several.",
        show_default=False,
    ),
]
Backup = Annotated[
    Path | None,
    typer.Option(
        "--backup",
        metavar="FOLDER",
        help="Keep a copy of the whole state in FOLDER, which is deleted when training ends.",
        show_default=False,
    ),
]
BackupEvery = Annotated[
    int | None,
    typer.Option(
        "--backup-every",
        metavar="STEPS",
        min=1,
        help="Make that copy after so many steps instead of after each epoch.",
        show_default=False,
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on from the copy in the folder of --backup, to the bit; without a copy, begin at the start.",
    ),
]
Patience = Annotated[
    int | None,
    typer.Option(
        "--patience",
        metavar="N",
        min=1,
        help="End when the loss (of the validation rows, if there are any) has not fallen for N epochs, and keep "
        "the best weights.",
        show_default=False,
    ),
]
ValidationSplit = Annotated[
    float,
    typer.Option(
        "--validation-split",
        metavar="FRACTION",
        min=0,
        max=1,
        help="Share of the training rows to validate on, drawn by the seed, class by class if the target is a class.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        min=0,
        help="Seed of the rows set aside and, for a model file, of weights and order; 0 by default.",
        show_default=False,
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="FILE",
        help=f"Draw loss and metrics by epoch to FILE.png, .svg or .pdf; needs Matplotlib ({install_command('plot')}).",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
