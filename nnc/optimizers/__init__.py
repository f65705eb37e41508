"""Keras's optimizers as graph code over one vector of all weights: a few elementwise ops, whatever the model."""

from nnc.optimizers.adam import Adam, AdamW
from nnc.optimizers.optimizer import Optimizer, OptimizerOptions
from nnc.optimizers.registry import OPTIMIZERS, deserialize, get, serialize
from nnc.optimizers.rmsprop import RMSprop
from nnc.optimizers.sgd import SGD
from nnc.optimizers.state import ITERATIONS, LEARNING_RATE, OptimizerState

adam = Adam
adamw = AdamW
rmsprop = RMSprop
sgd = SGD

__all__ = [
    "ITERATIONS",
    "LEARNING_RATE",
    "OPTIMIZERS",
    "SGD",
    "Adam",
    "AdamW",
    "Optimizer",
    "OptimizerOptions",
    "OptimizerState",
    "RMSprop",
    "adam",
    "adamw",
    "deserialize",
    "get",
    "rmsprop",
    "serialize",
    "sgd",
]
