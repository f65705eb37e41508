"""Keras's callbacks: what is called while a program trains, is evaluated, or predicts.

Each is imported when it is first used: a prediction needs none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnc.absent_names import absence

if TYPE_CHECKING:
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

_MEMBERS = {
    "BackupAndRestore": "backup_and_restore",
    "CSVLogger": "csv_logger",
    "Callback": "callback",
    "CallbackList": "callback_list",
    "EarlyStopping": "early_stopping",
    "History": "history",
    "LambdaCallback": "callback",
    "LearningRateScheduler": "learning_rate",
    "ModelCheckpoint": "model_checkpoint",
    "ReduceLROnPlateau": "learning_rate",
    "SwapEMAWeights": "swap_ema_weights",
    "TensorBoard": "tensorboard",
    "TerminateOnNaN": "early_stopping",
}

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

    def __getattr__(name: str) -> Any:
        if name not in _MEMBERS:
            raise absence("nnc.callbacks", name)
        value = globals()[name] = getattr(import_module(f"nnc.callbacks.{_MEMBERS[name]}"), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
