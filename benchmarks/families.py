"""What was measured, as families of works: of each work the fastest contestant of each engine, beside nnc on C."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.portable import PREDICTED, TRAINED
from benchmarks.report import Row

ENGINES = {
    "Keras on TensorFlow": "#BF5300",
    "Keras on JAX": "#C77CA6",
    "JAX": "#8A6A00",
    "PyTorch": "#D43D2A",
    "ONNX Runtime": "#00785A",
    "OpenVINO": "#6E4AA5",
    "LiteRT": "#3D66C4",
    "scikit-learn": "#56A0D3",
    "nnc on NumPy": "#1A1A1A",
}
"""Who is compared with nnc on C, and the colour of each."""
NUMPY = "nnc on NumPy"
_ORDINARY = {"nnc fit": NUMPY, "nnc program(x)": NUMPY, "nnc fit, replicas": NUMPY}
_OTHERWISE_CALLED = ("bound output", "copy=False")
"""Calls whose result the next call overwrites: they are compared with each other, in the data."""


@dataclass(frozen=True)
class Time:
    """What one engine takes for a work.

    Args:
        contestant: its fastest way.
        seconds: the median.
        ratio: how many times nnc's time that is, the median of the ratios within rounds.
    """

    contestant: str
    seconds: float
    ratio: float


@dataclass(frozen=True)
class Work:
    """A work with the times of all that did it.

    Args:
        name: what is done.
        seconds: the median of nnc on C.
        times: those of the others, by engine.
    """

    name: str
    seconds: float
    times: dict[str, Time]

    @property
    def peers(self) -> dict[str, Time]:
        """Times of other engines than nnc's."""
        return {engine: time for engine, time in self.times.items() if engine != NUMPY}

    @property
    def fastest(self) -> tuple[str, Time]:
        """The fastest of the peers."""
        return min(self.peers.items(), key=lambda item: item[1].ratio)


@dataclass(frozen=True)
class Family:
    """Works of one kind.

    Args:
        key: name of its picture.
        title: heading on the page.
        about: what is measured.
        works: those that were measured on the C backend and beside a peer.
    """

    key: str
    title: str
    about: str
    works: tuple[Work, ...]


def _any_of(titles: Iterable[str]) -> str:
    return "|".join(map(re.escape, titles))


_LARGE = f"(?:{_any_of(TRAINED)})"
_OF_SUITES = f"(?:{_any_of(title for works in PREDICTED.values() for title in works)})"
_KINDS = (
    (
        "training",
        "Training",
        rf"(?!{_LARGE}, training)(?P<net>.+), training step(?P<rest>, \d threads?), on C",
        "A training step: forward, backward, optimizer, loss and metrics, on one batch out of a shuffled epoch.",
    ),
    (
        "replicas",
        "Training many networks at once",
        r"(?P<net>.+ replicas), training step of each(?P<rest>, \d threads?), on C",
        "A training step of one of many networks that learn from the same batches, each from weights of its own. JAX "
        "has them under `vmap`, PyTorch under `torch.func`, and Keras as one model with an axis of replicas.",
    ),
    (
        "train",
        "Training large networks",
        rf"(?P<net>{_LARGE}), training step(?P<rest>, \d threads?), on C",
        "A training step of networks from Keras's applications and of others that are written once for nnc and Keras: "
        "Keras on TensorFlow and on JAX train the same model, and PyTorch one that is written for it.",
    ),
    (
        "small",
        "Predicting with small networks",
        rf"(?!{_OF_SUITES}, predict)(?P<net>.+), predict (?P<rest>\d+ rows?, \d threads?), on C",
        "A prediction of the given number of rows in a warm process.",
    ),
    (
        "pictures",
        "Predicting with large networks",
        r"(?P<net>.+), predict 1 picture(?P<rest>, \d threads?), on C",
        "A prediction of one picture of 224 × 224 pixels.",
    ),
    *(
        (
            suite,
            heading,
            rf"(?P<net>{_any_of(PREDICTED[suite])}), predict (?P<rest>\d+ rows?, \d threads?), on C",
            about,
        )
        for suite, heading, about in (
            (
                "mobile",
                "Predicting with networks for small machines",
                "Pictures of 224 × 224 pixels, and spoken words.",
            ),
            (
                "deep",
                "Predicting with deep networks",
                "Pictures of 224 × 224 pixels: networks of Keras's applications.",
            ),
            (
                "attention",
                "Predicting with attention",
                "Sequences of 256 numbers in 8 heads, 256 where nothing is said.",
            ),
            ("wide", "Predicting with wide layers", "Products with weights that no cache holds."),
            ("sequence", "Predicting on sequences", "Convolutions over time, words, and recurrent layers."),
            (
                "volume",
                "Predicting on volumes and pixels",
                "A volume of 16 × 64 × 64, 64 × 64 pixels drawn anew, each of 128 × 128.",
            ),
        )
    ),
    (
        "first",
        "First steps and predictions",
        r"(?P<net>.+), (?P<rest>first (?:training step|prediction), \d threads?), on C",
        "From a model with its weights to the loss of the first batch, or to the prediction of one row, with nothing "
        "traced or compiled before, and empty caches. The layers of the MLP are `x + Dense(64, 'gelu')(x)`.",
    ),
    (
        "whole",
        "From nothing to a trained model",
        r"(?P<net>.+), training step, (?P<threads>\d threads?): (?P<rest>[\d,]+ epochs from nothing)",
        "Import, model, everything that is traced or compiled, with empty caches, and then the given number of epochs.",
    ),
)


