"""Which call of a layer made a tensor."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.errors import ModelError
from nnc.render.architecture import Tensor


class Producers:
    """The tensors that are known, with the number of what made them; identity goes first, for equal ones may be two."""

    def __init__(self) -> None:
        self._tensors: list[tuple[Tensor, tuple[int, int]]] = []
        self._places: dict[int, tuple[int, int]] = {}

    def add(self, number: int, tensors: Sequence[Tensor]) -> None:
        """Record what something made."""
        for output, tensor in enumerate(tensors):
            self._tensors.append((tensor, (number, output)))
            self._places.setdefault(id(tensor), (number, output))

    def find(self, tensor: Tensor) -> tuple[int, int] | None:
        """Return the number of what made a tensor, and which of its outputs it is, or None."""
        found = self._places.get(id(tensor))
        return found or next((place for other, place in self._tensors if other == tensor), None)

    def require(self, tensor: Tensor, model: str, reader: str) -> tuple[int, int]:
        """Return what `find` does.

        Args:
            tensor: what is read.
            model: name of the model.
            reader: what reads it.

        Raises:
            ModelError: nothing before the reader makes the tensor.
        """
        found = self.find(tensor)
        if found is None:
            raise ModelError(f"model '{model}': {reader} reads a tensor {tensor.type} that no layer before it makes")
        return found
