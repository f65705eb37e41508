"""Prints how far nnc is from Keras on models of published packages: ``python -m tests.packages [NAME …]``."""

import sys
from pathlib import Path

from tests.hub.printing import main
from tests.packages import MODELS

RESULTS = Path(__file__).parents[1] / "docs" / "packages.json"

if __name__ == "__main__":
    sys.exit(main(MODELS, __doc__, RESULTS))
