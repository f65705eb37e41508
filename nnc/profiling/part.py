"""The parts of a run with their times and costs: a step of the plan, a layer, an operation, or all of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A part of a run: a step of the plan, a layer, an operation, or all of it.

    Args:
        name: what it is.
        seconds: what it takes in one run.
        backward: seconds of these that belong to the backward pass.
        calls: functions of NumPy that it calls in one run.
        call_seconds: seconds that calling them takes, whatever they do.
        flops: floating-point operations, as the ops themselves count them.
        traffic: bytes that are read and written, each operand and result of a step once; registers are none.
    """

    name: str
    seconds: float
    backward: float = 0.0
    calls: float = 0.0
    call_seconds: float = 0.0
    flops: float = 0.0
    traffic: float = 0.0

    @property
    def intensity(self) -> float | None:
        """Floating-point operations for each byte that is read or written; None where there are no bytes."""
        return self.flops / self.traffic if self.traffic else None


@dataclass(frozen=True)
class Step(Part):
    """Steps of the plan that run together, named by their numbers in the plan, what they do and what they give.

    Args:
        line: their lines of the IR.
        layer: path of the layer they come from, or what else it is: ``loss``, ``metrics``, ``optimizer``, ``model``;
            several, joined by ``+``, where a loop nest has steps of several layers.
        ops: their operations.
        depth: loops over time around them.
        visits: how often they run in one run.
    """

    line: str = ""
    layer: str = ""
    ops: tuple[str, ...] = ()
    depth: int = 0
    visits: float = 1.0
