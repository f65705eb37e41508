"""The base class of callbacks, and the callback made of functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypedDict, Unpack, dataclass_transform

from nnc.arguments import Declared, argument, flag, number
from nnc.errors import DataError, nearest

Logs = Any
"""Losses and metrics by name: a dictionary, which a callback may add to, or None."""


class Callback:
    """Something with hooks; a subclass defines those it wants to be called (keras.io/api/callbacks/base_callback).

    Hooks of batches cost time only where a callback defines one.

    Attributes:
        params: how `fit` was called: ``verbose``, ``epochs`` and ``steps``.
        model: the model, or the program where there is no model.
        writes_files: whether only the first of several processes that train together has it; what it changes before
            the first epoch, all of them take over.
    """

    writes_files: ClassVar[bool] = False

    def __init__(self) -> None:
        self.params: Mapping[str, Any] = {}
        self._model: Any = None

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Be told how `fit`, `evaluate` or `predict` was called."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Be told what is trained."""
        self._model = model

    @property
    def model(self) -> Any:
        """The model, or the program where there is no model."""
        return self._model

    def on_train_begin(self, logs: Logs = None) -> None:
        """Called before the first epoch."""

    def on_train_end(self, logs: Logs = None) -> None:
        """Called after the last epoch, with its logs."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Called before each epoch with its number from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Called after each epoch, with the means over it and those of validation, ``val_…``."""

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """The old name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """The old name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before each batch of training with its number from 0."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after each batch of training, with the means over the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        """Called before evaluation or validation."""

    def on_test_end(self, logs: Logs = None) -> None:
        """Called after evaluation or validation, with its logs."""

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before each batch of evaluation or validation."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after each batch of evaluation or validation, with the means so far."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Called before prediction."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """Called after prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before each batch of prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after each batch of prediction, with its ``outputs``."""


@dataclass_transform(eq_default=False, field_specifiers=(argument, flag, number))
class DeclaredCallback(Declared, Callback):
    """A callback whose class declares its arguments; see `nnc.arguments`."""


class OtherHooks(TypedDict, total=False):
    """Hooks that `LambdaCallback` takes beside those that it names."""

    on_batch_begin: Callable[..., Any]
    on_batch_end: Callable[..., Any]
    on_test_begin: Callable[..., Any]
    on_test_end: Callable[..., Any]
    on_test_batch_begin: Callable[..., Any]
    on_test_batch_end: Callable[..., Any]
    on_predict_begin: Callable[..., Any]
    on_predict_end: Callable[..., Any]
    on_predict_batch_begin: Callable[..., Any]
    on_predict_batch_end: Callable[..., Any]


class LambdaCallback(Callback):
    """A callback made of functions, one per hook, with the hook's arguments (keras.io/api/callbacks/lambda_callback).

    Args:
        on_epoch_begin: takes epoch and logs.
        on_epoch_end: takes epoch and logs.
        on_train_begin: takes logs.
        on_train_end: takes logs.
        on_train_batch_begin: takes batch and logs.
        on_train_batch_end: takes batch and logs.
        **others: functions for the other hooks; under other names, attributes.

    Raises:
        DataError: there is no such hook.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **others: Unpack[OtherHooks],
    ) -> None:
        super().__init__()
        for name in others:
            if name.startswith("on_") and not hasattr(Callback, name):
                hooks = [hook for hook in dir(Callback) if hook.startswith("on_")]
                raise DataError(f"LambdaCallback: there is no hook '{name}'.{nearest(name, hooks)}")
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        self.__dict__.update(others | {name: hook for name, hook in given.items() if hook is not None})
