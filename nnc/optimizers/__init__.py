"""Keras's optimizers as graph code over one vector of all weights: a few elementwise ops, whatever the model."""

from typing import TYPE_CHECKING

from nnc.absent_names import absence
from nnc.labels import ITERATIONS, LEARNING_RATE
from nnc.optimizers import schedules
from nnc.optimizers.adafactor import Adafactor
from nnc.optimizers.adagrad import Adadelta, Adagrad
from nnc.optimizers.adam import Adam, AdamW
from nnc.optimizers.adamax import Adamax, Nadam
from nnc.optimizers.ftrl import Ftrl
from nnc.optimizers.lamb import Lamb
from nnc.optimizers.lion import Lion
from nnc.optimizers.lookups import Summing
from nnc.optimizers.muon import Muon
from nnc.optimizers.optimizer import Optimizer
from nnc.optimizers.registry import OPTIMIZERS, deserialize, get, serialize
from nnc.optimizers.rmsprop import RMSprop
from nnc.optimizers.saved import SavedVariable
from nnc.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from nnc.optimizers.sgd import SGD
from nnc.optimizers.stages import AVERAGE
from nnc.optimizers.state import OptimizerState

adam = Adam
adamw = AdamW
rmsprop = RMSprop
sgd = SGD

__all__ = [
    "AVERAGE",
    "ITERATIONS",
    "LEARNING_RATE",
    "OPTIMIZERS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerState",
    "RMSprop",
    "SavedVariable",
    "ScheduleFreeAdamW",
    "Summing",
    "adam",
    "adamw",
    "deserialize",
    "get",
    "rmsprop",
    "schedules",
    "serialize",
    "sgd",
]


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> object:
        raise absence("nnc.optimizers", name)
