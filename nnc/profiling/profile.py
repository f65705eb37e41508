"""The contents of a profile: the steps of a run with their times and costs, added up by layer and by operation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from nnc.profiling.costs import operations_text
from nnc.profiling.machine_limits import Machine
from nnc.profiling.part import Part, Step
from nnc.profiling.roofline import limit_text, overhead_text
from nnc.quantities import count_text, duration_text

TRAIN = "train"
SHOWN_STEPS = 20
"""Steps that the text of a profile lists."""


@dataclass(frozen=True)
class Profile:
    """The distribution of the time of a training step or a prediction.

    Args:
        model: name of the model.
        graph: what ran, ``train`` or ``predict``.
        batch: rows of a batch.
        backend: name of the backend.
        engine: what runs the backend's source, or compiles it.
        runs: how many runs were sampled.
        seconds: what a run takes without clocks in it.
        sampled_seconds: what a run takes with clocks in it.
        outside: seconds of a run outside of the steps: Python, and the drawing and gathering of rows.
        steps: all steps in the order in which they run.
        machine: what the machine can do at best.
    """

    model: str
    graph: str
    batch: int
    backend: str
    engine: str
    runs: int
    seconds: float
    sampled_seconds: float
    outside: float
    steps: tuple[Step, ...]
    machine: Machine

    @property
    def whole(self) -> Part:
        """The run as one part, with what lies outside of the steps."""
        inside = _joined(self.model, self.steps)
        return replace(inside, seconds=inside.seconds + self.outside)

    @property
    def layers(self) -> tuple[Part, ...]:
        """The time by layer, what takes most first."""
        return self._by(lambda step: step.layer)

    @property
    def operations(self) -> tuple[Part, ...]:
        """The time by operation, or operations that share a loop nest, what takes most first."""
        return self._by(lambda step: operations_text(step.ops))

    def _by(self, key: Callable[[Step], str]) -> tuple[Part, ...]:
        groups: dict[str, list[Step]] = {}
        for step in self.steps:
            groups.setdefault(key(step), []).append(step)
        parts = [_joined(name, steps) for name, steps in groups.items()]
        return tuple(sorted(parts, key=lambda part: -part.seconds))

    @property
    def call_overhead(self) -> float:
        """The part of a run's time, 0 to 1, that goes into calls and into what lies outside of the steps."""
        whole = self.whole
        return (whole.call_seconds + self.outside) / whole.seconds if whole.seconds else 0.0

    @property
    def limit(self) -> str:
        """The limit of the whole run, in words."""
        if self.call_overhead >= 0.5:
            return overhead_text(self.whole, self.outside, self.machine)
        return limit_text(self.whole, self.machine)

    def limit_of(self, part: Part) -> str:
        """Return the limit of a part, in a few words."""
        return limit_text(part, self.machine, is_short=True)

    # ------------------------------------------------------------------ showing

    def head(self) -> list[str]:
        """Return the text before the tables."""
        kind = "training step" if self.graph == TRAIN else "prediction"
        machine = self.machine
        return [
            f"{self.model}: {kind} of {self.batch} rows, {self.backend} backend ({self.engine}): "
            f"{duration_text(self.seconds)}; with clocks in it {duration_text(self.sampled_seconds)}, "
            f"{self.runs:,} sampled",
            self.limit,
            f"This machine: products {count_text(machine.product_rate)}FLOP/s ({machine.dtype}), memory "
            f"{count_text(machine.bandwidth)}B/s, so {machine.balance:.1f} FLOPs per byte balance; a call of NumPy "
            f"{duration_text(machine.call_seconds)}",
        ]

    def layer_rows(self) -> list[tuple[str, ...]]:
        """Return a row per layer: name, time, share, share of that in the backward pass, intensity, limit."""
        rows = []
        for part in self.layers:
            backward = f"{part.backward / part.seconds:.0%}" if part.seconds and part.backward else ""
            rows.append((part.name, *self._time(part.seconds), backward, _intensity(part), self.limit_of(part)))
        return [*rows, (OUTSIDE, *self._time(self.outside), "", "", "")]

    def operation_rows(self) -> list[tuple[str, ...]]:
        """Return a row per operation: name, time, share, FLOPs, intensity, limit."""
        return [
            (part.name, *self._time(part.seconds), count_text(part.flops), _intensity(part), self.limit_of(part))
            for part in self.operations
        ]

    def step_rows(self, count: int | None = SHOWN_STEPS) -> list[tuple[str, ...]]:
        """Return a row for each of the steps that take most: name and layer, time, share, intensity, limit."""
        return [
            (f"{step.name} ({step.layer})", *self._time(step.seconds), _intensity(step), self.limit_of(step))
            for step in sorted(self.steps, key=lambda step: -step.seconds)[:count]
        ]

    def _time(self, seconds: float) -> tuple[str, str]:
        whole = self.whole.seconds
        return duration_text(seconds), f"{seconds / whole:.1%}" if whole else ""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        data = asdict(self)
        return data | {
            "call_overhead": self.call_overhead,
            "limit": self.limit,
            "layers": [self._plain(part) for part in self.layers],
            "operations": [self._plain(part) for part in self.operations],
            "steps": [self._plain(step) for step in self.steps],
        }

    def _plain(self, part: Part) -> dict[str, Any]:
        return asdict(part) | {"intensity": part.intensity, "limit": self.limit_of(part)}

    def __str__(self) -> str:
        from nnc.models.summary import table

        tables = [table(head, rows, right=range(1, len(head) - 1)) for head, rows in self.tables()]
        return "\n\n".join(["\n".join(self.head()), *tables])

    def tables(self) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
        """Return the tables, each as its head and its rows."""
        return [
            (LAYER_HEAD, self.layer_rows()),
            (OPERATION_HEAD, self.operation_rows()),
            (STEP_HEAD, self.step_rows()),
        ]


OUTSIDE = "outside: Python, rows drawn and gathered"
LAYER_HEAD = ("By layer", "Time", "Share", "Backward", "FLOP/byte", "Limit")
OPERATION_HEAD = ("By operation", "Time", "Share", "FLOPs", "FLOP/byte", "Limit")
STEP_HEAD = ("By step", "Time", "Share", "FLOP/byte", "Limit")


def _joined(name: str, steps: Iterable[Step]) -> Part:
    steps = list(steps)
    return Part(
        name,
        sum(step.seconds for step in steps),
        sum(step.backward for step in steps),
        sum(step.calls for step in steps),
        sum(step.call_seconds for step in steps),
        sum(step.flops for step in steps),
        sum(step.traffic for step in steps),
    )


def _intensity(part: Part) -> str:
    return "" if part.intensity is None else f"{part.intensity:.2f}"
