"""Prints how far nnc's numbers for each backbone of KerasHub are from Keras's: ``python -m tests.hub [NAME …]``."""

import sys

from tests.hub import BACKBONES
from tests.hub.printing import main

if __name__ == "__main__":
    sys.exit(main(BACKBONES, __doc__))
