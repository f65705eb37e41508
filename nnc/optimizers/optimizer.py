"""The base class of optimizers: arguments, clipping, weight decay, and the live learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any, ClassVar, Self, TypedDict

import numpy

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import PARAMETER, State, Value
from nnc.objects import build, snake_case
from nnc.optimizers.arguments import fraction, not_negative, positive, unsupported
from nnc.optimizers.state import ITERATIONS, LEARNING_RATE, OptimizerState

Array = Any


class CommonOptions(TypedDict, total=False):
    """The arguments that all optimizers have and treat alike; see `Optimizer`."""

    name: str | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    lr: float | None


class OptimizerOptions(CommonOptions, total=False):
    """The arguments of optimizers that decay weights only where they are told to; see `Optimizer`."""

    weight_decay: float | None


class Optimizer:
    """An update rule; a subclass says in `update_step` what becomes of a parameter.

    Args:
        learning_rate: step size; it can be set later, also while a program trains.
        name: the class name in snake case by default.
        weight_decay: fraction of the parameter, times the learning rate, that each step takes away first.
        clipnorm: not supported, must be None.
        clipvalue: largest absolute value of a gradient's element.
        global_clipnorm: largest Euclidean norm of all gradients together; larger ones are scaled down.
        use_ema: not supported, must be False.
        ema_momentum: without effect, as long as `use_ema` is not supported.
        ema_overwrite_frequency: not supported, must be None.
        loss_scale_factor: not supported, must be None.
        gradient_accumulation_steps: not supported, must be None.
        lr: the learning rate by its old name; it comes first where both are given.

    Raises:
        ModelError: an argument is wrong or not supported.

    >>> class SignDescent(Optimizer):
    ...     def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
    ...         return parameter - ops.sign(gradient) * state.learning_rate
    >>> SignDescent(0.1).get_config()["name"]
    'sign_descent'
    """

    counts_steps: ClassVar[bool] = False
    """Whether the rule uses the number of the step."""
    settings: ClassVar[tuple[str, ...]] = ()
    """The rule's own arguments, which are attributes of the same names."""

    def __init__(
        self,
        learning_rate: float,
        *,
        name: str | None = None,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        lr: float | None = None,
    ) -> None:
        self.name = name or snake_case(type(self).__name__)
        self._states: Mapping[str, Array] = {}
        self._learning_rate = self._checked_rate(learning_rate if lr is None else lr)
        where = self._where
        self.weight_decay = None if weight_decay is None else not_negative(where, "weight_decay", weight_decay)
        self.clipvalue = None if clipvalue is None else positive(where, "clipvalue", clipvalue)
        self.global_clipnorm = None if global_clipnorm is None else positive(where, "global_clipnorm", global_clipnorm)
        self.ema_momentum = fraction(where, "ema_momentum", ema_momentum)
        unsupported(where, "clipnorm", clipnorm, "use global_clipnorm or clipvalue")
        unsupported(where, "use_ema", use_ema, "leave it out")
        unsupported(where, "ema_overwrite_frequency", ema_overwrite_frequency, "leave it out")
        unsupported(where, "loss_scale_factor", loss_scale_factor, "leave it out: float32 needs none")
        unsupported(where, "gradient_accumulation_steps", gradient_accumulation_steps, "use a larger batch_size")
        if self.clipvalue is not None and self.global_clipnorm is not None:
            raise ModelError(
                f"{where}: only one of clipvalue and global_clipnorm can be set, got {clipvalue} and {global_clipnorm}"
            )

    @property
    def _where(self) -> str:
        return f"optimizer '{self.name}'"

    def _checked_rate(self, given: Any) -> float:
        if callable(given) or isinstance(given, Mapping):
            raise ModelError(
                f"{self._where}: learning-rate schedules are not supported yet, got {given!r}; give a number and set"
                " optimizer.learning_rate between calls of fit"
            )
        value = given.item() if isinstance(given, numpy.ndarray | numpy.generic) and given.ndim == 0 else given
        return positive(self._where, "learning_rate", value)

    # ------------------------------------------------------------------ graph code

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step, as graph arithmetic.

        Args:
            parameter: the parameter, already decayed.
            gradient: its gradient, already clipped, of the same type.
            state: learning rate, slots, and the number of the step.

        Raises:
            ModelError: the subclass does not define it.
        """
        raise ModelError(
            f"{self._where}: class {type(self).__name__} must define update_step(self, parameter, gradient, state)"
        )

    def lower(self, label: str, parameter: Value, gradient: Value) -> None:
        """Add the state the rule needs, and the updates of the parameter and of that state, to the parameter's graph.

        Args:
            label: label of the parameter's state.
            parameter: the parameter, usually all trainable weights as one vector.
            gradient: its gradient, of the same type.

        Raises:
            ModelError: the rule returned something other than a graph value, or a global norm is asked for where
                there are several parameters.
            ShapeError: the new parameter has another type.
        """
        state = OptimizerState(label, parameter)
        gradient, parameter = self._clipped(label, gradient), self._decayed(parameter, state)
        result: object = self.update_step(parameter, gradient, state)
        if not isinstance(result, Value):
            raise ModelError(f"{self._where} must return a graph value from update_step, got {result!r}")
        parameter.graph.update(label, result)

    def _clipped(self, label: str, gradient: Value) -> Value:
        if self.clipvalue is not None:
            return ops.clip(gradient, -self.clipvalue, self.clipvalue)
        if self.global_clipnorm is None:
            return gradient
        states = ((name, value.node.op) for name, value in gradient.graph.states.items())
        others = [name for name, op in states if isinstance(op, State) and op.role == PARAMETER and name != label]
        if others:
            raise ModelError(
                f"{self._where}: global_clipnorm needs all trainable weights in one state, but beside '@{label}' there"
                f" is '@{others[0]}'"
            )
        norm = ops.sqrt(ops.sum(ops.square(gradient)))
        return gradient * (self.global_clipnorm / ops.maximum(norm, self.global_clipnorm))

    def _decayed(self, parameter: Value, state: OptimizerState) -> Value:
        if not self.weight_decay:
            return parameter
        # not parameter · (1 - rate): near 1 the rounding of the factor is a large part of a small rate
        return parameter - parameter * (state.learning_rate * self.weight_decay)

    # ------------------------------------------------------------------ live state

    def initial_states(self) -> dict[str, float]:
        """Return what states start with, by label; all others start as zeros."""
        return {LEARNING_RATE: self.learning_rate}

    def bind(self, states: Mapping[str, Array]) -> None:
        """Read and write the learning rate, and read the counter, in a program's states from now on.

        Args:
            states: a program's arrays by label; they are written in place.
        """
        self._states = states

    @property
    def learning_rate(self) -> float:
        """The learning rate: a plain number, or that of the program this optimizer is bound to."""
        bound = self._states.get(LEARNING_RATE)
        return self._learning_rate if bound is None else float(bound)

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = self._checked_rate(value)
        bound = self._states.get(LEARNING_RATE)
        if bound is not None:
            bound[...] = self._learning_rate

    @property
    def iterations(self) -> int:
        """The number of steps done.

        Raises:
            ModelError: the rule does not count them.
        """
        done = self._states.get(ITERATIONS)
        if done is None and not self.counts_steps:
            raise ModelError(f"{self._where} does not count its steps, because its rule does not use their number")
        return 0 if done is None else int(done)

    # ------------------------------------------------------------------ configs

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys; the learning rate as float32 has it, like Keras."""
        return {
            "name": self.name,
            "learning_rate": float(numpy.float32(self.learning_rate)),
            "weight_decay": self.weight_decay,
            "clipnorm": None,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": False,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": None,
            "loss_scale_factor": None,
            "gradient_accumulation_steps": None,
        } | {key: getattr(self, key) for key in self.settings}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build the optimizer from what `get_config` returned.

        Raises:
            ModelError: an argument is unknown, missing, wrong or not supported.
        """
        known = set(signature(cls).parameters) - {"options"} | set(OptimizerOptions.__annotations__)
        return build(cls, config, f"optimizer {cls.__name__}", known)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}', learning rate {self.learning_rate:g}>"
