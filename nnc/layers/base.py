"""The base classes of layers, which can be called in three ways, and of the symbolic tensors that wire them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Unpack, overload
from weakref import WeakSet

import numpy

from nnc import regularizers
from nnc.absent_names import check_member
from nnc.checks import check_flag
from nnc.eager import computed_from
from nnc.errors import ModelError, UnwiredError, UnwrittenError
from nnc.identity import is_own
from nnc.ir import FLOATING, Placeholder, TensorType, Value
from nnc.layers.automatic_config import plain_arguments
from nnc.layers.batch import batch_size
from nnc.layers.call_arguments import bind, shape_of, takes_several
from nnc.layers.computation import Computation
from nnc.layers.constants import with_constants
from nnc.layers.input_spec import check_inputs
from nnc.layers.input_types import FLOAT, dtype_name, input_type
from nnc.layers.lowering import current_lowering, entered, is_lowering
from nnc.layers.options import InputOptions
from nnc.settings import default_dtype
from nnc.structure import leaves, map_leaves
from nnc.tree import map_shape_structure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnc.layers.standalone import Standalone

Array = Any
_FIRST = ("inputs", "data", "sequence")
"""Keras's names for the first argument of `call`."""


class Symbolic:
    """What stands for a tensor while layers are wired: layers that are applied to it are left to it."""

    def wire(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Note that a layer is applied to symbolic tensors, and return those that come out, nested as `call` does.

        Args:
            layer: the layer.
            args: its positional arguments, with symbolic tensors as leaves.
            kwargs: its keywords, likewise.

        Raises:
            ModelError: the layer does not accept such inputs.
        """
        raise NotImplementedError

    def of_type(self, declared: TensorType) -> Any:
        """Return a symbolic tensor of a type that no call produces, of the same batch.

        Args:
            declared: element type and shape.
        """
        raise NotImplementedError


class Layer(Computation):
    """A function with weights. Subclass it, make weights in `build`, and say in `call` what is computed.

    ``call`` is graph arithmetic, so its gradient is derived::

        class Scale(nnc.layers.Layer):
            def build(self, input_shape):
                self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")

            def call(self, x):
                return x * self.scale

    Args:
        name: unique name inside a model; by default made from the class's name.
        trainable: whether its weights are trained.
        dtype: element type of its weights.
        activity_regularizer: adds to the loss, a function of the output.
        keras_2_masks: whether masks have the meaning of Keras 2, where recurrent layers, merging layers and
            `TimeDistributed` treat them otherwise; in the config only where it is true.
        legacy: ``input_dim``, ``input_shape`` or ``batch_input_shape``: shape of the model's input, for the first
            layer of a `Sequential`.

    A layer inside a layer is an attribute of it, alone or in a list: its weights count as the outer layer's.

    Attributes:
        is_named: whether its user or a model has given it a name.
        models: the models it is in.
        source_line: line of the model file in which it is defined, None where it comes from none.

    Raises:
        ModelError: an argument is unknown or of the wrong type.
    """

    dtypes: ClassVar[frozenset[str]] = FLOATING
    """Element types that the argument `dtype` may name."""
    given_arguments: ClassVar[dict[str, Any] | None] = {}
    """Of a user's layer, what it was made with; see `plain_arguments`."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls) and not is_own(cls):
            cls.__init__ = _noting_arguments(cls.__init__)  # type: ignore[method-assign]
        if "build" in vars(cls):
            cls.build = _marking_as_built(cls.build)  # type: ignore[method-assign]
        if "compute_mask" in vars(cls) and is_own(cls):
            cls.compute_mask = _on_arrays(cls.compute_mask)  # type: ignore[method-assign]

    input_spec: Any = None
    """What its first argument must be like: an `InputSpec`, or nested ones, which each call checks."""

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        activity_regularizer: Any = None,
        keras_2_masks: bool = False,
        **legacy: Unpack[InputOptions],
    ) -> None:
        self._name = self._check_name(name)
        self.has_own_name = name is not None
        self.is_named = name is not None
        self.models: WeakSet[Any] = WeakSet()
        self.source_line: int | None = None
        if not isinstance(trainable, bool):
            raise ModelError(f"{type(self).__name__}: trainable has to be a boolean, True or False, got {trainable!r}")
        self._trainable = trainable
        self.activity_regularizer: Any = regularizers.get(activity_regularizer)
        self.keras_2_masks = check_flag(type(self).__name__, "keras_2_masks", keras_2_masks)
        self.weights_dtype = dtype_name(dtype, type(self).__name__, self.dtypes) or self._default_dtype()
        self.batch_input_shape = self._input_shape(legacy)
        self.supports_masking = self.supports_masking or type(self).compute_mask is not Layer.compute_mask
        self.own_weights = []
        self.built = False
        self._calls = []
        self._standalone: Standalone | None = None

    def _default_dtype(self) -> str | None:
        """Return the element type of a layer for which none is given, None for that of what it is applied to."""
        chosen = default_dtype()
        return None if chosen == FLOAT else chosen

    def __getstate__(self) -> dict[str, Any]:
        """Return the state of a copy, without the graphs of `forward` and the models that the layer is in."""
        return {key: value for key, value in self.__dict__.items() if key != "models"} | {
            "_standalone": None,
            "_calls": [],
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.models = WeakSet()

    if not TYPE_CHECKING:  # to a type checker a member that is not there is a slip

        def __getattr__(self, name: str) -> Any:
            """Say why a member of Keras's layers is not there."""
            check_member(type(self).__name__, name)
            return object.__getattribute__(self, name)  # raises, also what a property has raised

    @property
    def sublayers(self) -> list[Layer]:
        """The layers among its attributes, alone or in lists, tuples and dictionaries, in the order they were set."""
        return super().sublayers

    # ------------------------------------------------------------------ calling

    @overload
    def __call__(self, inputs: Symbolic, /, *args: Any, **kwargs: Any) -> Any: ...

    @overload
    def __call__(self, inputs: NDArray[Any], /, *args: Any, **kwargs: Any) -> NDArray[Any]: ...

    @overload
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the layer: to symbolic tensors (wiring a model), to graph values, or to arrays (`forward`)."""
        if not hasattr(self, "built"):
            raise ModelError(f"{type(self).__name__}: call super().__init__(**options) in its __init__ first")
        if not args and is_own(type(self).call):
            args, kwargs = self._first_by_name(kwargs)
        if self.input_spec is not None and args:
            check_inputs(self.input_spec, args[0], self.name)
        if leaves((args, kwargs), Symbolic):
            return self._wire(*self._unpacked(args, kwargs))
        args, kwargs = entered((args, kwargs))
        if is_lowering() and leaves((args, kwargs), (Value, Placeholder, numpy.ndarray)):
            args, kwargs = map_leaves(lambda item: item.value, (args, kwargs), Placeholder)
            return self._apply(*self._unpacked(*with_constants((args, kwargs), current_lowering().graph)))
        if leaves((args, kwargs), Value):
            raise ModelError(f"Layer '{self.name}': graph values belong to a layer's call()")
        return self.forward(*args, **kwargs)

    def _first_by_name(self, kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return arguments with the first one by position, if it is given by the name that Keras has for it."""
        given = next((name for name in _FIRST if name in kwargs), None)
        if given is None or given in inspect.signature(self.call).parameters:
            return (), kwargs
        return (kwargs[given],), {name: item for name, item in kwargs.items() if name != given}

    def _wire(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Apply the layer to symbolic tensors."""
        return leaves((args, kwargs), Symbolic)[0].wire(self, args, kwargs)

    def _unpacked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Spread a list over the inputs of a layer that takes no list; join the inputs of one that does."""
        if self.is_merging:
            is_spread = len(args) > 1 and all(isinstance(item, Symbolic | Value | TensorType) for item in args)
            return ((list(args),) if is_spread else args), kwargs
        if len(args) == 1 and isinstance(args[0], list | tuple):
            items = tuple(args[0])
            is_a_users = self._is_a_users or not is_own(type(self).call)
            takes_list = is_a_users and not takes_several(self.call)
            if len(items) <= 1 or not takes_list:
                return items, kwargs
        return args, kwargs

    def ensure_built(self, types: Sequence[TensorType]) -> None:
        """Build the layer for inputs of these types, unless it is.

        Raises:
            ModelError: the layer does not accept such inputs.
        """
        self._ensure_built(bind(self, self.call, *self._unpacked((list(types),), {})))

    def compute_output_shape(self, *input_shape: Any, **named: Any) -> Any:
        """Return the shape of the output (or one per output) for an input shape, None where a length is not known.

        Args:
            input_shape: the shape; several, or a list of them, where `call` takes several tensors.
            named: likewise, by the names that Keras has for them, such as ``query_shape``; in the order of `call`.

        Raises:
            ModelError: the layer does not accept such inputs.
        """
        if type(self).call is Layer.call:
            raise UnwrittenError(
                f"{type(self).__name__} does not have a `compute_output_shape` method implemented, nor a `call` from"
                " which it follows"
            )
        input_shape = tuple(shape for shape in (*input_shape, *named.values()) if shape is not None)
        if not input_shape:
            raise ModelError(f"Layer '{self.name}': compute_output_shape needs the shape of an input, got None")
        nested = input_shape[0] and isinstance(input_shape[0][0], list | tuple)
        shapes = list(input_shape[0]) if nested else list(input_shape)
        types = [input_type(shape, self._shape_dtype) for shape in shapes]
        args, _ = self._unpacked((types,) if self.is_merging else tuple(types), {})
        rows = {shape[0] for shape in shapes if shape}
        with batch_size(rows.pop() if len(rows) == 1 else None):
            return map_leaves(shape_of, self.output_types(*args), TensorType)

    @property
    def _shape_dtype(self) -> str:
        """Element type of inputs of which only the shape is given."""
        return self.weights_dtype or FLOAT

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return symbolic tensors like those that the layer would return for others; nothing is wired.

        Args:
            args: as `call` takes them, symbolic tensors instead of tensors.
            kwargs: likewise.

        Raises:
            ModelError: the layer does not accept such inputs, or gets no symbolic tensor.
        """
        tensors = leaves((args, kwargs), Symbolic)
        if not tensors:
            raise ModelError(f"Layer '{self.name}': compute_output_spec needs symbolic tensors, got none")
        if is_own(type(self).compute_output_shape):
            given = map_leaves(lambda tensor: tensor.type, self._unpacked(args, kwargs), Symbolic)
            return map_leaves(tensors[0].of_type, self.output_types(*given[0], **given[1]), TensorType)
        shapes = map_leaves(lambda tensor: tensor.shape, args, Symbolic)
        return map_shape_structure(
            lambda shape: tensors[0].of_type(input_type(shape, self.compute_dtype)), self.compute_output_shape(*shapes)
        )

    # ------------------------------------------------------------------ wired

    @property
    def input(self) -> Any:
        """The symbolic tensor, or list of them, that the layer was first applied to."""
        found = self._first_call.inputs
        return found[0] if len(found) == 1 else list(found)

    @property
    def output(self) -> Any:
        """The symbolic tensor, or list of them, that came out when the layer was first applied."""
        found = self._first_call.outputs
        return found[0] if len(found) == 1 else list(found)

    @property
    def _first_call(self) -> Any:
        if not self._calls:
            raise UnwiredError(f"Layer '{self.name}' is not wired: apply it to a symbolic tensor first")
        return self._calls[0]

    # ------------------------------------------------------------------ on arrays

    @property
    def losses(self) -> list[Any]:
        """What it adds to the loss: what its last call on arrays added, and the penalties on its trained weights.

        While a graph is being built, what has been added so far to that.
        """
        if is_lowering():
            added: list[Any] = list(current_lowering().losses)
            values: list[Any] = [item.value for item in self.trainable_weights]
        else:
            added = [] if self._standalone is None else list(self._standalone.losses)
            values = [item.memory for item in self.trainable_weights]
        pairs = zip(self.trainable_weights, values, strict=True)
        return added + [item.regularizer(value) for item, value in pairs if item.regularizer is not None]

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Return the output array for input arrays of shape (rows, …), as Keras does where a layer is called on arrays.

        Weights that layers assign, such as moving means, get their new values.

        Args:
            inputs: as `call` takes them.
            options: likewise; with ``training=True`` the layer does as in training, by default what the default of its
                ``call`` says, which is to predict except for layers that change images at random.

        Raises:
            DataError: an input does not fit.
        """
        from nnc.layers.standalone import Standalone

        if self._standalone is None:
            self._standalone = Standalone(self)
        return self._standalone.forward(*inputs, **options)

    def backward(self, gradient: Any) -> Any:
        """Return the gradient of the last `forward`'s input, and fill in the weights' gradients.

        Args:
            gradient: gradient of the output, of the output's shape; a list of them where there are several.

        Raises:
            ModelError: `forward` was not called before.
        """
        if self._standalone is None:
            raise ModelError(f"Layer '{self.name}': call forward(x) before backward(gradient)")
        return self._standalone.backward(gradient)


def _noting_arguments(initialize: Callable[..., None]) -> Callable[..., None]:
    """Return a user's ``__init__`` that notes what the object is made with."""

    @wraps(initialize)
    def noting(self: Layer, *args: Any, **kwargs: Any) -> None:
        if "given_arguments" not in vars(self):  # not that of a class which it is derived from
            vars(self)["given_arguments"] = plain_arguments(initialize, args, kwargs)
        initialize(self, *args, **kwargs)

    return noting


def _marking_as_built(build: Callable[..., None]) -> Callable[..., None]:
    """Return a `build` after which the layer is built, whoever called it; until then it may make weights.

    A `build` that calls the one of the class it is derived from goes on making weights behind it.
    """

    @wraps(build)
    def marking(self: Layer, *shapes: Any, **named: Any) -> None:
        outer, self._makes_weights = self._makes_weights, True
        try:
            build(self, *shapes, **named)
        finally:
            self._makes_weights = outer
        self.built = True

    return marking


def _numbers_of(item: Placeholder) -> Any:
    """Return the numbers of a weight; what stands for a value of the graph stays."""
    return item.value if is_lowering() or not hasattr(item, "numpy") else item.numpy()


def _on_arrays(compute_mask: Callable[..., Any]) -> Callable[..., Any]:
    """Return a `compute_mask` that computes at once where it is given arrays."""

    @wraps(compute_mask)
    def computing(self: Layer, inputs: Any, *masks: Any, **named: Any) -> Any:
        masks, named = map_leaves(_numbers_of, (masks, named), Placeholder)
        if leaves((inputs, masks, tuple(named.values())), Value) or not leaves((inputs, masks), numpy.ndarray):
            return compute_mask(self, inputs, *masks, **named)
        names = tuple(named)
        given = (inputs, masks, tuple(named.values()))
        return computed_from(
            lambda x, rest, last: compute_mask(self, x, *rest, **dict(zip(names, last, strict=True))), *given
        )

    return computing
