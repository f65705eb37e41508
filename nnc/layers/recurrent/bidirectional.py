"""Bidirectional: a recurrent layer in both directions of time."""

from __future__ import annotations

from typing import Any

from nnc.arguments import argument, choice
from nnc.choices import MergeMode
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import concatenate
from nnc.ir.ops.movement import flip
from nnc.layers.declared import KerasLayer
from nnc.layers.nested import checked_layer, layer_config
from nnc.layers.recurrent.rnn import Recurrent
from nnc.structure import leaves


def _recurrent(where: str, key: str, value: Any) -> Recurrent:
    found = checked_layer(value, where, key)
    if not isinstance(found, Recurrent):
        raise ModelError(f"{where}: {key} must be a recurrent layer, got {type(found).__name__}")
    return found


class Bidirectional(KerasLayer):
    """Runs a recurrent layer over its input forwards, another one backwards, and joins their outputs.

    Args:
        layer: a recurrent layer; both directions are made of its config.
        merge_mode: how outputs are joined: ``sum``, ``mul``, ``ave``, ``concat``, or None for two outputs.
        weights: first weights of both layers, those of the forward layer first.
        backward_layer: layer for the other direction, by default of the same config.

    Raises:
        ModelError: a layer is not recurrent, the two do not fit each other, or the merge mode is unknown.
    """

    supports_masking = True
    noted_arguments = ("merge_mode {merge_mode}",)

    forward_layer: Recurrent = argument(_recurrent, layer_config, alias="layer")
    merge_mode: MergeMode | None = choice("sum", "mul", "ave", "concat", None, default="concat")
    _first_weights: Any = argument(
        lambda where, key, value: list(value), default=None, alias="weights", written="never"
    )
    backward_layer: Any = argument(_recurrent, layer_config, default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        layer = self.forward_layer
        self.forward_layer = _renamed(layer, "forward_", {})
        if self.backward_layer is None:
            self.backward_layer = _renamed(layer, "backward_", {"go_backwards": not layer.go_backwards})
        self._check()
        for one in (self.forward_layer, self.backward_layer):
            one.zero_output_for_mask = one.return_sequences

    @property
    def summary_arguments(self) -> list[str]:
        return [self.forward_layer.summary_text]

    @property
    def summary_note(self) -> str:
        return ", ".join(filter(None, (self.forward_layer.summary_note, super().summary_note)))

    def _check(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ModelError(
                f"Bidirectional: layer and backward_layer must differ in go_backwards, both have {forward.go_backwards}"
            )
        for key in ("stateful", "return_sequences", "return_state"):
            if getattr(forward, key) != getattr(backward, key):
                raise ModelError(
                    f"Bidirectional: layer and backward_layer must have the same {key}, got {getattr(forward, key)} "
                    f"and {getattr(backward, key)}"
                )

    @property
    def return_sequences(self) -> bool:
        """Whether the outputs of all steps are returned."""
        return self.forward_layer.return_sequences

    @property
    def return_state(self) -> bool:
        """Whether the last states are returned as well, those of the forward layer first."""
        return self.forward_layer.return_state

    @property
    def stateful(self) -> bool:
        """Whether states last from batch to batch."""
        return self.forward_layer.stateful

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        for layer in (self.forward_layer, self.backward_layer):
            self.build_sublayer(layer, sequences_shape)
        if self._first_weights is not None:
            self.set_weights(self._first_weights)

    def reset_state(self) -> None:
        """Set the states of stateful layers to 0.

        Raises:
            ModelError: they are not stateful.
        """
        if not self.stateful:
            raise ModelError(f"Layer '{self.name}' (Bidirectional) is not stateful, so it has no states to reset")
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """Another name of `reset_state`."""
        self.reset_state()

    def call(self, sequences: Value, initial_state: Any = None, mask: Any = None) -> Any:
        first, second = None, None
        if initial_state is not None:
            given = leaves(initial_state, Value)
            first, second = given[: len(given) // 2], given[len(given) // 2 :]
        forward = self.forward_layer(sequences, initial_state=first, mask=mask)
        backward = self.backward_layer(sequences, initial_state=second, mask=mask)
        states: tuple[Any, ...] = ()
        if self.return_state:
            states = (*forward[1:], *backward[1:])
            forward, backward = forward[0], backward[0]
        if self.return_sequences:
            backward = flip(backward, 1)
        joined = self._joined(forward, backward)
        return (*joined, *states) if len(joined) + len(states) > 1 else joined[0]

    def _joined(self, x: Value, y: Value) -> tuple[Value, ...]:
        if self.merge_mode is None:
            return x, y
        if self.merge_mode == "concat":
            return (concatenate([x, y]),)
        if self.merge_mode == "mul":
            return (x * y,)
        return (x + y if self.merge_mode == "sum" else (x + y) / 2.0,)

    def compute_mask(self, inputs: Any, mask: Any) -> Any:
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        mask = mask if self.return_sequences else None
        return [mask, mask] if self.merge_mode is None else [mask]


def _renamed(layer: Recurrent, prefix: str, changes: dict[str, Any]) -> Recurrent:
    config = layer.get_config()
    return type(layer).from_config({**config, **changes, "name": prefix + layer.name.removeprefix(prefix)})
