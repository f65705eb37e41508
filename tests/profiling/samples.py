"""A profile with round numbers, on a machine with round numbers."""

from __future__ import annotations

from nnc.profiling import Machine, Profile, Step

MACHINE = Machine("float32", product_rate=100e9, bandwidth=10e9, call_seconds=250e-9)


def step(name: str, microseconds: float, **options: object) -> Step:
    seconds = microseconds * 1e-6
    calls = options.get("calls", 0.0)
    assert isinstance(calls, int | float)
    backward = seconds if options.pop("is_backward", False) else 0.0
    call_seconds = min(seconds, calls * MACHINE.call_seconds)
    return Step(name, seconds, backward, call_seconds=call_seconds, **options)  # type: ignore[arg-type]  # by name


STEPS = (
    step("3 matmul → %0", 60.0, calls=1, flops=4.2e6, traffic=9e4, line="%0 = …", layer="dense", ops=("matmul",)),
    step("4 add → %1", 0.3, calls=1, flops=32.0, traffic=384.0, line="%1 = …", layer="dense", ops=("add",)),
    step("7 exp → %4", 9.0, calls=1, flops=4e3, traffic=6.4e4, line="%4 = …", layer="loss", ops=("exp",)),
    step(
        "8 matmul → %5",
        20.0,
        calls=1,
        flops=1e5,
        traffic=2e3,
        line="%5 = …",
        layer="dense",
        ops=("matmul",),
        is_backward=True,
    ),
    step("9 subtract → %6", 0.001, calls=0, flops=9.0, traffic=108.0, layer="optimizer", ops=("subtract",)),
)


def sample(**changes: object) -> Profile:
    """Return the profile, with some of its attributes changed."""
    given = {
        "model": "sample",
        "graph": "train",
        "batch": 32,
        "backend": "numpy",
        "engine": "NumPy 2",
        "runs": 1000,
        "seconds": 85e-6,
        "sampled_seconds": 95e-6,
        "outside": 0.7e-6,
        "steps": STEPS,
        "machine": MACHINE,
    }
    return Profile(**(given | changes))  # type: ignore[arg-type]  # by name
