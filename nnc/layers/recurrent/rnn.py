"""RNN, which runs any cell over time, and the base class of the layers that bring their own cell."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

from nnc.checks import check_flag
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.arguments import arguments_config
from nnc.layers.base import Layer
from nnc.layers.input_types import FLOAT
from nnc.layers.lowering import current_lowering
from nnc.layers.options import LayerOptions
from nnc.layers.recurrent.cell import OBJECTS, Cell
from nnc.layers.recurrent.stepping import Stepper, zeros
from nnc.layers.structure import leaves, map_leaves
from nnc.layers.symbolic import known_batch_size
from nnc.layers.variable import Variable
from nnc.layers.wrapping import inner_layer, layer_config
from nnc.objects import snake_case
from nnc.ops import cast, concatenate, take

FLAGS = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask")


class RNN(Layer):
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
        options: arguments of `Layer`.

    Raises:
        ModelError: the cell is none.
    """

    noted_arguments: ClassVar[tuple[str, ...]] = ("return_sequences", "return_state", "go_backwards", "stateful")
    supports_masking = True

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        where = type(self).__name__
        if isinstance(cell, list | tuple):
            from nnc.layers.recurrent.stacked import StackedRNNCells

            cell = StackedRNNCells(cell)
        self.cell: Any = checked_cell(cell, where)
        self.return_sequences = check_flag(where, "return_sequences", return_sequences)
        self.return_state = check_flag(where, "return_state", return_state)
        self.go_backwards = check_flag(where, "go_backwards", go_backwards)
        self.stateful = check_flag(where, "stateful", stateful)
        self.unroll = check_flag(where, "unroll", unroll)
        self.zero_output_for_mask = check_flag(where, "zero_output_for_mask", zero_output_for_mask)
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
            fresh = type(self.cell).__module__.startswith("nnc.") or not hasattr(self.cell, "get_initial_state")
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

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        mask = previous_mask[0] if isinstance(previous_mask, list | tuple) else previous_mask
        output = mask if self.return_sequences else None
        return [output, *(None for _ in self.state_size)] if self.return_state else output

    def flags(self) -> dict[str, Any]:
        """Return the flags, in the order of the config."""
        return {key: getattr(self, key) for key in FLAGS}

    def get_config(self) -> dict[str, Any]:
        if not isinstance(self.cell, Layer):
            raise ModelError(f"Layer '{self.name}': a cell that is not an nnc.layers.Layer cannot be saved")
        return {**super().get_config(), **self.flags(), "cell": layer_config(self.cell)}


class CellRNN(RNN):
    """A layer that makes its own cell of its arguments.

    Attributes:
        cell_class: class of the cell.
        keys: keys of the config that come behind those of `RNN`, in Keras's order.
    """

    key_arguments: ClassVar[tuple[str, ...]] = ("units",)
    noted_arguments: ClassVar[tuple[str, ...]] = (
        *RNN.noted_arguments,
        "{activation}",
        "recurrent_activation {recurrent_activation}",
        "dropout {dropout}",
        "recurrent_dropout {recurrent_dropout}",
    )
    cell_class: ClassVar[type[Cell]]
    keys: ClassVar[tuple[str, ...]] = ()

    def make(self, given: Mapping[str, Any], options: Any) -> None:
        """Initialise the layer from the arguments of its ``__init__``.

        Raises:
            ModelError: an argument is wrong.
        """
        own = inspect.signature(self.cell_class.__init__).parameters
        arguments = {key: given[key] for key in own if key in given and key not in ("self", "options")}
        if "implementation" in options:
            arguments["implementation"] = options.pop("implementation")
        cell = self.cell_class(
            **arguments,
            dtype=options.get("dtype"),
            trainable=options.get("trainable", True),
            name=snake_case(self.cell_class.__name__),
        )
        flags = {key: given[key] for key in FLAGS if key in given}
        RNN.__init__(self, cell, **flags, activity_regularizer=given["activity_regularizer"], **options)

    def __getattr__(self, name: str) -> Any:
        """Return an argument of the cell, such as ``units``."""
        if name in type(self).keys and "cell" in self.__dict__:
            return getattr(self.__dict__["cell"], name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["cell"]
        for key in self.keys:
            is_object = key in OBJECTS or key.endswith(("activation", "regularizer"))
            config[key] = arguments_config(self, key)[key] if is_object else getattr(self, key)
        return config


def checked_cell(cell: Any, where: str) -> Any:
    """Return a cell from a cell or its config.

    Raises:
        ModelError: it lacks ``call`` or ``state_size``.
    """
    cell = inner_layer(cell, where)
    for name in ("call", "state_size"):
        if not hasattr(cell, name):
            raise ModelError(f"{where}: a cell needs '{name}'; {cell!r:.80} has none")
    return cell


def _cells(layer: Layer) -> list[Layer]:
    return [found for inner in layer.sublayers for found in (inner, *_cells(inner))]
