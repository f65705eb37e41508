"""The inputs of a live model: how its call takes them, and which of their unknown lengths are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from inspect import Parameter, signature
from itertools import combinations
from typing import Any

from nnc.errors import ModelError
from nnc.layers import SymbolicTensor
from nnc.layers.lengths import equate

GROUPINGS: tuple[Callable[[str], str], ...] = (
    lambda name: name,
    lambda name: name.partition("_")[0] if name.startswith(("encoder", "decoder")) else "",
    lambda name: "",
)
"""Inputs whose axes of unknown length are the same: none; those of an encoder, those of a decoder; all."""


_OF_TEXTS = ("StringLookup", "TextVectorization")
"""Layers that a model with one input has for it, which is texts then."""

_ELEMENT_TYPES_TRIED = 4
"""Number of inputs up to which each may be whole numbers while others are not."""

_IN_ANY_CALL = ("mask", "training")
"""Arguments that Keras itself gives to a ``call``."""


class ModelInputs:
    """The tensors that a live model of Keras 3 takes, in order, and the arguments of its ``call`` that they are in.

    Args:
        source: the model; a functional one says its inputs, another one the shapes that it was built with.
        kind: Keras's class of symbolic tensors.
    """

    def __init__(self, source: Any, kind: type[Any]) -> None:
        self.source = source
        self.kind = kind

    @property
    def declared(self) -> list[Any]:
        """The inputs of a functional or Sequential model; others have none."""
        return list(getattr(self.source, "inputs", None) or ())

    def specifications(self, dtypes: Sequence[str | None] = ()) -> list[Any]:
        """Return the inputs as symbolic tensors.

        Args:
            dtypes: element types of inputs that were not declared, None for the model's own, as for all that are left.

        Raises:
            ModelError: the shapes of inputs that were not declared are not known.
        """
        if declared := self.declared:
            return declared
        named = self._named_shapes()
        own = self.source.input_dtype
        if len(named) == 1 and any(type(layer).__name__ in _OF_TEXTS for layer in self.source._flatten_layers()):
            own, dtypes = "string", ()  # which Keras does not note
        given = [*dtypes, *[None] * (len(named) - len(dtypes))]
        return [
            self.kind((None, *shape[1:]), dtype=dtype or own, name=name)
            for (shape, name), dtype in zip(named, given, strict=True)
        ]

    def element_types(self) -> Iterator[tuple[str | None, ...]]:
        """Yield element types that inputs may have which say none: as few of them as can be are whole numbers."""
        if self.declared:
            yield ()
            return
        number = len(self._named_shapes())
        counts = range(number + 1) if number <= _ELEMENT_TYPES_TRIED else (0, number)
        for count in counts:
            for chosen in combinations(range(number), count):
                yield tuple("int32" if position in chosen else None for position in range(number))

    def known_rows(self) -> int | None:
        """Return the number of rows that the model was declared for or built with, None where there is no one."""
        if declared := self.declared:
            shapes = [tuple(tensor.shape) for tensor in declared]
        else:
            shapes = [shape for shape, _ in self._named_shapes()]
        found = {shape[0] for shape in shapes if shape}
        return found.pop() if len(found) == 1 else None

    def packed(self, tensors: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return arguments of the model by position and by name that have these tensors in them.

        Args:
            tensors: a tensor or array per input.
        """
        remaining = iter(tensors)
        structure = getattr(self.source, "_inputs_struct", None)
        if structure is not None:
            return [_packed_like(structure, remaining, self.kind)], {}
        arguments = {name: _packed_by_shapes(shapes, remaining) for name, shapes in self._arguments().items()}
        parameters = signature(self.source.call).parameters
        several = [
            name
            for name, item in arguments.items()
            if _kind(parameters, name) == Parameter.VAR_POSITIONAL and isinstance(item, list | tuple)
        ]
        if several:  # what stands before it is given by position, too
            before = list(parameters)[: list(parameters).index(several[0])]
            args = [arguments.pop(name) for name in before if name in arguments]
            return [*args, *arguments.pop(several[0])], arguments
        for name in [name for name in arguments if _kind(parameters, name) == Parameter.VAR_KEYWORD]:
            arguments |= arguments.pop(name)
        if len(arguments) == 1:
            return list(arguments.values()), {}
        return [], arguments

    def _named_shapes(self) -> list[tuple[tuple[Any, ...], str | None]]:
        """Return the shapes of inputs that were not declared, with their names."""
        arguments = self._arguments()
        if len(arguments) == 1:
            return _named_shapes(next(iter(arguments.values())), None)
        return [found for name, shapes in arguments.items() for found in _shapes_below(shapes, name)]

    def _arguments(self) -> dict[str, Any]:
        """Return the nests of shapes that a model without declared inputs was built with, by argument of its ``call``.

        Raises:
            ModelError: Keras has not noted them.
        """
        title = f"Keras model '{self.source.name}' ({type(self.source).__name__})"
        built = getattr(self.source, "_build_shapes_dict", None) or {}
        shapes = {key.removesuffix("_shape"): item for key, item in built.items() if item is not None}
        parameters = signature(self.source.call).parameters
        needed = [name for name, item in parameters.items() if _is_needed(item)]
        if not shapes:
            gathered = [str(item) for item in parameters.values() if item.kind == Parameter.VAR_POSITIONAL]
            if gathered and getattr(self.source, "built", False):
                raise ModelError(f"{title}: Keras notes no shapes of {gathered[0]}; name the arguments of its call")
            raise ModelError(f"{title} is not built: call it once on data, so that the shapes of its inputs are known")
        if len(shapes) == 1 and len(needed) < 2:  # by the name of build's argument
            first = next(name for name in parameters if name not in _IN_ANY_CALL)
            return {first: next(iter(shapes.values()))}
        if any(name not in shapes for name in needed):
            names = ", ".join(needed)
            raise ModelError(
                f"{title} takes several arguments ({names}), and Keras has noted the shape of the first one only: call"
                f" it in a functional model, keras.Model([{names}], model({names})), where each is a keras.Input"
            )
        return {name: shapes[name] for name in parameters if name in shapes}


