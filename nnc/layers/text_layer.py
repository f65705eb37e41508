"""The base of layers that make numbers of texts: they stand before a model's graphs, at the edge of its program."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy

from nnc.arrays import NUMBERS, to_array
from nnc.errors import DataError, ModelError
from nnc.ir import FLOATING, TensorType
from nnc.layers.declared import SharedLayer
from nnc.layers.input_types import TEXT, tensor_type
from nnc.layers.lengths import unknown_length
from nnc.layers.symbolic import SymbolicTensor
from nnc.structure import leaves
from nnc.text import Step, as_text_array
from nnc.text.encoding import TO_ROWS
from nnc.text.steps import OPEN

Array = Any
_PLACE = (
    "it works on texts, which no graph has: it must come behind inputs of the model, directly or through layers of"
    " its kind (StringLookup, TextVectorization, Hashing, HashedCrossing)"
)


class TextLayer(SharedLayer):
    """A layer whose input, or output, may be texts. It computes in Python and NumPy, and has no gradient."""

    dtypes: ClassVar[frozenset[str]] = FLOATING | {"int32", "int64", TEXT}
    takes_texts = True
    encodes_elements: ClassVar[bool] = False
    """Whether the elements of a sample may be encoded, as its ``output_mode`` says."""

    def make_step(self, is_known: bool = True) -> Step:
        """Return what the layer does, as plain data.

        Args:
            is_known: whether what it learns from data has to be known; otherwise the step is for types alone.

        Raises:
            ModelError: that is missing.
        """
        raise NotImplementedError

    @property
    def input_dtype(self) -> str | None:
        """Element type of the input of a model that begins with the layer: texts."""
        return TEXT

    @property
    def _shape_dtype(self) -> str:
        """Element type of inputs of which only the shape is given: texts."""
        return TEXT

    @property
    def version(self) -> int:
        """Counts changes of what it has learnt from data."""
        return 0

    # ------------------------------------------------------------------ wiring

    def _wire(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for tensor in leaves((args, kwargs), SymbolicTensor):
            source = None if tensor.call is None else tensor.call.layer
            is_input = tensor.call is not None and not tensor.call.inputs
            if not is_input and not isinstance(source, TextLayer):
                raise ModelError(f"Layer '{self.name}' ({type(self).__name__}): {_PLACE}")
        self.built = True
        return super()._wire(args, kwargs)

    def output_types(self, *args: Any, **kwargs: Any) -> Any:
        """Return the type of the output for inputs of these types.

        Raises:
            ModelError: the layer does not accept such inputs.
        """
        types = leaves((args, kwargs), TensorType)
        with self.blame():
            step = self.make_step(is_known=False)
            problem = step.problem([item.dtype for item in types], [item.shape for item in types])
            if problem:
                raise ModelError(problem)
            shape = step.shape([item.shape for item in types])
            return tensor_type(step.dtype, (unknown_length() if dim is OPEN else dim for dim in shape))

    def _flops(self, args: tuple[Any, ...], kwargs: dict[str, Any], rows: int) -> int:
        del args, kwargs, rows
        return 0

    def call(self, *inputs: Any) -> Any:
        """Refuse graph values.

        Raises:
            ModelError: always; a graph has no texts.
        """
        raise ModelError(_PLACE)

    # ------------------------------------------------------------------ on arrays

    def forward(self, *inputs: Any, **options: Any) -> Array:
        """Return the result for arrays of texts, or of whole numbers where the layer takes them.

        Args:
            inputs: arrays of shape (rows, …).
            options: none.

        Raises:
            DataError: an input does not fit.
        """
        if options:
            raise ModelError(f"Layer '{self.name}' ({type(self).__name__}) takes no argument '{next(iter(options))}'")
        given = inputs[0] if self.is_merging and len(inputs) == 1 else inputs
        self.built = True
        with self.blame():
            if not isinstance(given, list | tuple):
                raise DataError(f"it should be called on a list of inputs, got {type(given).__name__}")
            step = self.make_step()
            arrays = [_array(item) for item in given]
            mode = getattr(self, "output_mode", "int") if self.encodes_elements else "int"
            if mode != "int":  # a text by itself is a sample of one
                arrays = [array.reshape(1) if array.ndim == 0 else array for array in arrays]
            rank = max((array.ndim for array in arrays), default=1)
            axes = max((2 if mode in TO_ROWS else 1) - rank, 0)
            arrays = [array.reshape((1,) * axes + array.shape) for array in arrays]
            dtypes = [TEXT if array.dtype == object else str(array.dtype) for array in arrays]
            problem = step.problem(dtypes, [array.shape for array in arrays])
            if problem:
                raise DataError(problem)
            found = step.run(arrays)
        return found[0] if axes else found

    def backward(self, gradient: Any) -> Any:
        """Refuse: texts have no gradient.

        Raises:
            ModelError: always.
        """
        raise ModelError(f"Layer '{self.name}' ({type(self).__name__}) has no gradient, for its inputs are texts")


def _array(given: Any) -> Array:
    """Return what a user gives as an array of texts or of numbers."""
    array = given if isinstance(given, numpy.ndarray) else numpy.asarray(given)
    if array.dtype.kind not in NUMBERS:
        return as_text_array(given, "the input")
    found = to_array(given, "the input")
    return found if found.dtype.kind == "f" else found.astype("int64")
