"""Whole processes that load a model and predict one row, against one that only imports NumPy."""

from __future__ import annotations

import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.networks import BASE_BATCH, base_data, nnc_base
from benchmarks.report import Goal, Row, Versus, rows_of
from benchmarks.settings import Settings
from benchmarks.worker import clean_environment

WORK = "start, load and predict one row"
NNC, NUMPY, PYTHON, ONNX = "import nnc; nnc.load('base.nnc')(x)", "import numpy", "nothing", "the same in ONNX Runtime"
PEERS = (Versus(NUMPY, Goal(at_most=2.0)), Versus(PYTHON), Versus(ONNX))
HEAVY = ("jax", "torch", "tensorflow")
HEAVY_ROUNDS = 3


def run(settings: Settings) -> list[Row]:
    """Measure, and return the rows."""
    with TemporaryDirectory() as folder:
        return _run(settings, Path(folder))


def _run(settings: Settings, folder: Path) -> list[Row]:
    (x, y), model = base_data(), nnc_base()
    model.fit(x, y, batch_size=BASE_BATCH, epochs=1, verbose=0)
    model.program.save(folder / "base.nnc")
    codes = {
        NNC: f"import nnc; nnc.load({str(folder / 'base.nnc')!r})([[0.5, -0.5]])",
        NUMPY: "import numpy",
        PYTHON: "pass",
    }
    missing = [name for name in ("onnx", "onnxruntime", *HEAVY) if find_spec(name) is None]
    if not {"onnx", "onnxruntime"} & set(missing):
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
    imports = {NNC: codes[NNC]} | {f"import {name}": f"import {name}" for name in HEAVY if name not in missing}
    heavy = settings.processes_in_turn(commands_of(imports), environment, HEAVY_ROUNDS)
    others = [Versus(name) for name in imports]
    return [
        *rows_of(f"{WORK}, wall time", processes.wall, [NNC], PEERS),
        *rows_of(f"{WORK}, wall time", heavy.wall, [NNC], others[1:])[1:],
        *rows_of(f"{WORK}, processor time", processes.cpu, [NNC], PEERS),
        *rows_of(f"{WORK}, processor time", heavy.cpu, [NNC], others[1:])[1:],
        *(Row(WORK, name, "not installed") for name in missing),
    ]


def commands_of(codes: dict[str, str]) -> dict[str, list[str]]:
    """Without `site`: the start-up files of a development environment would count for every process."""
    return {name: [sys.executable, "-S", "-c", code] for name, code in codes.items()}


def environment_of(folder: Path) -> dict[str, str]:
    """Return the environment of a process that finds the packages without `site`, and its bytecode in a folder."""
    packages = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    path = [str(Path(__file__).parent.parent), *sorted(packages)]
    return clean_environment() | {
        "PYTHONPATH": ":".join(path),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),  # written in the first, uncounted round
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
