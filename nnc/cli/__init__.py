"""The command line: one file per command; everything heavy is imported inside them."""

from nnc.cli.app import app, main

__all__ = ["app", "main"]
