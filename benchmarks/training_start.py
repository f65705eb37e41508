"""Whole processes that train the base network for 5,000 epochs, from nothing compiled: nnc on C against its peers."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.report import Row, Versus
from benchmarks.settings import Settings
from benchmarks.startup import commands_of, environment_of
from benchmarks.targets import target_rows

EPOCHS = 5000
WORK = "base network, from process start to 5,000 epochs trained"
NNC = {"c": "nnc fit, C, empty cache", "numpy": "nnc fit"}
PEERS = {
    "JAX, whole training in one call (lax)": "whole_training",
    "JAX, 100 epochs in one call, orders from NumPy": "whole_training_in_order",
}
"""JAX's ways to train that long in a second or two, as functions of `jax_training`."""


def code_of(place: str, *arguments: object) -> str:
    """Return what a process does: it makes a contestant and lets it train."""
    module, _, function = place.partition(":")
    given = ", ".join(map(repr, arguments))
    return f"from benchmarks.{module} import {function}; {function}({given}).run({EPOCHS})"


def run(settings: Settings) -> list[Row]:
    """Measure, and return the rows."""
    if "c" not in settings.backends:
        return []
    codes = {NNC[backend]: code_of("contestant:fit", "base", backend) for backend in settings.backends}
    if "jax" in settings.engines:
        codes |= {name: code_of(f"peers.jax_training:{function}") for name, function in PEERS.items()}
    with TemporaryDirectory() as folder:
        cache = Path(folder, "cache")
        environment = environment_of(Path(folder)) | {"NNC_CACHE_DIR": str(cache)}

        def empty_cache() -> None:
            shutil.rmtree(cache, ignore_errors=True)

        processes = settings.processes_in_turn(commands_of(codes), environment, prepare=empty_cache)
    others = [Versus(NNC["numpy"])] if "numpy" in settings.backends else []
    return target_rows(WORK, WORK, processes.wall, [NNC["c"]], list(PEERS), others)
