"""Says in words what limits a part of a run: a roofline (Williams, Waterman and Patterson, 2009) to read aloud."""

from __future__ import annotations

from nnc.profiling.machine_limits import Machine
from nnc.profiling.part import Part
from nnc.quantities import duration_text

SHORTEST = 5e-9
"""Seconds below which a clock tells nothing."""
FAR = 0.2
"""Share of what the machine can do below which a part is said to be far from it."""


def limit_text(part: Part, machine: Machine, is_short: bool = False) -> str:
    """Return what limits a part: calls of functions, the machine's rate of products, its memory, or neither.

    Args:
        part: what ran.
        machine: what can be reached.
        is_short: whether for a cell of a table.
    """
    if part.seconds < SHORTEST:
        return "too short to tell" if part.seconds else ""
    if part.call_seconds >= part.seconds / 2:
        share = f"{part.call_seconds / part.seconds:.0%}"
        return f"calls {share}" if is_short else f"call overhead {share}"
    if not part.flops and not part.traffic:
        return ""
    compute = part.flops / part.seconds / machine.product_rate
    memory = part.traffic / part.seconds / machine.bandwidth
    if max(compute, memory) < FAR:
        if is_short:
            return f"neither (memory {memory:.0%})" if memory >= compute else f"neither (compute {compute:.0%})"
        return (
            f"far from both limits: {memory:.0%} of this machine's measured memory bandwidth, {compute:.0%} of its"
            " product rate"
        )
    if part.intensity is None or part.intensity >= machine.balance:
        text = f"{compute:.0%} of this machine's measured product rate"
        return f"compute {compute:.0%}" if is_short else f"compute-bound: {text}"
    if memory > 1:
        return "cache" if is_short else "cache-bound: faster than this machine's measured memory bandwidth"
    text = f"{memory:.0%} of this machine's measured memory bandwidth"
    return f"memory {memory:.0%}" if is_short else f"memory-bound: {text}"


def overhead_text(whole: Part, outside: float, machine: Machine) -> str:
    """Say that most of a run is overhead, and of which kind.

    Args:
        whole: the run.
        outside: seconds outside of the steps.
        machine: what a call takes.
    """
    if not whole.calls:
        return f"overhead {outside / whole.seconds:.0%}: Python, and the drawing and gathering of rows"
    share, each = (whole.call_seconds + outside) / whole.seconds, duration_text(machine.call_seconds)
    return (
        f"call overhead {share:.0%}: {whole.calls:,.0f} calls of NumPy of at least {each} are"
        f" {whole.call_seconds / whole.seconds:.0%}, Python and the gathering of rows {outside / whole.seconds:.0%}"
    )
