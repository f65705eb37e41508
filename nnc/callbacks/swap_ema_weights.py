"""The callback that lets evaluation see the moving average of the weights."""

from __future__ import annotations

from typing import Any

from nnc.arguments import flag
from nnc.callbacks.callback import DeclaredCallback, Logs
from nnc.callbacks.replicas import program_of, replicas_of
from nnc.errors import DataError, ModelError


class SwapEMAWeights(DeclaredCallback):
    """Exchanges weights and their moving average during evaluation (keras.io/api/callbacks/swap_ema_weights).

    Args:
        swap_on_epoch: whether to exchange them at the end of each epoch until the next begins, as well, so that what
            is saved in between has the averages. Not for replicas, of which one may stop in between.
    """

    swap_on_epoch: bool = flag(default=False)

    def __post_init__(self) -> None:
        self._swapped = False

    def on_train_begin(self, logs: Logs = None) -> None:
        """See whether it can do so.

        Raises:
            DataError: replicas are trained, and are to be exchanged between epochs.
        """
        if self.swap_on_epoch and replicas_of(self.model) is not None:
            raise DataError(
                "SwapEMAWeights: swap_on_epoch=True is for one network, for replicas may stop while their weights are"
                " exchanged; with swap_on_epoch=False replicas are evaluated with their averages"
            )

    def _swap(self, swapped: bool) -> None:
        if self._swapped != swapped:
            for weights, average in self._pairs():
                kept = weights.copy()
                weights[...] = average
                average[...] = kept
            self._program.changed()
            self._swapped = swapped

    @property
    def _program(self) -> Any:
        return program_of(self.model)

    def _pairs(self) -> list[tuple[Any, Any]]:
        pairs: list[tuple[Any, Any]] = self._program.averages()
        if not pairs:
            raise ModelError("SwapEMAWeights must be used when `use_ema=True` is set on the optimizer")
        return pairs

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Train the weights themselves."""
        if self.swap_on_epoch:
            self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Let others see the averages."""
        if self.swap_on_epoch and not self._swapped:
            self._swap(True)
            if epoch == self.params.get("epochs", 0) - 1:  # at the end of training weights take over their averages
                for weights, average in self._pairs():
                    average[...] = weights

    def on_test_begin(self, logs: Logs = None) -> None:
        """Evaluate the averages."""
        self._swap(True)

    def on_test_end(self, logs: Logs = None) -> None:
        """Go back to the weights themselves."""
        self._swap(False)

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Predict with the averages."""
        self._swap(True)

    def on_predict_end(self, logs: Logs = None) -> None:
        """Go back to the weights themselves."""
        self._swap(False)
