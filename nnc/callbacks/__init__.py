"""Keras's callbacks: what is called while a program trains, is evaluated, or predicts."""

from typing import TYPE_CHECKING

from nnc.absent_names import absence
from nnc.callbacks.backup_and_restore import BackupAndRestore
from nnc.callbacks.callback import Callback, LambdaCallback
from nnc.callbacks.callback_list import CallbackList
from nnc.callbacks.csv_logger import CSVLogger
from nnc.callbacks.early_stopping import EarlyStopping, TerminateOnNaN
from nnc.callbacks.history import History
from nnc.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from nnc.callbacks.model_checkpoint import ModelCheckpoint
from nnc.callbacks.swap_ema_weights import SwapEMAWeights
from nnc.callbacks.tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> object:
        raise absence("nnc.callbacks", name)
