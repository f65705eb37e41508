"""The program `nnc`, run from the repository."""

from nnc.cli import main

if __name__ == "__main__":
    main()
