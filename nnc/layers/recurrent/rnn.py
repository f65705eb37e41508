"""RNN, which runs any cell over time, and the base class of the layers that bring their own cell."""

from __future__ import annotations

from abc import ABCMeta
from typing import Any, ClassVar

from nnc.arguments import argument, flag, passed_on
from nnc.errors import ModelError
from nnc.identity import is_own
from nnc.ir import TensorType, Value
from nnc.ir.ops import cast, concatenate, take
from nnc.layers.base import Layer
from nnc.layers.batch import BATCH, known_batch_size
from nnc.layers.declared import NamedLayer
from nnc.layers.input_types import FLOAT
from nnc.layers.lowering import current_lowering
from nnc.layers.nested import layer_config
from nnc.layers.recurrent.cell import Cell, checked_cell
from nnc.layers.recurrent.stacked import StackedRNNCells
from nnc.layers.recurrent.time_loop import Stepper, zeros
from nnc.layers.variable import Variable
from nnc.layers.weights import layers_inside
from nnc.objects import snake_case
from nnc.structure import leaves, map_leaves


class Recurrent(NamedLayer):
    """Base of the layers that run a cell over time; see `RNN`. They declare the arguments, in Keras's order."""

    noted_arguments: ClassVar[tuple[str, ...]] = ("return_sequences", "return_state", "go_backwards", "stateful")
    supports_masking = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.cell: Any
        self.return_sequences: bool
        self.return_state: bool
        self.go_backwards: bool
        self.stateful: bool
        self.unroll: bool
        self.zero_output_for_mask: bool
        self.states: list[Variable] | None = None

    @property
    def summary_arguments(self) -> list[str]:
        return super().summary_arguments or [type(self.cell).__name__]

    @property
    def state_size(self) -> list[Any]:
        """Lengths of the states."""
        size = self.cell.state_size
        return list(size) if isinstance(size, list | tuple) else [size]

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        if len(sequences_shape) < 3:
            raise ModelError(f"expected an input with at least 3 dimensions, (batch, time, …), got {sequences_shape}")
        if isinstance(self.cell, Layer):
            self.build_sublayer(self.cell, (sequences_shape[0], *sequences_shape[2:]))
            if any(not layer.built for layer in self.cell.sublayers):  # by an author's call
                dtype = self.weights_dtype or FLOAT
                states = [TensorType(dtype, (BATCH, *shape)) for shape in self._state_shapes()]
                self.cell.output_types(TensorType(dtype, (BATCH, *sequences_shape[2:])), states)
        if self.stateful:
            self._make_states(sequences_shape[0])

    # ------------------------------------------------------------------ states

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        """Return the first states, zeros unless the cell says otherwise, while a graph is being built."""
        own = getattr(self.cell, "get_initial_state", None)
        if own is None:
            dtype = getattr(self.cell, "weights_dtype", None) or self.weights_dtype or FLOAT
            return [zeros((batch_size, size), dtype) for size in self.state_size]
        found = own(batch_size=batch_size)
        return list(found) if isinstance(found, list | tuple) else [found]

    def _make_states(self, batch_size: Any) -> None:
        batch_size = known_batch_size() if batch_size is None else batch_size
        if batch_size is None:
            raise ModelError(
                "stateful=True needs a known batch size: give Input(batch_shape=(batch, time, features)) to the model"
            )
        self.states = []
        for number, shape in enumerate(self._state_shapes()):
            name = f"rnn_state_{number}" if number else "rnn_state"
            state = self.add_weight((batch_size, *shape), "zeros", trainable=False, name=name)
            state.is_state = True
            self.states.append(state)

    def _state_shapes(self) -> list[tuple[int, ...]]:
        """Return the shape of each state of a row."""
        return [(size,) for size in leaves(self.state_size, int)]

    def reset_state(self) -> None:
        """Set the states of a stateful layer to 0."""
        for state in self.states or ():
            state.assign(state.numpy() * 0)

    def reset_states(self) -> None:
        """Another name of `reset_state`."""
        self.reset_state()

    def _first_states(self, sequences: Value, initial_state: Any) -> tuple[Any, bool]:
        """Return the first states, in the element type of the sequences, and whether they are zeros."""
        batch = sequences.shape[0]

        def converted(value: Value) -> Value:
            return cast(value, sequences.dtype) if value.type.is_floating else value

        template = map_leaves(converted, self.get_initial_state(batch), Value)
        values = leaves(template, Value)
        if initial_state is not None:
            given = [converted(value) for value in leaves(initial_state, Value)]
            if len(given) != len(values):
                raise ModelError(f"initial_state must have {len(values)} values, one per state, got {len(given)}")
            for value, like in zip(given, values, strict=True):
                if value.type != like.type:
                    raise ModelError(f"initial_state must have a value of type {like.type}, got {value.type}")
        elif self.states is not None:
            given = [take(state.value, 0, 0, batch) for state in self.states]
        else:
            fresh = is_own(type(self.cell)) or not hasattr(self.cell, "get_initial_state")
            return template, fresh
        remaining = iter(given)
        return map_leaves(lambda _: next(remaining), template, Value), False

    def _keep(self, states: Any) -> None:
        """Let a stateful layer go on from here in the next batch; rows that this batch lacks stay."""
        for variable, state in zip(self.states or (), leaves(states, Value), strict=True):
            rest = take(variable.value, 0, state.shape[0], variable.shape[0])
            variable.assign(concatenate([state, rest], axis=0))

    # ------------------------------------------------------------------ calling

    def call(self, sequences: Value, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        states, fresh = self._first_states(sequences, initial_state)
        if mask is None and self.keras_2_masks:  # in Keras 3, first states that are given keep masks away
            mask = current_lowering().masks.get(sequences)
        if isinstance(mask, list | tuple):
            mask = mask[0]
        stepper = Stepper(self.go_backwards, self.unroll, self.return_sequences, self.zero_output_for_mask, fresh)
        cells = [cell for cell in _cells(self) if isinstance(cell, Cell)]
        for cell in cells:
            cell.begin()
        try:
            found = stepper.run(self._step, sequences, states, mask)
        finally:
            for cell in cells:
                cell.end()
        if self.stateful:
            self._keep(found.states)
        output = found.outputs if self.return_sequences else found.last
        return (output, *found.states) if self.return_state else output

    def _step(self, inputs: Value, states: Any) -> tuple[Value, Any]:
        call = self.cell if isinstance(self.cell, Layer) else self.cell.call
        output, new = call(inputs, states)
        return output, new if isinstance(new, list | tuple) else [new]

    def compute_mask(self, inputs: Any, mask: Any) -> Any:
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        output = mask if self.return_sequences else None
        return [output, *(None for _ in self.state_size)] if self.return_state else output


def _check_cell(where: str, key: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return StackedRNNCells(value)
    return checked_cell(value, where)


def _cell_config(cell: Any) -> dict[str, Any]:
    if not isinstance(cell, Layer):
        raise ModelError(f"a cell that is not an nnc.layers.Layer cannot be saved, got {cell!r:.80}")
    return layer_config(cell)


def _cells(layer: Layer) -> list[Layer]:
    return layers_inside(layer)[1:]


class RNN(Recurrent, metaclass=ABCMeta):
    """Runs a cell over the second axis of its input, (batch, time, …).

    A cell is a layer with ``call(inputs, states)``, which returns an output and new states, and with ``state_size``,
    the length of its state or a list of lengths; a list of cells is stacked. Where a mask is false, a step leaves the
    states as they are and repeats the output of the step before.

    Args:
        cell: a cell, a list of cells, or the config of a cell.
        return_sequences: whether the outputs of all steps are returned, (batch, time, …), instead of the last one's.
        return_state: whether the last states are returned as well.
        go_backwards: whether the sequence is read, and outputs are returned, in reverse.
        stateful: whether the last states of a batch are the first ones of the next; the batch size must be known.
        unroll: whether steps are written out one by one instead of run in a loop.
        zero_output_for_mask: whether the outputs of masked steps are 0.

    Raises:
        ModelError: the cell is none.
    """

    cell: Any = argument(_check_cell, _cell_config)
    return_sequences: bool = flag(default=False)
    return_state: bool = flag(default=False)
    go_backwards: bool = flag(default=False)
    stateful: bool = flag(default=False)
    unroll: bool = flag(default=False)
    zero_output_for_mask: bool = flag(default=False)
    activity_regularizer: Any = passed_on(default=None, kw_only=True)


class CellRNN(Recurrent):
    """A layer that makes its own cell of those of its arguments that the cell has too.

    Attributes:
        cell_class: class of the cell.
    """

    key_arguments: ClassVar[tuple[str, ...]] = ("units",)
    noted_arguments: ClassVar[tuple[str, ...]] = (
        *Recurrent.noted_arguments,
        "{activation}",
        "recurrent_activation {recurrent_activation}",
        "dropout {dropout}",
        "recurrent_dropout {recurrent_dropout}",
    )
    cell_class: ClassVar[type[Cell]]

    zero_output_for_mask: bool = flag(default=False, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        declared = self.cell_class.declared_arguments()
        shared = {name: getattr(self, name) for name, item in declared.items() if not item.passed_on}
        name = snake_case(self.cell_class.__name__)
        self.cell = self.cell_class(**shared, name=name, trainable=self.trainable, dtype=self.weights_dtype)

    @property
    def sublayers(self) -> list[Layer]:
        """The cell, which has the layers among the arguments, and the layers of a subclass."""
        inner = self.cell.sublayers
        return [layer for layer in super().sublayers if layer not in inner]


RNN.register(CellRNN)  # in Keras they are subclasses, although their arguments are others in another order
