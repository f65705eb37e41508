"""The program `nnc`, run from the repository; without a command it is the experiment."""

from nnc.cli import main

if __name__ == "__main__":
    main()
