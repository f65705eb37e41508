"""A reader's knowledge besides the definition itself: where it comes from, and what its user wants replaced."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field, replace

from frontends.nodes import ValueNode
from frontends.origin import KERAS_3, Origin
from frontends.replacements import Replacement


@dataclass(frozen=True)
class Options:
    """The options for reading a definition.

    Args:
        origin: which Keras wrote it.
        replacements: replacements for classes, or for layers by name.
        has_weights: whether weights are read as well, so that first values say nothing.
        build_config: the shape the model was built with, as files of Keras 3 have it beside the config.
        depth: how many models this one lies in.
        input_shape: shape of a row of the input of a definition that has none.
    """

    origin: Origin = KERAS_3
    replacements: MappingType[str, Replacement] = field(default_factory=dict)
    has_weights: bool = False
    build_config: ValueNode | None = None
    depth: int = 0
    input_shape: tuple[int, ...] | None = None

    def deeper(self, build_config: ValueNode | None = None) -> Options:
        """Return the options for a model inside this one."""
        return replace(self, depth=self.depth + 1, build_config=build_config)

    def replacement(self, *names: str | None) -> Replacement | None:
        """Return what replaces a layer, by the first of its names that is replaced; None for itself."""
        return next((self.replacements[name] for name in names if name is not None and name in self.replacements), None)
