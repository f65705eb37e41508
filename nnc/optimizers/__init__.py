"""Keras's optimizers as graph code over one vector of all weights: a few elementwise ops, whatever the model."""

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
