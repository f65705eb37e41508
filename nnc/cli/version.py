"""The command `nnc version`: what `nnc --version` prints."""

from __future__ import annotations

from nnc import __version__
from nnc.cli.console import print_text

NAME = "version"
EXAMPLE = "Example: nnc version"


def command() -> None:
    """Print the version."""
    print_text(f"nnc {__version__}")
