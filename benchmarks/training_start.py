"""Whole processes that train the base network for 5,000 epochs, from nothing compiled: nnc on C against JAX."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.report import Row
from benchmarks.settings import Settings
from benchmarks.startup import commands_of, environment_of
from benchmarks.targets import target_rows

EPOCHS = 5000
WORK = "base network, from process start to 5,000 epochs trained"
NNC, JAX = {"c": "nnc fit, C, empty cache", "numpy": "nnc fit"}, "JAX, whole training in one call (lax)"
_NNC = (
    "from benchmarks.networks import BASE_BATCH, base_data, nnc_base; "
    "x, y = base_data(); "
    f"print(nnc_base('{{backend}}').fit(x, y, batch_size=BASE_BATCH, epochs={EPOCHS}, verbose=0).history['loss'][-1])"
)
_JAX = f"from benchmarks.peers.jax_models import train_base; print(train_base({EPOCHS})[{EPOCHS} - 1])"


def run(settings: Settings) -> list[Row]:
    """Measure, and return the rows."""
    if "c" not in settings.backends:
        return []
    codes = {NNC[backend]: _NNC.format(backend=backend) for backend in settings.backends}
    missing = [Row(WORK, "jax", "not installed")] if find_spec("jax") is None else []
    if not missing:
        codes[JAX] = _JAX
    with TemporaryDirectory() as folder:
        cache = Path(folder, "cache")
        environment = environment_of(Path(folder)) | {"NNC_CACHE_DIR": str(cache)}

        def empty_cache() -> None:
            shutil.rmtree(cache, ignore_errors=True)

        processes = settings.processes_in_turn(commands_of(codes), environment, prepare=empty_cache)
    others = [name for name in codes if name not in (NNC["c"], JAX)]
    return [*target_rows(WORK, WORK, processes.wall, [NNC["c"]], [JAX], others), *missing]
