"""The base class of optimizers: arguments, the steps all rules have in common, and the live state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from math import prod
from typing import Any, ClassVar, Self, Unpack, dataclass_transform

import numpy

from nnc.arguments import Argument, ArgumentOptions, Declared, argument, flag, number, passed_on, whole
from nnc.checks import check_number
from nnc.errors import ArgumentError, ModelError
from nnc.ir import Graph, Value, ops
from nnc.labels import ITERATIONS, LEARNING_RATE
from nnc.objects import snake_case
from nnc.optimizers import schedules
from nnc.optimizers.applying import ArraySteps, Rate, apply_pairs, is_applying, pairs_of
from nnc.optimizers.lookups import Gradient, Summing, find_lookups
from nnc.optimizers.saved import SavedVariable, assign_all, copies, counter_and_rate, slot_variable, vector_sizes
from nnc.optimizers.schedules import LearningRateSchedule
from nnc.optimizers.stages import ACCUMULATOR, AVERAGE, average, clip_gradients, decay, sum_gradients
from nnc.optimizers.state import PLACE, Clock, OptimizerState
from nnc.optimizers.windows import Window, windows_of

Array = Any
LearningRate = float | LearningRateSchedule
"""A number, or a schedule of it."""


def step_size(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare the learning rate, which `Optimizer` checks and writes to configs."""
    options.setdefault("written", "never")
    return Argument(**options)


