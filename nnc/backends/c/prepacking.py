"""Weights in the layout that kernels read best: the memory of it, and the function that fills it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnc.aligned import aligned_empty
from nnc.backends.backend import Preparation
from nnc.backends.c.emitted import UnitSource
from nnc.backends.c.loading import unload_with
from nnc.backends.c.record import Run, pointers

Array = Any


class Library(ctypes.CDLL):
    """A compiled unit, loaded as long as the object is there; whatever thread runs it, weights are packed once.

    Args:
        path: the file.
        seconds: that it took to compile, None where the cache had it.
    """

    def __init__(self, path: Path, seconds: float | None = None) -> None:
        self.seconds = seconds
        super().__init__(os.fspath(path))
        unload_with(self)
        self._packed: dict[str, tuple[Preparation, Array]] = {}

    def prepack(self, source: UnitSource, states: Mapping[str, Array]) -> tuple[Preparation, Array]:
        """Return what packs the weights, and the memory that it fills.

        Args:
            source: what was compiled.
            states: the arrays of its states, each time the same.
        """
        if source.name not in self._packed:
            made = self._prepack(source, states)
            self._packed.setdefault(source.name, made)  # another thread may have been here
        return self._packed[source.name]

    def _prepack(self, source: UnitSource, states: Mapping[str, Array]) -> tuple[Preparation, Array]:
        memory = aligned_empty((source.prepacked_bytes,), "uint8")
        arrays = [states[label] for label in source.states]
        addresses = pointers(arrays)
        record = Run(states=ctypes.addressof(addresses), prepacked=memory.ctypes.data)
        record.owned = memory, arrays, addresses
        address = ctypes.cast(self[f"{source.name}_prepack"], ctypes.c_void_p).value
        assert address is not None
        function = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)  # holds no library, which would hold the memory
        read = {label: states[label] for label in source.packed_states}
        return Preparation(lambda: function(ctypes.addressof(record)), read), memory
