"""Numbers of layers in a picture: which layer it is, how many parameters it has, and how much it computes."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.ir import NOMINAL_SIZE
from nnc.render.architecture import Layer, Model
from nnc.render.labels import flops_text, parameters_text, shorten
from nnc.render.outline import Outline, OutlineNode


class Figures:
    """The figures of a model's layers.

    Args:
        model: the model.
        outline: its structure.
    """

    def __init__(self, model: Model, outline: Outline) -> None:
        self.model, self.outline = model, outline
        self._numbers: dict[int, tuple[int, ...]] = {}  # by identity: a layer that is called twice keeps its number
        self._flops: dict[int, int] = {}
        self._number(outline, ())

    def _number(self, outline: Outline, prefix: tuple[int, ...]) -> None:
        count = 0
        for node in outline.nodes:
            if node.is_input or node.call is None:
                continue
            number = self._numbers.setdefault(id(node.call.layer), (*prefix, count + 1))
            if number[:-1] == prefix:
                count = max(count, number[-1])
            if node.inner is not None:  # of each call: operations inside an author's layer are objects of one call
                self._number(node.inner, number)

    def range(self, nodes: Sequence[OutlineNode]) -> str:
        """Return the numbers of some layers: ``Layer3``, ``Layer3 … Layer5``, ``Layer2.1``."""
        numbers = [self._numbers[id(node.call.layer)] for node in nodes if node.call is not None]
        ends = dict.fromkeys((min(numbers), max(numbers)))
        return " … ".join(f"Layer{'.'.join(map(str, number))}" for number in ends)

    def parameters(self, nodes: Sequence[OutlineNode]) -> int:
        """Return the number of parameters of some calls, those of a layer counted once."""
        layers: dict[int, Layer] = {id(node.call.layer): node.call.layer for node in nodes if node.call is not None}
        return sum(layer.count_params() for layer in layers.values())

    def flops(self, nodes: Sequence[OutlineNode]) -> int:
        """Return the floating-point operations of some calls for one row."""
        return sum(map(self._flops_of, nodes))

    def _flops_of(self, node: OutlineNode) -> int:
        if node.call is None or node.is_input:
            return 0
        if id(node.call) not in self._flops:
            self._flops[id(node.call)] = node.call.flops()
        return self._flops[id(node.call)]

    def text(self, nodes: Sequence[OutlineNode]) -> str:
        """Return both in words, each where it is not 0."""
        count, flops = self.parameters(nodes), self.flops(nodes)
        return " · ".join([*([parameters_text(count)] if count else []), *([flops_text(flops)] if flops else [])])

    @property
    def title(self) -> str:
        """The title of the model's pictures."""
        parts = shorten(self.model.name), self.text(self.outline.nodes) or parameters_text(0)
        title = " · ".join(parts)
        if self.flops(self.outline.nodes):
            title = f"{title} per row"
        lengths = {name for tensor in self.model.inputs for name in tensor.type.symbols} - {"batch"}
        return f"{title} of length {NOMINAL_SIZE}" if lengths else title
