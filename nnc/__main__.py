"""Runs the command line as ``python -m nnc``."""

from nnc.cli import main

if __name__ == "__main__":
    main()
