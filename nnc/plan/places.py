"""The places of a plan's values for given sizes: windows on the arena, on states, or constant arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy

from nnc.ir import Graph, Layout, TensorType, Value
from nnc.plan.storage import Home, Storage


@dataclass(frozen=True)
class Place:
    """The place of a value for given sizes: a window on the arena, on a state, or a constant array.

    Args:
        home: which of the three.
        type: numeric type.
        layout: shape, strides and offset in elements from the start of buffer or state.
        byte_offset: offset of the buffer in the arena in bytes, 0 where it lives elsewhere.
        constant: the array of a constant.
        tiled: whether only one tile of it exists.
    """

    home: Home
    type: TensorType
    layout: Layout
    byte_offset: int = 0
    constant: numpy.ndarray | None = None
    tiled: bool = False


@dataclass(frozen=True)
class Interface:
    """What binds a run to the memory of a plan for some sizes.

    Args:
        inputs: places by label.
        outputs: places by label.
        reads_prepacked: whether kernels read operands in a layout of their own.
    """

    inputs: Mapping[str, Place]
    outputs: Mapping[str, Place]
    reads_prepacked: bool


class Places(Mapping[Value, Place]):
    """The place of each value of a graph, found when it is first asked for: whoever binds C needs few of them.

    Args:
        graph: without fusions.
        storage: where values live.
        offsets: byte offset of each buffer in the arena.
        bindings: sizes of the run-time dimensions.
        constants: the values that are known for these sizes.
    """

    def __init__(
        self,
        graph: Graph,
        storage: Storage,
        offsets: Mapping[int, int],
        bindings: Mapping[str, int],
        constants: Mapping[Value, numpy.ndarray],
    ) -> None:
        self._graph, self._storage, self._offsets = graph, storage, offsets
        self._bindings, self._constants = bindings, constants
        self._known: dict[Value, Place] = {}

    def __getitem__(self, value: Value) -> Place:
        pending = [] if value in self._known else [value]  # views of views can be deeper than calls
        while pending:
            base = self._base(pending[-1])
            if base is None or base in self._known:
                self._find(pending.pop(), base)
            else:
                pending.append(base)
        return self._known[value]

    def __iter__(self) -> Iterator[Value]:
        return (value for node in self._graph.nodes for value in self._graph.results(node))

    def __len__(self) -> int:
        return sum(len(node.types) for node in self._graph.nodes)

    def _base(self, value: Value) -> Value | None:
        """Return what a value is a view of."""
        return self._storage.views.get(self._graph.results(value.node)[0])

    def _find(self, value: Value, base: Value | None) -> None:
        """Find the places of all results of a value's node, from that of what they are views of."""
        node, storage = value.node, self._storage
        types = [type.bind(self._bindings) for type in node.types]
        layouts: Sequence[Layout] | None = None
        if base is not None:
            layouts = node.op.bind(self._bindings).view([self._known[base].layout], types)
        if layouts is None:
            layouts = [Layout.dense(type.shape) for type in types]
        for result, type, layout in zip(self._graph.results(node), types, layouts, strict=True):
            home = storage.homes[result]
            buffer = None if home.buffer is None else storage.buffers[home.buffer]
            self._known[result] = Place(
                home,
                type,
                layout,
                0 if buffer is None else self._offsets[buffer.index],
                self._constants.get(result),
                buffer is not None and buffer.tiled,
            )
