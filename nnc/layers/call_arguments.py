"""Prepares a layer's call(): arguments bound to its signature, with masks and the training mode filled in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnc.errors import ModelError
from nnc.ir import TensorType, Value
from nnc.layers.batch import known_batch_size, shown_shape
from nnc.layers.description import Described
from nnc.structure import leaves, map_leaves

if TYPE_CHECKING:
    from nnc.layers.lowering import Lowering

TENSORS = (Value, TensorType)
"""Types that stand for a tensor among arguments: during, and without lowering."""
FILLED_IN = ("training", "mask")


@dataclass(frozen=True)
class Arguments:
    """The arguments of one call, by name.

    Args:
        names: names of all parameters of ``call``.
        given: the arguments that were given.
    """

    names: tuple[str, ...]
    given: Mapping[str, Any]

    @property
    def tensors(self) -> dict[str, Any]:
        """The arguments that are tensors, or nested tensors."""
        return {name: value for name, value in self.given.items() if leaves(value, TENSORS)}

    @property
    def first(self) -> Any:
        """The first argument."""
        return next(iter(self.given.values()), None)

    def masks(self, context: Lowering) -> dict[str, Any]:
        """Return the masks to fill in, by Keras's rules: ``mask`` for one tensor, otherwise ``NAME_mask``.

        The mask of one tensor is an argument since the model was built, others are those that tensors carry.
        """

        def mask_of(structure: Any) -> Any:
            if isinstance(structure, Value) and len(tensors) == 1:
                return context.built_masks.get(structure, context.masks.get(structure))
            return map_leaves(context.masks.get, structure, Value)

        tensors = self.tensors
        wanted = {"mask": next(iter(tensors.values()), None)}
        if len(tensors) != 1:
            wanted = {f"{name}_mask": value for name, value in tensors.items()}
        return {
            name: mask_of(value)
            for name, value in wanted.items()
            if name in self.names and self.given.get(name) is None
        }

    def previous_mask(self, context: Lowering, filled_in: Mapping[str, Any]) -> Any:
        """Return what ``compute_mask`` is given: the mask of the call, or that which its first argument carries."""
        mask = self.given.get("mask") if self.given.get("mask") is not None else filled_in.get("mask")
        return map_leaves(context.masks.get, self.first, Value) if mask is None else mask


def bind(layer: Described, call: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Arguments:
    """Return the arguments of a layer's ``call`` by name.

    Raises:
        ModelError: it does not take them.
    """
    signature = inspect.signature(call)
    known = {key: value for key, value in kwargs.items() if key != "training" or key in signature.parameters}
    try:
        bound = signature.bind(*args, **known)
    except TypeError:
        raise ModelError(_misfit(layer, signature, args, known)) from None
    given = dict(bound.arguments)
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD and parameter.name in given:
            given |= given.pop(parameter.name)
    return Arguments(tuple(signature.parameters), given)


def _misfit(layer: Described, signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    parameters = [name for name in signature.parameters if name not in FILLED_IN]
    positional = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        and parameter.name not in FILLED_IN
    ]
    title = f"Layer '{layer.name}' ({type(layer).__name__})"
    for key in kwargs:
        if key not in signature.parameters:
            return f"{title} cannot be called with {key}=; its arguments are {', '.join(parameters)}"
    needed = sum(parameter.default is parameter.empty for parameter in positional)
    wanted = f"{needed}" if needed == len(positional) else f"{needed} to {len(positional)}"
    return f"{title} takes {'one input' if wanted == '1' else f'{wanted} inputs'}, got {len(args)}"


def default_training(call: Callable[..., Any]) -> bool | None:
    """Return a layer's mode if a call does not say: the default of its ``call``, None without one."""
    parameter = inspect.signature(call).parameters.get("training")
    return parameter.default if parameter is not None and isinstance(parameter.default, bool) else None


def takes_several(call: Callable[..., Any]) -> bool:
    """Return whether ``call`` needs several inputs, one behind the other."""
    parameters = [
        parameter
        for parameter in inspect.signature(call).parameters.values()
        if parameter.name not in FILLED_IN and parameter.default is parameter.empty
    ]
    several = [parameter for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD]
    return len(several) > 1 or any(parameter.kind is parameter.VAR_POSITIONAL for parameter in several)


def build_arguments(build: Callable[..., Any], arguments: Arguments) -> dict[str, Any]:
    """Return what ``build`` is given: the shape of the first argument, or shapes by ``NAME_shape``."""
    shapes = {name: map_leaves(shape_of, value, TENSORS) for name, value in arguments.tensors.items()}
    parameters = [
        parameter
        for parameter in inspect.signature(build).parameters.values()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if len(parameters) == 1:
        return {parameters[0].name: next(iter(shapes.values()), ())}
    named = {f"{name}_shape": shape for name, shape in shapes.items()}
    return {parameter.name: named[parameter.name] for parameter in parameters if parameter.name in named}


def shape_of(tensor: Any) -> tuple[Any, ...]:
    """Return a shape as Keras shows it, with the batch that a layer is being built for where its size is known."""
    return shown_shape(tensor.type if isinstance(tensor, Value) else tensor, known_batch_size())
