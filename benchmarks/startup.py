"""Whole processes that load a model and predict one row, against one that only imports NumPy."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.networks import NETWORKS, nnc_model
from benchmarks.report import Goal, Row, Versus, rows_of
from benchmarks.settings import Settings
from benchmarks.worker import ROOT, clean_environment

WORK = "start, load and predict one row"
NNC, NUMPY, PYTHON, ONNX = "import nnc; nnc.load('base.nnc')(x)", "import numpy", "nothing", "the same in ONNX Runtime"
PEERS = (Versus(NUMPY, Goal(at_most=2.0)), Versus(PYTHON), Versus(ONNX))
IMPORTED = {"jax": "jax", "torch": "torch", "tensorflow": "keras-tf", "sklearn.neural_network": "sklearn"}
"""What else is imported, and the engine whose it is."""
IMPORT_ROUNDS = 3


def run(settings: Settings) -> list[Row]:
    """Measure, and return the rows; C takes part in the second start that `compiling` measures."""
    if "numpy" not in settings.backends:
        return []
    with TemporaryDirectory() as folder:
        return _run(settings, Path(folder))


def _run(settings: Settings, folder: Path) -> list[Row]:
    saved = save_base(folder)
    codes = {
        NNC: f"import nnc; nnc.load({str(saved)!r})([[0.5, -0.5]])",
        NUMPY: "import numpy",
        PYTHON: "pass",
    }
    if "onnxruntime" in settings.engines:
        from benchmarks.peers.onnx_models import write_model

        write_model("base", folder / "base.onnx")
        codes[ONNX] = (
            "import numpy, onnxruntime; "
            f"session = onnxruntime.InferenceSession({str(folder / 'base.onnx')!r}, "
            "providers=['CPUExecutionProvider']); "
            "session.run(None, {'x': numpy.array([[0.5, -0.5]], 'float32')})"
        )
    environment = environment_of(folder)
    processes = settings.processes_in_turn(commands_of(codes), environment)
    imported = [name for name, engine in IMPORTED.items() if engine in settings.engines]
    imports = {NNC: codes[NNC]} | {f"import {name}": f"import {name}" for name in imported}
    heavy = settings.processes_in_turn(commands_of(imports), environment, IMPORT_ROUNDS)
    others = [Versus(name) for name in imports]
    return [
        *rows_of(f"{WORK}, wall time", processes.wall, [NNC], PEERS),
        *rows_of(f"{WORK}, wall time", heavy.wall, [NNC], others[1:])[1:],
        *rows_of(f"{WORK}, processor time", processes.cpu, [NNC], PEERS),
        *rows_of(f"{WORK}, processor time", heavy.cpu, [NNC], others[1:])[1:],
    ]


def save_base(folder: Path) -> Path:
    """Train the base network for an epoch, save it in a folder, and return the path of the program."""
    network, model = NETWORKS["base"], nnc_model("base")
    model.fit(*network.data(), batch_size=network.batch, epochs=1, verbose=0)
    model.program.save(folder / "base.nnc")
    return folder / "base.nnc"


def commands_of(codes: dict[str, str]) -> dict[str, list[str]]:
    """Without `site`: the start-up files of a development environment would count for every process."""
    return {name: [sys.executable, "-S", "-c", code] for name, code in codes.items()}


def environment_of(folder: Path) -> dict[str, str]:
    """Return the environment of a process that finds the packages without `site`, and its bytecode in a folder."""
    packages = [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    return clean_environment() | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), *packages]),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),  # written in the first, uncounted round
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
