"""Takes the noise off photographs.

``python examples/photographs.py`` trains on pieces of the left two thirds of scikit-learn's two photographs, a temple
and a flower, and cleans what is on the right, which it has not seen.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
from sklearn.datasets import load_sample_image

import nnc

NOISE = 0.1
"""Standard deviation of the noise, where black is 0 and white is 1."""
EDGE = 32
"""Edge of a piece in pixels."""


def photographs() -> list[Any]:
    """Return the photographs, from black 0 to white 1, each of shape (427, 640, 3)."""
    return [load_sample_image(name).astype("float32") / 255 for name in ("china.jpg", "flower.jpg")]


def with_noise(picture: Any, rng: numpy.random.Generator) -> Any:
    """Return a picture with noise."""
    return (picture + rng.normal(0, NOISE, picture.shape)).astype("float32")


def pieces(picture: Any, count: int, rng: numpy.random.Generator) -> Any:
    """Return pieces from anywhere in a picture, shape (count, EDGE, EDGE, 3)."""
    rows, columns = (rng.integers(0, size - EDGE, count) for size in picture.shape[:2])
    return numpy.stack([picture[i : i + EDGE, j : j + EDGE] for i, j in zip(rows, columns, strict=True)])


def decibels(found: Any, wanted: Any) -> float:
    """Return the peak signal-to-noise ratio: 10 more are a tenth of the squared error."""
    return float(-10 * numpy.log10(((numpy.clip(found, 0, 1) - wanted) ** 2).mean()))


def smoothed(picture: Any) -> Any:
    """Return each pixel as the mean of itself and its neighbours, the edges repeated."""
    padded = numpy.pad(picture, ((1, 1), (1, 1), (0, 0)), "edge")
    return numpy.lib.stride_tricks.sliding_window_view(padded, (3, 3), (0, 1)).mean((-1, -2))


def main(epochs: int = 12, seed: int = 0) -> dict[str, float]:
    """Train, and return how clean the right thirds are on average: with noise, smoothed, and cleaned by the network."""
    rng = numpy.random.default_rng(seed)
    nnc.utils.set_random_seed(seed)
    left, right = zip(*(numpy.split(picture, [420], axis=1) for picture in photographs()), strict=True)
    clean = numpy.concatenate([pieces(picture, 750, rng) for picture in left])
    program = nnc.compile(Path(__file__).with_suffix(".yaml"))
    program.fit(with_noise(clean, rng), clean, epochs=epochs)
    wanted = numpy.stack(right)
    noisy = with_noise(wanted, rng)
    versions = {"noisy": noisy, "smoothed": [smoothed(picture) for picture in noisy], "cleaned": program.predict(noisy)}
    found = {
        name: float(numpy.mean([decibels(*pair) for pair in zip(version, wanted, strict=True)]))
        for name, version in versions.items()
    }
    print(", ".join(f"{name} {value:.1f} dB" for name, value in found.items()))
    return found


if __name__ == "__main__":
    main()
