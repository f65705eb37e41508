"""The base class of layers: configuration, weights, and the ways to call one."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Self
from weakref import WeakSet

import numpy

from nnc.errors import ModelError, NncError, nearest
from nnc.ir import FLOATING, Graph, Placeholder, TensorType, Value
from nnc.layers.checks import FLOAT, check_flag, check_positive, dtype_name, row_shape
from nnc.layers.symbolic import Call, SymbolicTensor
from nnc.layers.variable import Variable, assign_all
from nnc.ops import cast

if TYPE_CHECKING:
    from nnc.layers.standalone import Standalone

Array = Any
MAX_WEIGHT_SIZE = 2**31 - 1
"""Elements of the largest weight; a mistyped number in a model file must not fill the memory."""
_LEGACY = ("input_dim", "input_shape", "batch_input_shape", "batch_shape", "input_length")


def snake_case(name: str) -> str:
    """Return Keras's default name for a class.

    >>> snake_case("ReLU"), snake_case("BatchNormalization")
    ('re_lu', 'batch_normalization')
    """
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


class Layer:
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
        legacy: ``input_dim``, ``input_shape`` or ``batch_input_shape``: shape of the model's input, for the first
            layer of a `Sequential`.

    Attributes:
        weights: its weights, in the order in which they were made.
        is_named: whether its user or a model has given it a name.
        models: the models it is in.

    Raises:
        ModelError: an argument is unknown or of the wrong type.
    """

    is_merging: ClassVar[bool] = False
    """Whether `call` takes a list of inputs."""
    keeps_integers: ClassVar[bool] = False
    """Whether whole-number inputs stay whole numbers; otherwise `call` gets them as floating-point numbers."""
    dtypes: ClassVar[frozenset[str]] = FLOATING
    """Element types that the argument `dtype` may name."""

    def __init__(self, *, name: str | None = None, trainable: bool = True, dtype: Any = None, **legacy: Any) -> None:
        self._name = self._check_name(name)
        self.has_own_name = name is not None
        self.is_named = name is not None
        self.models: WeakSet[Any] = WeakSet()
        self.trainable = check_flag(type(self).__name__, "trainable", trainable)
        self.weights_dtype = dtype_name(dtype, type(self).__name__, self.dtypes)
        self.batch_input_shape = self._input_shape(legacy)
        self.weights: list[Variable] = []
        self.built = False
        self._input_types: tuple[TensorType, ...] = ()
        self._standalone: Standalone | None = None

    # ------------------------------------------------------------------ configuration

    def _check_name(self, name: Any) -> str:
        if name is None:
            return self.default_name
        if not isinstance(name, str) or not name:
            raise ModelError(f"{type(self).__name__}: name must be a non-empty string, got {name!r}")
        if "/" in name or not name.isprintable():
            raise ModelError(
                f"{type(self).__name__}: name must be printable text on one line without '/', got {name!r}"
            )
        return name

    def _input_shape(self, legacy: dict[str, Any]) -> tuple[Any, ...] | None:
        for key in legacy:
            if key not in _LEGACY:
                known = [*inspect.signature(type(self).__init__).parameters, "name", "trainable", "dtype", *_LEGACY]
                raise ModelError(f"{type(self).__name__} has no argument '{key}'.{nearest(key, known)}")
        for key in ("batch_input_shape", "batch_shape"):
            if legacy.get(key) is not None:
                return (None, *row_shape(type(self).__name__, key, legacy[key], has_batch=True))
        if legacy.get("input_shape") is not None:
            return (None, *row_shape(type(self).__name__, "input_shape", legacy["input_shape"]))
        if legacy.get("input_dim") is not None:
            return (None, check_positive(type(self).__name__, "input_dim", legacy["input_dim"]))
        return None

    @property
    def name(self) -> str:
        """Unique name inside a model."""
        return self._name

    @property
    def default_name(self) -> str:
        """The name that is made unique where the user gave none."""
        return snake_case(type(self).__name__)

    def set_default_name(self, name: str) -> None:
        """Give another name to a layer that was not named by its user."""
        self._name = name
        self.is_named = True

    def get_config(self) -> dict[str, Any]:
        """Return the arguments from which `from_config` makes an equal layer; Keras's keys."""
        return {"name": self.name, "trainable": self.trainable, "dtype": self.weights_dtype}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a layer from what `get_config` returned.

        Raises:
            ModelError: a key or a value is wrong.
        """
        try:
            return cls(**config)
        except TypeError as error:
            raise ModelError(f"{cls.__name__} cannot be made from {config!r:.200}: {error}") from error

    @property
    def summary_note(self) -> str:
        """A few words for pictures and summaries, such as the activation."""
        return ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}'{'' if self.built else ', not built'}>"

    @contextmanager
    def blame(self) -> Iterator[None]:
        """Put this layer's name and class in front of errors from inside the block."""
        prefix = f"Layer '{self.name}' ({type(self).__name__}): "
        try:
            yield
        except NncError as error:
            message = str(error)
            if message.startswith("Layer '"):
                raise
            raise type(error)(prefix + message) from error

    def __getstate__(self) -> dict[str, Any]:
        """What a copy takes along: neither the graphs of `forward` nor the models it is in."""
        return {key: value for key, value in self.__dict__.items() if key != "models"} | {"_standalone": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.models = WeakSet()

    # ------------------------------------------------------------------ weights

    def build(self, input_shape: Any) -> None:
        """Make the weights; called once, with the shape (a list of shapes for merging layers), batch as None."""

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        *,
        name: str | None = None,
    ) -> Variable:
        """Make a weight of this layer.

        Args:
            shape: its shape.
            initializer: an initializer or the name of one; Glorot uniform by default, as in Keras.
            dtype: element type.
            trainable: whether it is trained.
            name: its name inside the layer.

        Raises:
            ModelError: the shape has other than positive numbers, or the layer has a weight of this name.
        """
        label = name or f"variable_{len(self.weights)}"
        if any(weight.name == label for weight in self.weights):
            raise ModelError(f"two weights are named '{label}'; give one of them another name=")
        for dim in shape:
            if isinstance(dim, bool) or not isinstance(dim, int | numpy.integer) or dim <= 0:
                raise ModelError(f"weight '{label}': shape must have positive integers, got {tuple(shape)}")
        if prod(shape) > MAX_WEIGHT_SIZE:
            listed = ", ".join(map(str, shape))
            raise ModelError(f"weight '{label}' of shape ({listed}) has more than {MAX_WEIGHT_SIZE:,} elements")
        variable = Variable(
            shape,
            label,
            self,
            initializer or "glorot_uniform",
            trainable,
            dtype_name(dtype, f"weight '{label}'") or self.weights_dtype or FLOAT,
            current_generator(),
        )
        self.weights.append(variable)
        return variable

    def ensure_built(self, types: Sequence[TensorType]) -> None:
        """Build the layer for inputs of these types, unless it is.

        Raises:
            ModelError: the layer does not accept such inputs.
        """
        if self.built:
            return
        shapes = [tuple(dim if isinstance(dim, int) else None for dim in type.shape) for type in types]
        if self.weights_dtype is None and types and types[0].is_floating:
            self.weights_dtype = types[0].dtype
        with self.blame():
            self.build(shapes if self.is_merging else shapes[0] if shapes else ())
        self.built = True
        self._input_types = tuple(types)

    @property
    def trainable_weights(self) -> list[Variable]:
        """Weights that training changes."""
        return [weight for weight in self.weights if self.trainable and weight.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Weights that training leaves alone."""
        return [weight for weight in self.weights if not (self.trainable and weight.trainable)]

    def get_weights(self) -> list[Array]:
        """Return copies of the weights."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrite the weights.

        Raises:
            ModelError: number or shapes do not fit; nothing is changed then.
        """
        assign_all(self.weights, weights, f"Layer '{self.name}'")

    def count_params(self) -> int:
        """Return the number of elements of all weights."""
        return sum(weight.size for weight in self.weights)

    @property
    def parameters(self) -> Array:
        """All weights as one array: here a vector; `Dense` has the bias as last row of the kernel."""
        return self._join([weight.array for weight in self.weights])

    @parameters.setter
    def parameters(self, value: Any) -> None:
        self._assign_parameters(numpy.asarray(value))

    @property
    def gradients(self) -> Array:
        """The weights' gradients from the last `backward`, in the form of `parameters`."""
        missing = [weight.path for weight in self.weights if weight.gradient is None]
        if missing:
            raise ModelError(f"Layer '{self.name}' has no gradients yet: call backward(gradient) first")
        return self._join([weight.gradient for weight in self.weights])

    def _join(self, arrays: Sequence[Array]) -> Array:
        return numpy.concatenate([numpy.ravel(array) for array in arrays]) if arrays else numpy.zeros(0, FLOAT)

    def _assign_parameters(self, value: Array) -> None:
        total = self.count_params()
        if value.shape != (total,):
            raise ModelError(f"Layer '{self.name}': parameters must have shape ({total},), got {value.shape}")
        offset = 0
        for weight in self.weights:
            weight.assign(value[offset : offset + weight.size].reshape(weight.shape))
            offset += weight.size

    # ------------------------------------------------------------------ calling

    def call(self, *inputs: Any) -> Any:
        """Return the output for graph values, in graph arithmetic; a merging layer gets one list."""
        raise ModelError(f"{type(self).__name__} does not say what it computes: define call(self, x)")

    def lower(self, graph: Graph, inputs: Sequence[Value], training: bool) -> tuple[Value, ...]:
        """Add this layer's nodes to a graph and return its outputs.

        Raises:
            ModelError: the layer does not accept such inputs.
        """
        if not self.keeps_integers:
            dtype = self._floating_dtype(graph)
            inputs = [value if value.type.is_floating else cast(value, dtype) for value in inputs]
        given: tuple[Any, ...] = (list(inputs),) if self.is_merging else tuple(inputs)
        options: dict[str, Any] = {"training": training} if self._takes_training() else {}
        with self.blame(), graph.scope(path=self.name):
            outputs = self.call(*given, **options)
            found = tuple(outputs) if isinstance(outputs, list | tuple) else (outputs,)
            found = tuple(value.value if isinstance(value, Placeholder) else value for value in found)
            if not found:
                raise ModelError("call() must return a graph value, got nothing")
            for number, value in enumerate(found):
                if not isinstance(value, Value):
                    raise ModelError(
                        f"call() must return a graph value, got {type(value).__name__}; "
                        "use nnc.ops instead of NumPy functions"
                    )
                graph.set_name(value, self.name if len(found) == 1 else f"{self.name}.{number}")
        return found

    def _floating_dtype(self, graph: Graph) -> str:
        """Return the element type that whole numbers are converted to: that of the graph's weights, if it has any."""
        known = (value.dtype for value in graph.states.values() if value.type.is_floating)
        return next(known, self.weights_dtype or FLOAT)

    @classmethod
    def _takes_training(cls) -> bool:
        return "training" in inspect.signature(cls.call).parameters

    def __call__(self, *inputs: Any) -> Any:
        """Apply the layer: to symbolic tensors (wiring a model), to graph values, or to arrays (`forward`)."""
        if not hasattr(self, "built"):
            raise ModelError(f"{type(self).__name__}: call super().__init__(**options) in its __init__ first")
        flat = list(inputs[0]) if len(inputs) == 1 and isinstance(inputs[0], list | tuple) else list(inputs)
        if flat and all(isinstance(item, SymbolicTensor) for item in flat):
            return self._wire(flat)
        if flat and all(isinstance(item, Value) for item in flat):
            self.ensure_built([value.type for value in flat])
            if not all(weight.has_value for weight in self.weights):
                raise ModelError(
                    f"Layer '{self.name}' ({type(self).__name__}) has weights, so it cannot be used inside the call() "
                    "of another layer; make the weights there with add_weight"
                )
            outputs = self.lower(flat[0].graph, flat, training=False)
            return outputs[0] if len(outputs) == 1 else outputs
        return self.forward(*inputs)

    def _wire(self, inputs: Sequence[SymbolicTensor]) -> Any:
        if len(inputs) > 1 and not self.is_merging and not self.takes_several():
            raise ModelError(f"Layer '{self.name}' ({type(self).__name__}) takes one input, got {len(inputs)}")
        self.ensure_built([tensor.type for tensor in inputs])
        call = Call(self, tuple(inputs))
        types = self.output_types([tensor.type for tensor in inputs])
        call.outputs = tuple(SymbolicTensor(type, call, index) for index, type in enumerate(types))
        return call.outputs[0] if len(call.outputs) == 1 else call.outputs

    def takes_several(self) -> bool:
        """Return whether `call` takes several inputs, one behind the other."""
        parameters = [
            parameter
            for parameter in inspect.signature(self.call).parameters.values()
            if parameter.name != "training" and parameter.default is parameter.empty
        ]
        return len(parameters) > 1 or any(parameter.kind == parameter.VAR_POSITIONAL for parameter in parameters)

    def output_types(self, inputs: Sequence[TensorType]) -> tuple[TensorType, ...]:
        """Return the types of the outputs for inputs of these types.

        Raises:
            ModelError: the layer does not accept such inputs.
        """
        from nnc.layers.lowering import declare_weights

        graph = Graph("types")
        values = [graph.input(f"x{number}", type) for number, type in enumerate(inputs)]
        with declare_weights(graph, self.weights):
            return tuple(value.type for value in self.lower(graph, values, training=False))

    def forward(self, *inputs: Any) -> Any:
        """Return the output array for input arrays of shape (rows, …), as the layer does when predicting.

        Raises:
            DataError: an input does not fit.
        """
        from nnc.layers.standalone import Standalone

        if self._standalone is None:
            self._standalone = Standalone(self)
        return self._standalone.forward(*inputs)

    def backward(self, gradient: Any) -> Any:
        """Return the gradient of the last `forward`'s input, and fill in the weights' gradients.

        Args:
            gradient: gradient of the output, of the output's shape.

        Raises:
            ModelError: `forward` was not called before.
        """
        if self._standalone is None:
            raise ModelError(f"Layer '{self.name}': call forward(x) before backward(gradient)")
        return self._standalone.backward(gradient)


def current_generator() -> numpy.random.Generator:
    """Return the generator that initial weights are drawn from; see `nnc.utils.set_random_seed`."""
    from nnc.utils import random_generator

    return random_generator()
