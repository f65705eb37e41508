"""What a metric of Keras's has added up by itself, as variables: they show it, and are not assigned."""

from __future__ import annotations

from typing import Any

from nnc.errors import ModelError
from nnc.variable import Variable


class ShownSum(Variable):
    """A sum of a metric as it is now.

    Args:
        value: what it is.
        name: its name.
        owner: the metric.
    """

    def __init__(self, value: Any, name: str, owner: Any) -> None:
        super().__init__(value, trainable=False, name=name)
        self.owner = owner

    def assign(self, value: Any, dtype: Any = None) -> Any:
        """Refuse to change it.

        Raises:
            ModelError: always.
        """
        del value, dtype
        raise ModelError(
            f"'{self.path}' shows what a metric has added up, and cannot be assigned; use update_state and reset_state"
        )
