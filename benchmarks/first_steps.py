"""First training steps and predictions with nothing compiled: what nnc on C and JAX take until the result is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.agreement import agreement
from benchmarks.contestant import Contestant, fitting, numbers_of
from benchmarks.networks import NETWORKS, first_batch, nnc_model, rows_of
from benchmarks.networks.deep_dense import DEPTHS
from benchmarks.report import Row
from benchmarks.settings import Settings
from benchmarks.targets import target_rows
from benchmarks.timing import Comparison
from benchmarks.work import absent_rows, thread_choices
from benchmarks.worker import Entrant, Workers

NNC = "nnc, empty cache, C"
_KERAS = "benchmarks.peers.keras_models"


@dataclass(frozen=True)
class First:
    """A network whose first run is measured.

    Args:
        network: of `NETWORKS`.
        ours: what makes nnc's contestant, of this module.
        jax: the contestant of JAX, as the report calls it, and what makes it.
        engine: whose it is.
    """

    network: str
    ours: str
    jax: tuple[str, str]
    engine: str = "keras-jax"

    @property
    def entrants(self) -> tuple[Entrant, Entrant]:
        """Who takes part."""
        name, factory = self.jax
        ours = {"network": self.network, "backend": "c"}
        given = {"network": self.network} | ({"rows": 1} if self.ours == "prediction" else {})
        return Entrant(NNC, f"benchmarks.first_steps:{self.ours}", ours), Entrant(name, factory, given, self.engine)


_BY_HAND = "JAX, jitted step", "benchmarks.peers.jax_training:by_step"
_FIT, _JITTED = ("Keras on JAX, fit", f"{_KERAS}:step"), ("Keras on JAX, jitted", f"{_KERAS}:jitted")
FIRST = {
    **{
        f"residual MLP of {depth} layers, first training step": First(f"residual_mlp_{depth}", "step", _BY_HAND, "jax")
        for depth in DEPTHS
    },
    "MobileNetV2, 96 pixels, first training step": First("MobileNetV2_96", "step", _FIT),
    "ResNet-50, 112 pixels, first training step": First("ResNet50_112", "step", _FIT),
    "MobileNetV2, first prediction": First("MobileNetV2", "prediction", _JITTED),
    "ResNet-50, first prediction": First("ResNet50", "prediction", _JITTED),
}
"""By what the report and the targets call them."""


def run(settings: Settings) -> list[Row]:
    """Measure with all processors, and return the rows."""
    if "c" not in settings.backends:
        return []
    return [row for title, first in FIRST.items() for row in _measure(settings, title, first, thread_choices()[0])]


def step(network: str, backend: str) -> Contestant:
    """Return nnc's contestant that trains one batch."""
    return fitting(nnc_model(network, backend), first_batch(network), NETWORKS[network].batch)


def prediction(network: str, backend: str) -> Contestant:
    """Return nnc's contestant that predicts one row."""
    model, x = nnc_model(network, backend), rows_of(network, 1)

    def run(count: int) -> None:
        for _ in range(count):
            model.predict(x, verbose=0)

    return Contestant(run, lambda: numbers_of(model.predict(x, verbose=0)))


def _measure(settings: Settings, title: str, first: First, threads: int) -> list[Row]:
    """Start processes in turn and let each run once; in the first round, all tell what they computed, too."""
    work = f"{title}, {threads} thread{'s' if threads > 1 else ''}"
    entrants = [entrant for entrant in first.entrants if not entrant.engine or entrant.engine in settings.engines]
    seconds: dict[str, list[float]] = {entrant.name: [] for entrant in entrants}
    numbers: dict[str, Sequence[float] | None] = {}
    failed: list[Row] = []
    for turn in range(settings.starts):
        for entrant in entrants if turn % 2 == 0 else reversed(entrants):
            with Workers() as workers:
                workers.start(entrant, threads, learns=True)  # steps are compared from the first one on
                for worker in workers.running.values():
                    seconds[entrant.name].append(worker.set_up["first"])
                if turn == 0:
                    numbers |= workers.numbers()
                failed += workers.failed_rows(work)
    agreed, differing = agreement(work, numbers, NNC)
    kept = {name: found for name, found in seconds.items() if name not in differing and len(found) == settings.starts}
    rows = target_rows(title, work, Comparison(kept), [NNC], [first.jax[0]])
    absent = absent_rows(settings, work, {first.engine}, {})
    return [*rows, *agreed, *absent, *{row.median: row for row in failed}.values()]