def families(rows: Sequence[Row]) -> list[Family]:
    """Return the families of what was measured; a work with one thread is left out where it was done with two."""
    works: dict[str, list[Row]] = {}
    for row in rows:
        works.setdefault(row.work, []).append(row)
    found = []
    for key, title, pattern, about in _KINDS:
        matches = [match for work in works if (match := re.fullmatch(pattern, work))]
        labels = {_label(match) for match in matches}
        kept = [
            match
            for match in matches
            if _label(match).replace("1 thread", "2 threads") not in labels or "1 thread" not in _label(match)
        ]
        members = [_work(_label(match), works[match[0]]) for match in kept]
        found.append(Family(key, title, about, tuple(work for work in members if work.peers)))
    return [family for family in found if family.works]


def _label(match: re.Match[str]) -> str:
    return f"{match['net']}, {match['rest'].removeprefix(', ')}"


def _work(name: str, rows: Sequence[Row]) -> Work:
    ours = next(row for row in rows if row.samples)
    times: dict[str, Time] = {}
    for row in rows:
        engine = engine_of(row.contestant)
        if engine is None or not row.ratio or any(word in row.contestant for word in _OTHERWISE_CALLED):
            continue
        time = Time(row.contestant, statistics.median(row.samples), times_of_ours(row.ratio))
        if engine not in times or time.ratio < times[engine].ratio:
            times[engine] = time
    return Work(name, statistics.median(ours.samples), times)


def engine_of(contestant: str) -> str | None:
    """Return the engine of a contestant, None where it is none to compare with.

    >>> engine_of("PyTorch, eager, fused Adam"), engine_of("nnc fit"), engine_of("nnc fit, C"), engine_of("C by hand")
    ('PyTorch', 'nnc on NumPy', None, None)
    """
    if contestant in _ORDINARY:
        return _ORDINARY[contestant]
    return next((engine for engine in ENGINES if contestant.startswith(f"{engine}, ")), None)


def times_of_ours(ratio: str) -> float:
    """Return how many times nnc's time a contestant takes.

    >>> times_of_ours("4.00× faster"), times_of_ours("0.50× its time"), times_of_ours("1,200× faster")
    (4.0, 2.0, 1200.0)
    """
    number = float(ratio.partition("×")[0].replace(",", ""))
    return 1 / number if ratio.endswith("its time") else number
