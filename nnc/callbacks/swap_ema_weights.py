"""The callback that lets evaluation see the moving average of the weights."""

from __future__ import annotations

from typing import Any

from nnc.arguments import flag
from nnc.callbacks.callback import DeclaredCallback, Logs
from nnc.errors import ModelError


class SwapEMAWeights(DeclaredCallback):
    """Exchanges weights and their moving average during evaluation (keras.io/api/callbacks/swap_ema_weights).

    Args:
        swap_on_epoch: whether to exchange them at the end of each epoch until the next begins, as well, so that what
            is saved in between has the averages.
    """

    swap_on_epoch: bool = flag(default=False)

    def __post_init__(self) -> None:
        self._swapped = False

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
        return getattr(self.model, "program", self.model)

    def _pairs(self) -> list[tuple[Any, Any]]:
        pairs: list[tuple[Any, Any]] = self._program.averages()
        if not pairs:
            raise ModelError("SwapEMAWeights needs an optimizer with use_ema=True")
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
