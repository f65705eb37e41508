"""Made-up measurements, from which tables and pages are printed."""

from __future__ import annotations

from benchmarks.report import Row, Versus, rows_of
from benchmarks.set_up import set_up_rows
from benchmarks.targets import target_rows
from benchmarks.timing import Comparison

FACTS = {"Python": "3.11", "Processor": "one | two"}


def measured() -> list[Row]:
    """Return the rows of a training work with two peers, of a call, and of the set-up."""
    work = "MLP, training step, 2 threads"
    seconds = Comparison(
        {
            "nnc fit, C": [1.0e-3, 1.1e-3, 0.9e-3, 1.0e-3],
            "JAX, jitted step": [2.0e-3, 2.0e-3, 2.0e-3, 2.2e-3],
            "PyTorch, eager": [0.8e-3, 0.9e-3, 0.7e-3, 0.8e-3],
        }
    )
    peers = ["JAX, jitted step", "PyTorch, eager"]
    starts = [
        {name: {"import": 0.1 * number, "build": 0.01, "first": 0.5} for name in seconds.seconds}
        for number in (1, 2, 3)
    ]
    return [
        *target_rows("MLP, training step", work, seconds, ["nnc fit, C"], peers),
        *set_up_rows(work, 20, 100, seconds, starts, "nnc fit, C"),
        *rows_of(
            "start", Comparison({"import nnc": [0.1], "import jax": [0.4]}), ["import nnc"], [Versus("import jax")]
        ),
        Row("call", "compiled function", "0.1 µs", "0.09–0.12 µs", wanted="≤ 1 µs", reached=True, target="0.1 µs"),
        Row("call", "failed", "it did", wanted="runs", reached=False),
    ]