def equate_groups(inputs: Sequence[tuple[Any, SymbolicTensor]], groups: Sequence[str]) -> None:
    """Let axes of inputs of one group that have the same number have the same length."""
    first: dict[tuple[str, int], Any] = {}
    for (spec, tensor), group in zip(inputs, groups, strict=True):
        for axis, dim in enumerate(tuple(spec.shape)):
            if axis and dim is None:
                found = tensor.type.shape[axis]
                if (group, axis) in first:
                    equate(first[group, axis], found)
                first.setdefault((group, axis), found)


def _kind(parameters: Any, name: str) -> Any:
    """Return how an argument is given; one of a ``**`` has no parameter of its own."""
    return parameters[name].kind if name in parameters else None


def _is_needed(parameter: Parameter) -> bool:
    """Whether a call must be given an argument that Keras does not give."""
    kinds = (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    return parameter.default is parameter.empty and parameter.kind in kinds and parameter.name not in _IN_ANY_CALL


def _packed_like(structure: Any, remaining: Iterator[Any], kind: type[Any]) -> Any:
    """Return tensors nested as a model's inputs are; Keras counts those in a dictionary in the order of its keys.

    Args:
        structure: the nest, with tensors of `kind` as leaves.
        remaining: the tensors, in order.
        kind: Keras's class of symbolic tensors.
    """
    if isinstance(structure, kind):
        return next(remaining)
    if isinstance(structure, dict):
        return {key: _packed_like(structure[key], remaining, kind) for key in sorted(structure)}
    if isinstance(structure, list | tuple):
        items = [_packed_like(item, remaining, kind) for item in structure]
        return items if isinstance(structure, list) else tuple(items)
    return structure


def _named_shapes(item: Any, name: str | None) -> list[tuple[tuple[Any, ...], str | None]]:
    """Return the shapes in a nest of shapes, from left to right, each with the key of the dictionary that it is in."""
    if _is_shape(item):
        return [(tuple(item), name)]
    parts: list[tuple[Any, str | None]]
    if isinstance(item, dict):
        parts = [(item[key], str(key)) for key in sorted(item)]
    else:
        parts = [(part, name) for part in item] if isinstance(item, list | tuple) else []
    return [found for part, key in parts for found in _named_shapes(part, key)]


def _shapes_below(item: Any, name: str) -> list[tuple[tuple[Any, ...], str | None]]:
    """Return the shapes in an argument, as `_named_shapes`, with names that begin with the argument's."""
    if _is_shape(item):
        return [(tuple(item), name)]
    if isinstance(item, dict):
        return [found for key in sorted(item) for found in _shapes_below(item[key], f"{name}_{key}")]
    parts = enumerate(item) if isinstance(item, list | tuple) else ()
    return [found for number, part in parts for found in _shapes_below(part, f"{name}_{number}")]


def _packed_by_shapes(item: Any, remaining: Iterator[Any]) -> Any:
    """Return tensors nested as shapes are, in the order of `_named_shapes`."""
    if _is_shape(item):
        return next(remaining)
    if isinstance(item, dict):
        return {key: _packed_by_shapes(item[key], remaining) for key in sorted(item)}
    if item is None:
        return None
    found = [_packed_by_shapes(part, remaining) for part in item]
    return found if isinstance(item, list) else tuple(found)


def _is_shape(item: Any) -> bool:
    return isinstance(item, list | tuple) and bool(item) and all(dim is None or isinstance(dim, int) for dim in item)
