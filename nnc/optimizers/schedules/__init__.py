"""Keras's learning-rate schedules as graph code over the number of batches done."""

from nnc.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
from nnc.optimizers.schedules.decay import ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay
from nnc.optimizers.schedules.registry import SCHEDULES, deserialize, get, serialize
from nnc.optimizers.schedules.schedule import LearningRateSchedule

__all__ = [
    "SCHEDULES",
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "get",
    "serialize",
]