@dataclass_transform(eq_default=False, field_specifiers=(argument, flag, number, passed_on, step_size, whole))
class NamedRule(Declared):
    """A rule that has its name before its other arguments are checked, so that messages begin with it.

    Args:
        name: the class name in snake case by default.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or snake_case(type(self).__name__)

    @property
    def _where(self) -> str:
        return f"optimizer '{self.name}'"


class Optimizer(NamedRule):
    """An update rule; a subclass says in `update_step` what becomes of a parameter.

    Args:
        learning_rate: step size, or a schedule of it; a number can be set later, also while a program trains.
        name: the class name in snake case by default.
        weight_decay: fraction of the parameter, times the learning rate, that each step takes away first.
        clipnorm: largest Euclidean norm of each variable's gradient; larger ones are scaled down.
        clipvalue: largest absolute value of a gradient's element.
        global_clipnorm: largest Euclidean norm of all gradients together; larger ones are scaled down.
        use_ema: whether to keep a moving average of the weights, which they take over at the end of training.
        ema_momentum: weight of the average so far, from 0 to 1.
        ema_overwrite_frequency: steps after which the weights take over their average, each time; None for never.
        loss_scale_factor: factor of the loss while gradients are computed, against underflow.
        gradient_accumulation_steps: batches whose mean gradient makes a step, at least 2; None for 1.
        lr: the learning rate by its old name; it comes first where both are given.

    Raises:
        ModelError: an argument is wrong.

    >>> class SignDescent(Optimizer):
    ...     def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
    ...         return parameter - state.of_parts(ops.sign, gradient) * state.learning_rate
    >>> SignDescent(0.1).get_config()["name"]
    'sign_descent'
    """

    noun = "optimizer"
    registered: ClassVar[dict[str, type[Optimizer]]] = {}
    summing = Summing.LAST
    """When the look-ups of a row of an embedding are added up; readers set it to what the model's engine does."""

    _learning_rate_given: LearningRate = step_size(alias="learning_rate")
    weight_decay: float | None = number(0.0, default=None, kw_only=True)
    clipnorm: float | None = number(above=0.0, default=None, kw_only=True)
    clipvalue: float | None = number(above=0.0, default=None, kw_only=True)
    global_clipnorm: float | None = number(above=0.0, default=None, kw_only=True)
    use_ema: bool = flag(default=False, kw_only=True)
    ema_momentum: float = number(0.0, 1.0, default=0.99, kw_only=True)
    ema_overwrite_frequency: int | None = whole(1, default=None, kw_only=True)
    loss_scale_factor: float | None = number(above=0.0, default=None, kw_only=True)
    gradient_accumulation_steps: int | None = whole(2, default=None, kw_only=True)
    _name_given: str | None = passed_on(default=None, kw_only=True, alias="name")
    _lr_given: LearningRate | None = argument(default=None, kw_only=True, alias="lr", written="never")

    def __post_init__(self) -> None:
        self._states: Any = {}
        self._windows: tuple[Window, ...] = ()
        self._built: tuple[Any, ...] = ()
        self._array_steps: ArraySteps | None = None
        self._excluded: tuple[Any, ...] = ()
        self._excluded_paths: frozenset[str] = frozenset()
        self._excluded_names: str | None = None
        given = self._learning_rate_given if self._lr_given is None else self._lr_given
        self.schedule = given if isinstance(given, LearningRateSchedule) else None
        self._learning_rate = 0.0 if self.schedule is not None else self._checked_rate(given)
        limits = {key: getattr(self, key) for key in ("clipnorm", "clipvalue", "global_clipnorm")}
        chosen = {key: limit for key, limit in limits.items() if limit is not None}
        if len(chosen) > 1:
            raise ModelError(
                f"{self._where}: Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set,"
                f" got {' and '.join(f'{key}={limit}' for key, limit in chosen.items())}"
            )

    def _checked_rate(self, given: Any) -> float:
        if callable(given) or isinstance(given, Mapping):
            raise ModelError(
                f"{self._where}: learning_rate must be a number or a LearningRateSchedule, got {given!r}; make it a"
                " subclass of nnc.optimizers.schedules.LearningRateSchedule that computes the rate from the step"
            )
        value = given.item() if isinstance(given, numpy.ndarray | numpy.generic) and given.ndim == 0 else given
        return float(check_number(self._where, "learning_rate", value, above=0.0))

    # ------------------------------------------------------------------ the rule

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step, as graph arithmetic.

        Args:
            parameter: the parameter, already decayed; usually all trainable weights as one vector.
            gradient: its gradient, already clipped, of the same type; what is not linear in it, such as its square, is
                taken by ``state.of_parts(ops.square, gradient)`` where a table's is to be that of Keras on TensorFlow.
            state: learning rate, slots, the number of the step, and the variables that lie in the parameter.

        Raises:
            ModelError: the subclass does not define it.
        """
        raise ModelError(
            f"{self._where}: class {type(self).__name__} must define update_step(self, parameter, gradient, state)"
        )

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Names of the slots in the order Keras keeps them: those of a group lie side by side for each variable."""
        return ()

    @property
    def first_values(self) -> Mapping[str, float]:
        """Initial values of slots, by name; all others start as zeros."""
        return {}

    def decay_rate(self, window: Window) -> float | None:
        """Return the weight decay that is set for a variable."""
        return self.weight_decay

    def decay_of(self, window: Window) -> float:
        """Return the weight decay of a variable, 0 for none and for those that are excluded."""
        name = window.path.rsplit("/", 1)[-1]
        if window.path in self._excluded_paths:
            return 0.0
        if self._excluded_names is not None and re.search(self._excluded_names, name):
            return 0.0
        rate = self.decay_rate(window)
        return 0.0 if rate is None else rate

    def exclude_from_weight_decay(
        self, var_list: Iterable[Any] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Do not decay some variables.

        Args:
            var_list: the variables.
            var_names: regular expressions; variables in whose name, such as ``bias``, one is found are not decayed.

        Raises:
            ModelError: the optimizer is in use already.
        """
        if self._windows:
            raise ModelError(f"{self._where}: call exclude_from_weight_decay before the model is trained")
        self._excluded = tuple(var_list or ())
        self.locate({})
        names = sorted(set(var_names or ()))
        self._excluded_names = "|".join(names) if names else None

    def locate(self, paths: Mapping[Any, str]) -> None:
        """Be told the paths of a model's variables, which says where those are that are not decayed."""
        self._excluded_paths = frozenset(paths.get(item, item.path) for item in self._excluded)

    # ------------------------------------------------------------------ graph code

    def lower(
        self, gradients: Mapping[str, Value], variables: Sequence[Window] = (), place: str = PLACE
    ) -> dict[str, Value]:
        """Add the state the rule needs and its updates to the graph, and return each parameter after the step.

        Where a graph has several steps, each goes on from what the one before has left.

        Args:
            gradients: the gradient of each parameter by the label of its state, usually one: all weights as a vector.
            variables: the variables that lie in these states.
            place: what the labels of the optimizer's states begin with.

        Raises:
            ModelError: the rule returned something other than a graph value.
        """
        first = next(iter(gradients.values()))
        clock = Clock(first.graph, first.dtype, self.gradient_accumulation_steps or 1, self.schedule, place)
        states, summed = {}, {}
        for label, gradient in gradients.items():
            parameter = _left_by_layers(gradient.graph, label)
            windows = windows_of(label, parameter, variables)
            states[label] = OptimizerState(label, _flat(parameter), windows, clock)
            is_summed = self.summing is Summing.FIRST
            lookups = {} if is_summed else find_lookups(gradient, gradient.graph.states[label], windows)
            if not lookups and not is_summed and parameter.node is not gradient.graph.states[label].node:
                lookups = find_lookups(gradient, parameter, windows)
            summed[label] = sum_gradients(Gradient(_flat(gradient), lookups), states[label], self.loss_scale_factor)
        clipped = clip_gradients(summed, states, self.clipvalue, self.clipnorm, self.global_clipnorm)
        if self.summing is Summing.CLIPPED:
            clipped = {label: Gradient(gradient.value) for label, gradient in clipped.items()}
        return {label: self._updated(gradient, states[label]) for label, gradient in clipped.items()}

    def _updated(self, gradient: Gradient, state: OptimizerState) -> Value:
        whole = _left_by_layers(state.graph, state.label)
        parameter = _flat(whole)
        state = OptimizerState(state.label, parameter, state.windows, state.clock, gradient.lookups)
        result: object = self.update_step(decay(parameter, state, self.decay_of), gradient.value, state)
        if not isinstance(result, Value):
            raise ModelError(f"{self._where} must return a graph value from update_step, got {result!r}")
        if result.type == parameter.type:  # if not, the update of the state says what is wrong
            result = ops.reshape(state.chosen(result, parameter), whole.shape)
        if not self.use_ema:
            return result
        return ops.reshape(average(_flat(result), state, self.ema_momentum, self.ema_overwrite_frequency), whole.shape)

    # ------------------------------------------------------------------ steps that are asked for

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Any] | None = None) -> None:
        """Take a step: in the graph that is being built if gradients are graph values, at once if they are arrays.

        Args:
            grads: a gradient for each variable; None for those that have none.
            trainable_variables: the variables; by default those that `build` was given.

        Raises:
            ModelError: there are not as many variables as gradients, or no gradients at all.
        """
        gradients = list(grads)
        variables = list(self._built if trainable_variables is None else trainable_variables)
        if len(gradients) != len(variables):
            raise ModelError(f"{self._where}: got {len(gradients)} gradients for {len(variables)} variables")
        self.apply_gradients(zip(gradients, variables, strict=True))

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> None:
        """Take a step; see `apply`.

        Args:
            grads_and_vars: pairs of a gradient and its variable.

        Raises:
            ModelError: there are no gradients at all.
        """
        apply_pairs(self, pairs_of(self._where, grads_and_vars))

    def finalize_variable_values(self, var_list: Iterable[Any]) -> None:
        """Let variables take over their moving averages, as `fit` does at its end; nothing without ``use_ema``.

        Args:
            var_list: the variables, of which steps were taken with arrays.

        Raises:
            ModelError: it has taken no step with one of them.
        """
        for variable in var_list if self.use_ema else ():
            variable.assign(self.array_steps.average_of(variable, AVERAGE))

    def build(self, variables: Iterable[Any]) -> None:
        """Make the state for variables, in this order, that `apply` is given gradients of arrays of."""
        self._built = tuple(variables)
        self.array_steps.know(self._built)

    def scale_loss(self, loss: Any) -> Any:
        """Return the loss times ``loss_scale_factor``, which steps take out of gradients again."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    @property
    def array_steps(self) -> ArraySteps:
        """What takes steps on arrays."""
        if self._array_steps is None:
            self._array_steps = ArraySteps(self)
        return self._array_steps

    # ------------------------------------------------------------------ live state

    def saved_variables(self, windows: Sequence[Window]) -> list[SavedVariable]:
        """Return what Keras calls ``optimizer.variables``, in its order.

        Args:
            windows: the trainable variables, in the model's order; none, if they are not known yet.
        """
        saved = counter_and_rate(None if self.schedule is not None else self.learning_rate)
        sizes = vector_sizes(windows)
        if self.use_ema:
            saved += [slot_variable(AVERAGE, window, sizes) for window in windows]
        if self.gradient_accumulation_steps:
            saved += [slot_variable(ACCUMULATOR, window, sizes) for window in windows]
        return saved + (self.saved_slots(windows) if windows else [])

    def export_variables(self, windows: Sequence[Window], states: Mapping[str, Array]) -> list[Array]:
        """Return copies of what Keras calls ``optimizer.variables``: counter, learning rate, slots by variable.

        Args:
            windows: the trainable variables, in the model's order.
            states: a program's arrays by label; a state that is missing has its first value.
        """
        return copies(self.saved_variables(windows), windows, states)

    def import_variables(
        self, windows: Sequence[Window], states: MutableMapping[str, Array], arrays: Sequence[Any]
    ) -> None:
        """Take over what Keras saved of an optimizer, or nothing where it does not fit.

        Args:
            windows: the trainable variables, in the model's order.
            states: a program's arrays by label; they are written in place, missing ones are added.
            arrays: in the order of Keras's ``optimizer.variables``.

        Raises:
            ModelError: the number or the shape of arrays is another.
        """
        assign_all(self._where, self.saved_variables(windows), windows, states, arrays)

    def saved_slots(self, windows: Sequence[Window]) -> list[SavedVariable]:
        """Return the part of `saved_variables` that is the rule's own."""
        first, sizes = self.first_values, vector_sizes(windows)
        return [
            slot_variable(slot, window, sizes, first.get(slot, 0.0))
            for group in self.slots
            for window in windows
            for slot in group
        ]

    def initial_states(self, windows: Sequence[Window] = ()) -> dict[str, Any]:
        """Return what states start with, by label; all others start as zeros.

        Args:
            windows: the trainable variables.
        """
        rates = {} if self.schedule is not None else {LEARNING_RATE: self.learning_rate}
        slots = {
            item.state: numpy.full(item.state_shape, item.first)
            for item in self.saved_slots(windows)
            if item.first and item.state
        }
        return rates | slots

    def bind(self, states: Any, windows: Sequence[Window] = ()) -> None:
        """Read and write the learning rate, and read the counter, in a program's states from now on.

        Args:
            states: a program's arrays by label; they are written in place.
            windows: the program's trainable variables, in the model's order.
        """
        self._states, self._windows = states, tuple(windows)

    @property
    def variables(self) -> list[Array]:
        """Copies of counter, learning rate and slots of the program this optimizer is bound to, in Keras's order."""
        return self.export_variables(self._windows, self._states)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Overwrite counter, learning rate and slots of the program this optimizer is bound to.

        Args:
            weights: in the order of Keras's ``optimizer.variables``.

        Raises:
            ModelError: the number or the shape of arrays is another, or the optimizer is not bound.
        """
        if not self._windows:
            raise ModelError(
                f"{self._where}: You are calling `set_weights()` on an optimizer that has not yet been built; call"
                " build(variables), or compile a model with it and use model.program, before"
            )
        self.import_variables(self._windows, self._states, weights)

    @property
    def learning_rate(self) -> Rate:
        """The learning rate: a number, that of the program this optimizer is bound to, or the schedule's.

        Raises:
            ModelError: a step is being recorded, in which it would be the number of now for ever.
        """
        if is_applying():
            raise ModelError(
                f"{self._where}: learning_rate is a number, which a recorded step would keep as it is now; let the"
                " optimizer apply gradients, or keep a rate of your own in a nnc.Variable"
            )
        if self.schedule is not None:
            return Rate(self.schedule.at(int(self._states.get(ITERATIONS, 0)))).of(self)
        bound = self._states.get(LEARNING_RATE)
        return Rate(self._learning_rate if bound is None else bound).of(self)

    @learning_rate.setter
    def learning_rate(self, value: LearningRate) -> None:
        if isinstance(value, LearningRateSchedule):
            if self._windows:
                raise ModelError(
                    f"{self._where}: its steps are compiled for the learning rate that it has; set a schedule before"
                    " compile(), or compile anew"
                )
            self.schedule, self._learning_rate = value, 0.0
            return
        if self.schedule is not None:
            raise ArgumentError(
                f"{self._where}: This optimizer was created with a `LearningRateSchedule` as learning_rate, which"
                f" {type(self.schedule).__name__} computes, and hence it cannot be set; make the optimizer with a"
                " number as learning_rate"
            )
        self._learning_rate = self._checked_rate(value)
        bound = self._states.get(LEARNING_RATE)
        if bound is not None:
            bound[...] = self._learning_rate

    @property
    def iterations(self) -> int:
        """The number of steps done."""
        return int(self._states.get(ITERATIONS, 0)) // (self.gradient_accumulation_steps or 1)

    # ------------------------------------------------------------------ configs

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, with Keras's keys; the learning rate as float32 has it, like Keras."""
        schedule = self.schedule
        rate = float(numpy.float32(self.learning_rate)) if schedule is None else schedules.serialize(schedule)
        return {"name": self.name, "learning_rate": rate, **super().get_config()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build the optimizer from what `get_config` returned.

        Raises:
            ModelError: an argument is unknown, missing or wrong.
        """
        rate = config.get("learning_rate")
        given = {"learning_rate": schedules.deserialize(rate)} if isinstance(rate, Mapping) else {}
        return super().from_config({**config, **given})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}', learning rate {self.learning_rate:g}>"


def _flat(value: Value) -> Value:
    """Return a parameter, or its gradient, as a vector."""
    return value if value.rank == 1 else ops.reshape(value, (prod(int(dim) for dim in value.shape),))


def _left_by_layers(graph: Graph, label: str) -> Value:
    """Return a parameter: what layers have assigned in this step, or the state."""
    return graph.updates.get(label, graph.states[label])
