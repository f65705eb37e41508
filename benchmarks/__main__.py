"""``python -m benchmarks`` is `nnc bench` of this checkout, with the same options."""

import sys

from nnc.cli import app

app(["bench", *sys.argv[1:]], prog_name="nnc")
