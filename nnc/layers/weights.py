"""Objects with weights: their own variables, those of sublayers, and how they are read, written and frozen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Any

import numpy

from nnc import constraints, regularizers
from nnc.checks import check_flag, is_whole
from nnc.errors import ModelError
from nnc.ir import FLOATING, is_building
from nnc.layers.input_types import FLOAT, dtype_name
from nnc.layers.variable import Variable, assign_all
from nnc.metrics.metric import Metric
from nnc.structure import contained

Array = Any
MAX_WEIGHT_SIZE = 2**31 - 1
"""Elements of the largest weight; a mistyped number in a model file must not fill the memory."""


class Weighted:
    """The part of a layer that is about its weights.

    Attributes:
        own_weights: the variables it made itself, in the order in which they were made.
    """

    weights_dtype: str | None
    own_weights: list[Variable]
    _makes_weights: bool = False  # while its `build` runs
    _trainable: bool

    @property
    def name(self) -> str:
        """Its name."""
        raise NotImplementedError

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        *,
        name: str | None = None,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> Variable:
        """Make a weight of this layer.

        Args:
            shape: its shape.
            initializer: an initializer or the name of one; by default, as in Keras, Glorot uniform for floating-point
                numbers and zeros for others.
            dtype: element type.
            trainable: whether it is trained; one that is can be assigned in `call` while training only.
            name: its name inside the layer.
            regularizer: penalty on it, see `nnc.regularizers`.
            constraint: what it has to satisfy after each step, see `nnc.constraints`.

        Raises:
            ModelError: the shape has other than whole numbers from 0, or the layer has a weight of this name; or the
                layer is built, and its `call` would make another weight each time.
        """
        if is_building() and getattr(self, "built", False) and not self._makes_weights:
            raise ModelError(
                "You cannot add new elements of state to a layer that is already built, in its call: make weights in"
                " __init__ or build"
            )
        given: Any = shape
        if isinstance(given, str):
            raise ModelError(f"add_weight takes the name '{given}' by the keyword argument name=, and shape first")
        label = name or f"variable_{len(self.own_weights)}"
        if any(weight.name == label for weight in self.own_weights):
            raise ModelError(f"two weights are named '{label}'; give one of them another name=")
        for dim in shape:
            if not is_whole(dim) or dim < 0:
                raise ModelError(f"weight '{label}': shape must have integers from 0, got {tuple(shape)}")
        if prod(shape) > MAX_WEIGHT_SIZE:
            listed = ", ".join(map(str, shape))
            raise ModelError(f"weight '{label}' of shape ({listed}) has more than {MAX_WEIGHT_SIZE:,} elements")
        chosen = dtype_name(dtype, f"weight '{label}'", WEIGHT_DTYPES) or self.weights_dtype or FLOAT
        variable = Variable(
            initializer or ("glorot_uniform" if chosen in FLOATING else "zeros"), shape, chosen, trainable, name=label
        )
        variable.owner = self
        variable.regularizer, variable.constraint = regularizers.get(regularizer), constraints.get(constraint)
        self.own_weights.append(variable)
        return variable

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; variables that nobody owns yet become weights, alone or in lists and dictionaries."""
        super().__setattr__(name, value)
        if isinstance(value, Metric):
            value.is_a_layers = True
        if isinstance(value, Variable | list | tuple | dict) and name != "own_weights":
            for variable in contained(value, Variable):
                if variable.owner is None and "own_weights" in self.__dict__:
                    variable.owner = self
                    self.own_weights.append(variable)

    # ------------------------------------------------------------------ sublayers

    @property
    def sublayers(self) -> list[Any]:
        """The layers among its attributes, alone or in lists, tuples and dictionaries, in the order they were set."""
        found = contained(list(vars(self).values()), Weighted)
        return list(dict.fromkeys(layer for layer in found if layer is not self))

    @property
    def takes_masks_off(self) -> bool:
        """Whether a layer inside it takes the masks off its operands, so that what runs later finds none there."""
        return any(layer._takes_masks_off for layer in layers_inside(self))

    @property
    def _takes_masks_off(self) -> bool:
        """Whether it does so itself."""
        return False

    @property
    def trainable(self) -> bool:
        """Whether its weights are trained; setting it sets that of its sublayers as well."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        chosen = check_flag(type(self).__name__, "trainable", value)
        for layer in layers_inside(self):
            layer._trainable = chosen

    # ------------------------------------------------------------------ looking

    @property
    def weights(self) -> list[Variable]:
        """All weights in Keras's order: its own, the trainable ones first, then those of its sublayers."""
        return [weight for weight in weight_paths(self) if not weight.is_state]

    def _archived_weights(self) -> list[Variable]:
        return sorted(self.own_weights, key=lambda weight: not weight.trainable)

    @property
    def trainable_weights(self) -> list[Variable]:
        """Weights that training changes."""
        layers = layers_inside(self, lambda layer: layer.trainable)
        return list(dict.fromkeys(weight for layer in layers for weight in layer.own_weights if weight.trainable))

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Weights that training leaves alone."""
        trained = set(self.trainable_weights)
        return [weight for weight in self.weights if weight not in trained]

    @property
    def trainable_variables(self) -> list[Variable]:
        """The same as `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The same as `non_trainable_weights`."""
        return self.non_trainable_weights

    @property
    def variables(self) -> list[Variable]:
        """The same as `weights`."""
        return self.weights

    def count_params(self) -> int:
        """Return the number of elements of all weights."""
        return sum(weight.size for weight in self.weights)

    def get_weights(self) -> list[Array]:
        """Return copies of the weights."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrite the weights.

        Raises:
            ModelError: number or shapes do not fit; nothing is changed then.
        """
        assign_all(self.weights, weights, self._described)

    @property
    def _described(self) -> str:
        """The name in messages."""
        return f"Layer '{self.name}'"

    # ------------------------------------------------------------------ as one array

    @property
    def parameters(self) -> Array:
        """All weights as one array: here a vector; `Dense` has the bias as last row of the kernel."""
        return self._join([weight.memory for weight in self.weights])

    @parameters.setter
    def parameters(self, value: Any) -> None:
        self._assign_parameters(numpy.asarray(value))

    @property
    def gradients(self) -> Array:
        """The weights' gradients from the last `backward`, in the form of `parameters`."""
        missing = [weight.path for weight in self.weights if weight.gradient is None]
        if missing:
            raise ModelError(f"{self._described} has no gradients yet: call backward(gradient) first")
        return self._join([weight.gradient for weight in self.weights])

    def _join(self, arrays: Sequence[Array]) -> Array:
        return numpy.concatenate([numpy.ravel(array) for array in arrays]) if arrays else numpy.zeros(0, FLOAT)

    def _assign_parameters(self, value: Array) -> None:
        total = self.count_params()
        if value.shape != (total,):
            raise ModelError(f"{self._described}: parameters must have shape ({total},), got {value.shape}")
        offset = 0
        for weight in self.weights:
            weight.assign(value[offset : offset + weight.size].reshape(weight.shape))
            offset += weight.size


WEIGHT_DTYPES = frozenset({"float32", "float64", "int32", "int64", "uint32", "uint8", "bool"})


def archived_weights(owner: Weighted) -> list[Variable]:
    """Return the weights that an object made itself as Keras's ``.keras`` files have them: the trainable ones first.

    Quantized layers have an order of their own.
    """
    return owner._archived_weights()


def layers_inside(
    layer: Any,
    is_kept: Callable[[Any], bool] = lambda layer: True,
    inner: Callable[[Any], Iterable[Any]] = lambda layer: layer.sublayers,
) -> list[Any]:
    """Return a layer and all layers inside it, each once, before those inside it: they may refer to one another.

    Args:
        layer: the layer.
        is_kept: whether a layer is returned; those inside one that is not are left out as well.
        inner: returns the layers right inside one.
    """
    found: dict[Any, None] = {}
    waiting = [layer]
    while waiting:
        item = waiting.pop()
        if item not in found and is_kept(item):
            found[item] = None
            waiting += reversed(list(inner(item)))
    return list(found)


def weight_paths(layer: Weighted, prefix: str = "") -> dict[Variable, str]:
    """Return all weights of a layer in Keras's order, each once, with unique paths such as ``encoder/dense/kernel``.

    Args:
        layer: a layer or a model.
        prefix: what paths start with, such as the layer's own name and a slash.
    """
    found: dict[Variable, str] = {}
    taken: set[str] = set()
    visited: set[Weighted] = set()

    def visit(owner: Weighted, prefix: str) -> None:
        if owner in visited:
            return
        visited.add(owner)
        own = sorted(owner.own_weights, key=lambda weight: not weight.trainable)
        for weight in own:
            if weight not in found:
                path, count = f"{prefix}{weight.name}", 1
                while path in taken:
                    count += 1
                    path = f"{prefix}{weight.name}_{count}"
                taken.add(path)
                found[weight] = path
        for inner in owner.sublayers:
            visit(inner, f"{prefix}{inner.name}/")

    visit(layer, prefix)
    return found
