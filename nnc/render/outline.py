"""A model as an outline: which layers follow each other, stand side by side, come several times, or are models."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nnc.errors import ModelError
from nnc.render.architecture import DrawnCall, Model, Tensor, class_name, class_text, inner_model
from nnc.render.layer_config import config_text
from nnc.render.producers import Producers
from nnc.render.regions import Fork, Series, Tangle, take_apart
from nnc.render.repeats import Repeat, fold

LEAST_SAVED = 2
"""Layers that folding equal ones must save: two equal layers by themselves are as short as one that says ×2."""


@dataclass(frozen=True, slots=True)
class OutlineNode:
    """A call of a layer, or an input.

    Args:
        index: position in `Outline.nodes`.
        call: None where the model declares an input that no layer makes.
        sources: node and output that each operand comes from.
        outputs: the tensors it makes.
        inner: the outline of what the call opens to, where that is known.
    """

    index: int
    call: DrawnCall | None
    sources: tuple[tuple[int, int], ...]
    outputs: tuple[Tensor, ...]
    inner: Outline | None = None

    @property
    def is_input(self) -> bool:
        """Whether nothing is computed."""
        return bool(getattr(self.call, "is_input", not self.sources))

    @property
    def layer_names(self) -> list[str]:
        """The name of the layer and, by their paths, those of what is in it."""
        name = "" if self.call is None else self.call.layer.name
        inner = () if self.inner is None else self.inner.nodes
        return [name, *(f"{name}/{path}" for node in inner if not node.is_input for path in node.layer_names)]


@dataclass(frozen=True, slots=True)
class Split:
    """Branches that stand side by side.

    Args:
        branches: parts of each branch, none where it passes on what comes in.
    """

    branches: tuple[tuple[Part, ...], ...]


@dataclass(frozen=True, slots=True)
class OutlineBlock:
    """Branches and the layer that joins them, with layers behind it that only work on the result.

    Args:
        parts: what follows each other; the first is a `Split`.
    """

    parts: tuple[Part, ...]


Item = OutlineNode | Split | OutlineBlock | Tangle
"""A member of a series, once or several times; a `Tangle` has the indices of its nodes."""
Part = Item | Repeat[Item]
"""A part of a series."""


class Outline:
    """The structure of a model.

    Attributes:
        nodes: inputs first, then calls, in topological order.
        parts: the series that the model is.
        starts: node of each of the model's inputs.
        ends: node and output of each of its outputs.
    """

    def __init__(self, model: Model, folds: bool = True) -> None:
        """Find the structure.

        Args:
            model: a model that is built.
            folds: whether what comes several times in a row is one `Repeat`.

        Raises:
            ModelError: a call or an output reads a tensor that nothing before it makes.
        """
        self.name = model.name
        self.nodes, made = _nodes(model, folds)
        self.starts = tuple(made.require(tensor, model.name, "an input")[0] for tensor in model.inputs)
        self.ends = tuple(made.require(tensor, model.name, "an output") for tensor in model.outputs)
        self._readers: list[list[int]] = [[] for _ in self.nodes]
        for node in self.nodes:
            for source, _ in node.sources:
                self._readers[source].append(node.index)
        sources = [[source for source, _ in node.sources] for node in self.nodes]
        self.parts = self._parts(take_apart(sources, [end for end, _ in self.ends]), folds)

    # ------------------------------------------------------------------ parts

    def _parts(self, series: Series, folds: bool) -> tuple[Part, ...]:
        parts: list[Any] = []
        for item in series:
            if isinstance(item, Fork):
                parts.append(Split(tuple(self._parts(branch, folds) for branch in item.branches)))
            elif isinstance(item, Tangle):
                parts.append(item)
            else:
                node = self.nodes[item]
                if parts and isinstance(parts[-1], Split):
                    parts[-1] = OutlineBlock((parts[-1], node))
                else:
                    parts.append(node)
        return tuple(_joined(fold(parts, self.signature, self._is_worth, _begins) if folds else parts))

    def _is_worth(self, repeat: Repeat[Any]) -> bool:
        rounds = [[node for part in parts for node in self.nodes_of(part)] for parts in repeat.rounds]
        if any(node.is_input for node in rounds[0]) or (len(rounds) - 1) * len(rounds[0]) < LEAST_SAVED:
            return False
        layers = [{id(node.call.layer) for node in nodes if node.call is not None} for nodes in rounds]
        return all(found == layers[0] for found in layers) or len(set().union(*layers)) == sum(map(len, layers))

    def nodes_of(self, part: Part) -> Iterator[OutlineNode]:
        """Return the nodes of a part, all rounds of what comes several times included."""
        if isinstance(part, OutlineNode):
            yield part
        elif isinstance(part, Tangle):
            yield from (self.nodes[index] for index in part.nodes)
        else:
            series = (
                part.branches if isinstance(part, Split) else part.rounds if isinstance(part, Repeat) else (part.parts,)
            )
            for parts in series:
                for inner in parts:
                    yield from self.nodes_of(inner)

    def follows(self, before: OutlineNode, node: OutlineNode) -> bool:
        """Whether a node reads another and nothing else, and is all that reads it."""
        leaves = any(end == before.index for end, _ in self.ends)
        return (
            not leaves
            and {source for source, _ in node.sources} == {before.index}
            and set(self._readers[before.index]) == {node.index}
        )

    # ------------------------------------------------------------------ what is equal

    def signature(self, part: Part) -> Hashable:
        """Return what two parts share that do the same: classes, configs without names, and how they are wired."""
        members = {node.index for node in self.nodes_of(part)}
        leaving = {end for end, _ in self.ends}
        exits = [
            index
            for index in sorted(members)
            if index in leaving or any(reader not in members for reader in self._readers[index])
        ]
        return self._wired(members, exits)

    @cached_property
    def whole(self) -> Hashable:
        """The signature of the whole model, with the order of its inputs and outputs."""
        members = set(range(len(self.nodes)))
        return self._wired(members, [end for end, _ in self.ends]), tuple(output for _, output in self.ends)

    def _wired(self, members: set[int], exits: Sequence[int]) -> Hashable:
        """Number nodes on the way back from the exits, operands from left to right, which needs no names."""
        numbers: dict[int, int] = {}
        outside: dict[int, int] = {}
        rows: list[Hashable] = []
        waiting = [(index, False) for index in reversed(exits)]
        while waiting:
            index, is_ready = waiting.pop()
            node = self.nodes[index]
            if index in numbers:
                continue
            if not is_ready:
                waiting.append((index, True))
                waiting += [(source, False) for source, _ in reversed(node.sources) if source in members]
                continue
            numbers[index] = len(numbers)
            operands = [
                (numbers[source] if source in members else -1 - outside.setdefault(source, len(outside)), output)
                for source, output in node.sources
            ]
            rows.append((self._kind(node), tuple(operands)))
        return tuple(rows)

    def _kind(self, node: OutlineNode) -> Hashable:
        if node.call is None or node.is_input:
            return "input", *(str(tensor.type) for tensor in node.outputs)
        if node.inner is not None:
            return "model", class_name(node.call.layer), node.inner.whole
        layer = node.call.layer
        config = config_text(layer)
        return class_name(layer), f"only {node.index}" if config is None else config


def is_follower(part: Part) -> bool:
    """Whether a part is a layer that keeps the shape, and has no arguments to show: an activation, a normalization."""
    if not isinstance(part, OutlineNode) or part.call is None or part.inner is not None:
        return False
    if len(part.sources) != 1 or len(part.outputs) != 1:
        return False
    (operand,) = part.call.inputs
    return operand.type.shape == part.outputs[0].type.shape and "(" not in class_text(part.call.layer)


def _joined(parts: Sequence[Part]) -> list[Part]:
    """Return the parts with what follows a block, and has no weights, in the block."""
    found: list[Part] = []
    for part in parts:
        before = found[-1] if found else None
        follows = isinstance(part, OutlineNode) and is_follower(part) and not _has_weights(part)
        if isinstance(before, OutlineBlock) and follows:
            found[-1] = OutlineBlock((*before.parts, part))
        else:
            found.append(part)
    return found


def _has_weights(node: OutlineNode) -> bool:
    return node.call is not None and node.call.layer.count_params() > 0


def _begins(part: Part) -> bool:
    """Whether a round had better begin here: people think of blocks that begin with branches or with weights."""
    if isinstance(part, OutlineNode):
        return part.inner is not None or (_has_weights(part) and not is_follower(part))
    return isinstance(part, OutlineBlock | Repeat)


# ---------------------------------------------------------------------- reading a model


def _nodes(model: Model, folds: bool) -> tuple[tuple[OutlineNode, ...], Producers]:
    if not model.calls:
        raise ModelError(f"model '{model.name}' is not built, so its shapes are not known; give it an Input to draw it")
    made = Producers()
    nodes: list[OutlineNode] = []

    def add(call: DrawnCall | None, outputs: Sequence[Tensor]) -> None:
        inputs = () if call is None else call.inputs
        what = "" if call is None else f"layer '{call.layer.name}' ({class_name(call.layer)})"
        sources = tuple(made.require(tensor, model.name, what) for tensor in inputs)
        opened = inner_model(call) if call is not None and sources else None
        inner = None if opened is None else Outline(opened, folds)
        nodes.append(OutlineNode(len(nodes), call, sources, tuple(outputs), inner))
        made.add(len(nodes) - 1, outputs)

    for call in model.calls:
        if not call.inputs:
            add(call, call.outputs)
    for tensor in model.inputs:
        if made.find(tensor) is None:
            add(None, (tensor,))
    for call in model.calls:
        if call.inputs:
            add(call, call.outputs)
    return tuple(nodes), made
