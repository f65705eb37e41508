"""Models that are compiled for replicas: several networks, of which the model's own layers know nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnc.errors import ModelError
from nnc.layers import Layer
from nnc.passes import Observer, Pass
from nnc.program import Program

Replicas = tuple[int, Any, Mapping[str, Any] | None]
"""Number of replicas, their seeds and hyperparameters, as `compile` was given them."""


class ReplicatedModel(Layer):
    """The part of a model that is about replicas.

    Args:
        name: its name.
        trainable: whether its weights are trained.
    """

    optimizer: Any

    def __init__(self, *, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        self._replicas: Replicas | None = None
        self._program: Program | None = None
        self._check_nan = False

    @property
    def program(self) -> Program:
        """The compiled program."""
        raise NotImplementedError

    @property
    def replica_options(self) -> dict[str, Any]:
        """What `compile` was given about replicas, as its arguments; empty for one network."""
        if self._replicas is None:
            return {}
        return dict(zip(("replicas", "seeds", "hyperparameters"), self._replicas, strict=True))

    def _make_replicas(
        self,
        count: int,
        seeds: Any,
        hyperparameters: Mapping[str, Any] | None,
        dtype: str | None,
        observe: Observer | None,
        passes: Sequence[Pass],
    ) -> Program:
        from nnc.models.replication import replicated  # one network starts without it

        if self._check_nan:
            raise ModelError("check_nan is for one network, not for replicas")
        self._program = replicated(self, count, seeds, hyperparameters, None, dtype, observe, passes)
        self.optimizer.bind(_StatesOfReplicas())
        return self._program

    def check_single(self, what: str) -> None:
        """Check that the model was not compiled for replicas.

        Args:
            what: what is for one network only, for the message.

        Raises:
            ModelError: it was.
        """
        if self._replicas is not None:
            self.program.check_single(what)

    def get_weights(self) -> list[Any]:
        """Return copies of the weights; of replicas each has a part for each, (replicas, *shape)."""
        return super().get_weights() if self._replicas is None else self.program.get_weights()

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrite the weights; of replicas each array has a part for each.

        Raises:
            ModelError: number or shapes do not fit; nothing is changed then.
            DataError: likewise, of replicas.
        """
        if self._replicas is None:
            super().set_weights(weights)
        else:
            self.program.set_weights(weights)


class _StatesOfReplicas(dict[str, Any]):
    """The states that the optimizer of a model with replicas is bound to: it cannot speak for all of them."""

    def get(self, label: str, default: Any = None) -> Any:
        """Refuse a state.

        Raises:
            ModelError: always.
        """
        raise ModelError(
            "the model has replicas, whose learning rates and steps are read and set by model.program.optimizer"
        )
