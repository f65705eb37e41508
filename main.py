"""The program `nnc`, run from the repository: ``python main.py`` is the experiment, ``python main.py compile …`` a command."""

from nnc.cli import main

if __name__ == "__main__":
    main()
