"""The command `nnc bench`: nnc and its peers side by side, which only a checkout of the repository can measure."""

from __future__ import annotations

import subprocess
import sys
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from nnc.cli import options
from nnc.errors import NncError

NAME = "bench"
EXAMPLE = "Example: nnc bench --suite base,latency --against jax,onnxruntime --quick"


class Measured(StrEnum):
    """The backends that can be measured alone."""

    numpy = "numpy"
    c = "c"


def command(
    suite: Annotated[
        str,
        typer.Option(
            "--suite",
            metavar="NAMES",
            help="Any of base, mlp, cnn, lstm, transformer, replicas, resnet50, mobilenetv2, decoding, latency, "
            "mobile, deep, attention, wide, sequence, volume, train-words, train-gpt, train-densenet, train-unet, "
            "train-mobilenetv2, train-resnet50, startup, compile, choice, loading and memory, separated by commas; "
            "train stands for those that begin with it. By default all.",
            show_default=False,
        ),
    ] = "",
    against: Annotated[
        str,
        typer.Option(
            "--against",
            metavar="NAMES",
            help="Any of keras-tf, keras-jax, keras-torch, torch, jax, onnxruntime, openvino, litert and sklearn, "
            "separated by commas; by default all that are installed.",
            show_default=False,
        ),
    ] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Fewer and shorter rounds.")] = False,
    hurry: Annotated[
        bool, typer.Option("--hurry", help="Rounds so few and short that the numbers mean little.")
    ] = False,
    only: Annotated[
        Measured | None, typer.Option("--only", help="Measure nnc on one backend.", show_default=False)
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write it into docs/benchmarks.md and the pages beside it, plots and data.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Measure nnc and its peers on the same work, in turn, each in a process of its own; print medians and ratios.

    The benchmarks are part of the repository and measure the nnc that is in it. The exit code is 1 if a
    target ratio is missed.
    """
    if quick and hurry:
        raise typer.BadParameter("--quick and --hurry are two speeds; give one of them")
    own, here = Path(__file__).parents[2], Path.cwd()
    if not is_checkout(own):
        if not is_checkout(here):
            raise NncError(
                "the benchmarks are part of nnc's repository, and this nnc is installed without it: go to a clone of "
                f"the repository and run 'pip install -e .[bench]', then 'nnc bench' there; looked in {own} and {here}"
            )
        raise typer.Exit(subprocess.call([sys.executable, "-m", "benchmarks", *sys.argv[2:]]))
    sys.path.insert(0, str(own))  # an editable installation knows the packages that are installed, and no others
    speed = "quick" if quick else "hurry" if hurry else ""
    run = import_module("benchmarks.command").bench
    if not run(_names(suite), _names(against), speed, only and only.value, write, as_json):
        raise typer.Exit(1)


def is_checkout(folder: Path) -> bool:
    """Whether a folder holds nnc with its benchmarks."""
    return all((folder / name).is_file() for name in ("nnc/cli/bench.py", "benchmarks/command.py"))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
