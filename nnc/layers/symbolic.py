"""Symbolic tensors and calls: the wiring of layers before anything is lowered to a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from nnc.errors import ModelError, ShapeError
from nnc.ir import TensorType
from nnc.layers.base import Layer, Symbolic
from nnc.layers.batch import batch_size, shown_shape
from nnc.layers.input_types import TEXT
from nnc.layers.lengths import equate, settled, unequal_dims
from nnc.structure import leaves, map_leaves


def slice_config(key: Any) -> list[Any]:
    """Return an index as plain data, as Keras writes it: numbers, None, and slices and ``...`` as dictionaries.

    >>> slice_config((slice(None), 0))
    [{'class_name': '__slice__', 'config': {'start': None, 'stop': None, 'step': None}}, 0]
    """
    items = key if isinstance(key, tuple) else (key,)
    return [
        {"class_name": "__slice__", "config": {"start": item.start, "stop": item.stop, "step": item.step}}
        if isinstance(item, slice)
        else {"class_name": "__ellipsis__", "config": {}}
        if item is Ellipsis
        else item
        for item in items
    ]


@dataclass(eq=False)
class SymbolicTensor(Symbolic):
    """The result of a layer for a symbolic input: a type, and the call that produces it.

    Args:
        declared: element type and shape as they were known when the layer was called, with the batch as symbol.
        call: the call, None until it is known.
        index: position among the call's outputs.
        batch: size of the batch where the model's input says so, for shapes and for layers that keep a state per row.
    """

    declared: TensorType
    call: Call | None = None
    index: int = 0
    batch: int | None = None

    @property
    def type(self) -> TensorType:
        """Element type and shape; symbols are the batch and lengths that are not known."""
        return settled(self.declared)

    @property
    def shape(self) -> tuple[Any, ...]:
        """Shape as Keras shows it: None instead of what is not known."""
        return shown_shape(self.type, self.batch)

    @property
    def dtype(self) -> str:
        """Element type."""
        return self.type.dtype

    @property
    def rank(self) -> int:
        """Number of dimensions, the batch included."""
        return self.type.rank

    @property
    def ndim(self) -> int:
        """Number of dimensions, the batch included."""
        return self.rank

    @property
    def sparse(self) -> bool:
        """False: there are no sparse tensors."""
        return False

    @property
    def ragged(self) -> bool:
        """False: there are no ragged tensors."""
        return False

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"declared": self.type}  # what is known of lengths stays behind in this process

    def wire(self, layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call = Call(layer, args, kwargs)
        outputs: list[SymbolicTensor] = []

        def output(type: TensorType) -> SymbolicTensor:
            outputs.append(SymbolicTensor(type, call, len(outputs), known))
            return outputs[-1]

        known = next((tensor.batch for tensor in call.inputs if tensor.batch is not None), None)
        with batch_size(known):
            found = map_leaves(output, call.settled_types(), TensorType)
        call.outputs = tuple(outputs)
        layer._calls.append(call)
        return found

    def of_type(self, declared: TensorType) -> SymbolicTensor:
        return SymbolicTensor(declared, batch=self.batch)

    operate: ClassVar[Callable[..., Any]]
    """Applies an operation of `keras.ops`, given by its class, to operands; `nnc.layers` says how."""

    def _operation(self, name: str, *operands: Any, **settings: Any) -> Any:
        return SymbolicTensor.operate(name, *operands, **settings)

    def __add__(self, other: Any) -> Any:
        return self._operation("Add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._operation("Add", other, self)

    def __sub__(self, other: Any) -> Any:
        return self._operation("Subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._operation("Subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return self._operation("Multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._operation("Multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._operation("TrueDivide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._operation("TrueDivide", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self._operation("FloorDivide", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._operation("FloorDivide", other, self)

    def __mod__(self, other: Any) -> Any:
        return self._operation("Mod", self, other)

    def __rmod__(self, other: Any) -> Any:
        return self._operation("Mod", other, self)

    def __pow__(self, other: Any) -> Any:
        return self._operation("Power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._operation("Power", other, self)

    def __matmul__(self, other: Any) -> Any:
        return self._operation("Matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self._operation("Matmul", other, self)

    def __and__(self, other: Any) -> Any:
        return self._operation("LogicalAnd", self, other)

    def __rand__(self, other: Any) -> Any:
        return self._operation("LogicalAnd", other, self)

    def __or__(self, other: Any) -> Any:
        return self._operation("LogicalOr", self, other)

    def __ror__(self, other: Any) -> Any:
        return self._operation("LogicalOr", other, self)

    def __xor__(self, other: Any) -> Any:
        return self._operation("LogicalXor", self, other)

    def __rxor__(self, other: Any) -> Any:
        return self._operation("LogicalXor", other, self)

    def __lt__(self, other: Any) -> Any:
        return self._operation("Less", self, other)

    def __le__(self, other: Any) -> Any:
        return self._operation("LessEqual", self, other)

    def __gt__(self, other: Any) -> Any:
        return self._operation("Greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return self._operation("GreaterEqual", self, other)

    def __ne__(self, other: object) -> Any:  # as in Keras, where == is identity all the same
        return self._operation("NotEqual", self, other)

    def __neg__(self) -> Any:
        return self._operation("Negative", self)

    def __abs__(self) -> Any:
        return self._operation("Absolute", self)

    def __invert__(self) -> Any:
        return self._operation("LogicalNot", self)

    def __round__(self, decimals: int | None = None) -> Any:
        return self._operation("Round", self, decimals=decimals or 0)

    def __getitem__(self, key: Any) -> Any:
        return self._operation("GetItem", self, slice_config(key))

    def __repr__(self) -> str:
        producer = self.call.layer.name if self.call is not None else "nobody"
        return f"<SymbolicTensor {self.type} from {producer}>"


@dataclass(eq=False)
class Call:
    """One application of a layer; a layer that is used twice has two calls.

    Args:
        layer: what is applied.
        args: its positional arguments, nested as they were given, with symbolic tensors as leaves.
        kwargs: its keywords, likewise.
        outputs: what comes out, flat.
        place: the author's line, as ``file:line``; empty where it is not known.

    Raises:
        ModelError: a tensor is texts, and the layer computes with numbers.
    """

    layer: Layer
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    outputs: tuple[SymbolicTensor, ...] = ()
    place: str = ""

    def __post_init__(self) -> None:
        if not self.layer.takes_texts and any(tensor.dtype == TEXT for tensor in self.inputs):
            raise ModelError(
                f"Layer '{self.layer.name}' ({type(self.layer).__name__}) computes with numbers, and its input is"
                " texts; put StringLookup, TextVectorization, Hashing or HashedCrossing before it"
            )

    @property
    def inputs(self) -> tuple[SymbolicTensor, ...]:
        """The tensors among the arguments, from left to right."""
        return tuple(leaves((self.args, self.kwargs), SymbolicTensor))

    def settled_types(self) -> Any:
        """Return the types of the outputs, and let lengths that are not known be what the layer demands of them.

        Raises:
            ModelError: the layer does not accept such inputs.
        """
        while True:
            args, kwargs = map_leaves(lambda tensor: tensor.type, (self.args, self.kwargs), SymbolicTensor)
            try:
                return self.layer.output_types(*args, **kwargs)
            except ShapeError as error:
                unequal = unequal_dims(error)
                if unequal is None or not equate(*unequal):
                    raise

    def flops(self, rows: int = 1) -> int:
        """Return the floating-point operations of this call in a prediction of so many rows.

        Other lengths that are not known count as `nnc.ir.nominal_sizes` has them.
        """
        args, kwargs = self._types
        with batch_size(self.inputs[0].batch if self.inputs else None):
            return self.layer._flops(args, kwargs, rows)

    @property
    def inner(self) -> Any:
        """What this call consists of, as pictures know models; None where it is one operation, or the layer a model."""
        from nnc.layers.called import opened_call  # for those who draw

        args, kwargs = self._types
        with batch_size(self.inputs[0].batch if self.inputs else None):
            return opened_call(self.layer, args, kwargs)

    @property
    def _types(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        args, kwargs = map_leaves(lambda tensor: tensor.type, (self.args, self.kwargs), SymbolicTensor)
        return args, kwargs

    def arguments(self, values: Mapping[SymbolicTensor, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return positional arguments and keywords with values instead of symbolic tensors."""
        args, kwargs = map_leaves(values.__getitem__, (self.args, self.kwargs), SymbolicTensor)
        return args, kwargs
