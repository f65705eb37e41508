"""The experiment's settings; the defaults are the base network."""

from __future__ import annotations

from dataclasses import dataclass

from nnc.backends import BackendName
from nnc.errors import ModelError


@dataclass(frozen=True)
class Settings:
    """One experiment.

    Args:
        learning_rate: step length of the optimizer.
        optimizer: name of the optimizer's class.
        loss: name of the loss.
        epochs: passes over the data.
        size: samples to train on; as many others are drawn to test on.
        hidden: widths of the hidden layers; the output has one unit.
        batch: rows of a batch.
        normal: whether the inputs are standardised.
        seed: seed of the data; repeat r starts from weights of the seed `seed` + r.
        repeat: how often the training is repeated, each time from other weights.
        backend: what runs the network in nnc: ``numpy``, ``c`` or ``auto``; None means the default.

    Raises:
        ModelError: a setting is out of its range.
    """

    learning_rate: float = 0.1
    optimizer: str = "SGD"
    loss: str = "binary_crossentropy"
    epochs: int = 5000
    size: int = 128
    hidden: tuple[int, ...] = (2,)
    batch: int = 32
    normal: bool = False
    seed: int = 2
    repeat: int = 10
    backend: BackendName | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "size", "batch", "repeat"):
            if getattr(self, name) < 1:
                raise ModelError(f"{name} must be a whole number above 0, got {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise ModelError(f"the learning rate must be above 0, got {self.learning_rate}")
        if self.seed < 0:
            raise ModelError(f"the seed must be a whole number of at least 0, got {self.seed}")
        if any(width < 1 for width in self.hidden):
            raise ModelError(f"widths of hidden layers must be whole numbers above 0, got {self.hidden}")


def parse_widths(text: str) -> tuple[int, ...]:
    """Return the widths of hidden layers from a text such as ``8,4``.

    Raises:
        ModelError: the text holds something else.

    >>> parse_widths("8,4")
    (8, 4)
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise ModelError(f"hidden layers are given as widths such as 2 or 8,4; got {text!r}")
    return tuple(int(part) for part in parts)
