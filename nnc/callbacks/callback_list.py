"""Several callbacks as one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nnc.callbacks.callback import Callback, Logs
from nnc.callbacks.history import History
from nnc.callbacks.replicas import replicas_of
from nnc.errors import DataError
from nnc.identity import is_keras_module, is_own

_FIT_FOR_REPLICAS = ("Callback", "History", "LambdaCallback")
"""Classes of Keras's that look into no logs."""


class CallbackList(Callback):
    """Calls each hook of several callbacks, in their order (keras.io/api/callbacks).

    Args:
        callbacks: callbacks, a list or nested lists of them, or None.
        add_history: whether to add a `History` where there is none; it comes last.
        add_progbar: accepted for Keras's sake; the progress line is not a callback here.
        model: what is trained.
        **params: how `fit` was called.

    Raises:
        DataError: something is not a callback.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        del add_progbar
        self.callbacks = list(_flat(callbacks))
        self.history = next((item for item in self.callbacks if isinstance(item, History)), None)
        if self.history is None and add_history:
            self.history = History()
            self.callbacks.append(self.history)
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)

    def append(self, callback: Any) -> None:
        """Add a callback."""
        self.callbacks.append(callback)

    def set_params(self, params: Any) -> None:
        """Tell all callbacks how `fit` was called."""
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Tell all callbacks what is trained."""
        super().set_model(model)
        if self.history is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

    def wants(self, *hooks: str) -> bool:
        """Return whether a callback defines one of these hooks."""
        return any(_defines(callback, hook) for callback in self.callbacks for hook in hooks)

    @property
    def only_records(self) -> bool:
        """Whether there is but nnc's own `History`, which looks into no epoch while it runs."""
        return len(self.callbacks) == 1 and type(self.callbacks[0]) is History

    @property
    def wants_train_batches(self) -> bool:
        """Whether a callback wants to be called for each batch of training."""
        return self.wants("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")

    @property
    def wants_test_batches(self) -> bool:
        """Whether a callback wants to be called for each batch of evaluation."""
        return self.wants("on_test_batch_begin", "on_test_batch_end")

    def _call(self, hook: str, *arguments: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(*arguments)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Call the hook of all.

        Raises:
            DataError: replicas are trained, and a callback of Keras's takes one network.
        """
        count = replicas_of(self.model)
        for callback in self.callbacks if count is not None else ():
            if name := _keras_rule(callback):
                raise DataError(
                    f"callbacks: Keras's {name} is for one network, and {count} replicas are trained; take the callback"
                    " of nnc.callbacks, or one of your own, whose logs are arrays with a number for each replica"
                )
        self._call("on_train_begin", {} if logs is None else logs)

    def on_train_end(self, logs: Logs = None) -> None:
        """Call the hook of all."""
        self._call("on_train_end", {} if logs is None else logs)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Call the hook of all."""
        self._call("on_epoch_begin", epoch, {} if logs is None else logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Call the hook of all; they get the same logs, so that one sees what another has added."""
        self._call("on_epoch_end", epoch, {} if logs is None else logs)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Call the hook of all."""
        self._call("on_train_batch_begin", batch, {} if logs is None else logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Call the hook of all."""
        self._call("on_train_batch_end", batch, {} if logs is None else logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        """Call the hook of all."""
        self._call("on_test_begin", {} if logs is None else logs)

    def on_test_end(self, logs: Logs = None) -> None:
        """Call the hook of all."""
        self._call("on_test_end", {} if logs is None else logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Call the hook of all."""
        self._call("on_test_batch_begin", batch, {} if logs is None else logs)

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Call the hook of all."""
        self._call("on_test_batch_end", batch, {} if logs is None else logs)

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Call the hook of all."""
        self._call("on_predict_begin", {} if logs is None else logs)

    def on_predict_end(self, logs: Logs = None) -> None:
        """Call the hook of all."""
        self._call("on_predict_end", {} if logs is None else logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Call the hook of all."""
        self._call("on_predict_batch_begin", batch, {} if logs is None else logs)

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Call the hook of all."""
        self._call("on_predict_batch_end", batch, {} if logs is None else logs)


def _flat(callbacks: Any) -> Iterator[Any]:
    if callbacks is None:
        return
    if isinstance(callbacks, list | tuple):
        for item in callbacks:
            yield from _flat(item)
    elif isinstance(callbacks, CallbackList):
        yield from callbacks.callbacks
    elif hasattr(callbacks, "on_epoch_end") and not isinstance(callbacks, type):
        yield callbacks
    else:
        raise DataError(f"callbacks must be instances of nnc.callbacks.Callback, got {callbacks!r}")


def _keras_rule(callback: Any) -> str | None:
    """Return the name of the class of Keras's that looks into logs for a callback; None where there is none."""
    for kind in type(callback).__mro__:
        if is_keras_module(kind.__module__) and not is_own(kind) and kind.__name__ not in _FIT_FOR_REPLICAS:
            return str(kind.__name__)
    return None


def _defines(callback: Any, hook: str) -> bool:
    if hook in getattr(callback, "__dict__", {}):
        return True
    found = getattr(type(callback), hook, None)
    if found is None or getattr(found, "_is_default", False):  # how Keras marks hooks that do nothing
        return False
    return found is not getattr(Callback, hook)
