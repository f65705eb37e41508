"""Optimizers and learning-rate schedules that the author of a live model wrote, traced on each weight."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from itertools import count
from types import FunctionType
from typing import Any

import numpy

from frontends.authors import identity_of, is_known
from frontends.live_objects import overridden_names
from frontends.nodes import Mapping as MappingNode
from frontends.nodes import Scalar, ValueNode
from frontends.tracing.interception import recording
from frontends.tracing.layer_tracer import LayerTracer, explained
from frontends.tracing.recording import Frame, Recorder, paused
from nnc.errors import ModelError
from nnc.identity import is_keras_module
from nnc.layers.trace import OwnWeight, Trace
from nnc.layers.traced_optimizer import COUNTER, PARAMETER, RATE, KeptVariable, TracedOptimizer, TracedSchedule
from nnc.layers.traced_state import TracedState

_TRACED = frozenset({"build", "update_step", "_api_export_path", "_api_export_symbol_id"})
"""What a class may define anew, besides how it is made, described and, where it is Keras's, exported."""
_LIMITS = ("clipnorm", "clipvalue", "global_clipnorm")
_OPTIONS = ("weight_decay", "use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor")


class OptimizerTracer:
    """Traces the optimizer of a live model.

    Args:
        tracer: traces functions for the model.
        paths: returns for the identity of each of Keras's weights the path of nnc's.
    """

    def __init__(self, tracer: LayerTracer, paths: Callable[[], Mapping[int, str]]) -> None:
        self.tracer, self._paths, self.keras = tracer, paths, tracer.keras

    @cached_property
    def paths(self) -> Mapping[int, str]:
        """For the identity of each of Keras's weights the path of nnc's."""
        return self._paths()

    def compile_options(self, node: ValueNode) -> ValueNode:
        """Return optimizer, loss and metrics with an optimizer, or a learning-rate schedule, of its author's traced.

        Args:
            node: what Keras's config says of them.

        Raises:
            ModelError: it cannot be traced; the message names the author's line.
        """
        given = getattr(self.tracer.source, "optimizer", None)
        entry = node.entries.get("optimizer") if isinstance(node, MappingNode) else None
        if not isinstance(node, MappingNode) or not isinstance(entry, MappingNode) or given is None:
            return node
        config = entry.entries.get("config")
        if self._is_authors(entry):
            made: ValueNode = Scalar(value=self.optimizer(given))
        elif isinstance(config, MappingNode) and self._is_authors(config.entries.get("learning_rate"), given):
            schedule = Scalar(value=self.learning_rate(given))
            inside = replace(config, entries={**config.entries, "learning_rate": schedule})
            made = replace(entry, entries={**entry.entries, "config": inside})
        else:
            return node
        return replace(node, entries={**node.entries, "optimizer": made})

    def _is_authors(self, node: ValueNode | None, optimizer: Any = None) -> bool:
        """Whether a config is of a class that is not Keras's, and for which the user has registered nothing.

        Args:
            node: the config.
            optimizer: the live optimizer, where it is one of a learning rate, which may be a function.
        """
        if isinstance(getattr(optimizer, "_learning_rate", None), FunctionType):
            return True
        identity = identity_of(node) if isinstance(node, MappingNode) else None
        return identity is not None and not identity.is_keras and not is_known(identity, self.tracer.options)

    def optimizer(self, optimizer: Any) -> TracedOptimizer:
        """Return an optimizer of its author's, with what it keeps at present.

        Args:
            optimizer: the live one; where it has not been built, that is undone afterwards.

        Raises:
            ModelError: it does more than a trace can have; the message names the method, or the author's line.
        """
        self._check_methods(optimizer)
        with _as_before(optimizer):
            if not optimizer.built:
                try:
                    optimizer.build(list(self.tracer.source.trainable_variables))
                except Exception as error:  # the author's code may raise anything
                    raise ModelError(explained(error, f"build of optimizer {type(optimizer).__name__}")) from error
            return self._traced(optimizer)

    def _check_methods(self, optimizer: Any) -> None:
        cls, root = type(optimizer), self.keras.optimizers.Optimizer
        base = next(item for item in cls.__mro__ if is_keras_module(item.__module__))
        inherited = set(overridden_names(base, root)) - _TRACED
        if inherited:
            raise ModelError(
                f"optimizer {cls.__name__}: {', '.join(sorted(inherited))} of {base.__name__}, from which it is"
                " derived, cannot be traced: derive it from keras.optimizers.Optimizer, or compile the model with an"
                " nnc.optimizers.Optimizer"
            )
        others = set(overridden_names(cls, root)) - _TRACED
        if others:
            raise ModelError(
                f"optimizer {cls.__name__} defines {', '.join(sorted(others))} anew, of which Keras's are built into"
                " nnc: only update_step and build are traced; move what it does into update_step, or compile the nnc"
                " model with an nnc.optimizers.Optimizer"
            )

    def _traced(self, optimizer: Any) -> TracedOptimizer:
        variables, trained = list(optimizer.variables), list(optimizer._trainable_variables)
        for variable in trained:
            if id(variable) not in self.paths:
                raise ModelError(f"optimizer: weight '{variable.path}' belongs to no layer of the model")
        roles = _Roles(optimizer, trained, self.paths)
        recorded = self._recorded(optimizer, trained)
        roles.find_slots([self._read(frame) for frame in recorded])
        state = TracedState(["weight", "iterations", "learning rate", *roles.slots, *roles.shared_names])
        traces: dict[str, Trace] = {}
        for variable, frame in zip(trained, recorded, strict=True):
            trace = self.tracer.settled([frame], partial(roles.weight, state, variable))
            known = next((other for other in traces.values() if _is_same(other, trace)), trace)
            traces[self.paths[id(variable)]] = known
        options = {key: getattr(optimizer, key) for key in _OPTIONS}
        options |= {key: getattr(optimizer, key) or None for key in _LIMITS}
        return TracedOptimizer(
            type(optimizer).__name__,
            [roles.kept(variable) for variable in variables],
            traces,
            state,
            roles.slots,
            learning_rate=self.learning_rate(optimizer),
            gradient_accumulation_steps=optimizer.gradient_accumulation_steps or None,
            name=str(optimizer.name),
            **options,
        )

    def learning_rate(self, optimizer: Any) -> Any:
        """Return the learning rate of an optimizer as nnc takes it: a number, or a schedule.

        Raises:
            ModelError: it is a function, or a schedule that cannot be traced.
        """
        rate = optimizer._learning_rate
        schedules = self.keras.optimizers.schedules
        if isinstance(rate, schedules.LearningRateSchedule):
            if is_keras_module(type(rate).__module__):
                from nnc.optimizers.schedules import deserialize

                return deserialize(schedules.serialize(rate))
            return self.schedule(rate)
        if not hasattr(rate, "numpy"):
            raise ModelError(
                f"optimizer {type(optimizer).__name__}: a function as learning_rate is not traced; make it a"
                " keras.optimizers.schedules.LearningRateSchedule with __call__(self, step)"
            )
        return float(rate.numpy())

    def schedule(self, schedule: Any) -> TracedSchedule:
        """Return a learning-rate schedule of its author's.

        Raises:
            ModelError: it cannot be traced; the message names the author's line.
        """
        name = type(schedule).__name__
        dtype = "int64" if self.keras.backend.backend() == "tensorflow" else "int32"
        step = self.keras.KerasTensor((), dtype=dtype)
        return TracedSchedule(name, self.tracer.function(schedule, name, [[step]]).trace, dtype)

    # ------------------------------------------------------------------ tracing

    def _recorded(self, optimizer: Any, trained: Sequence[Any]) -> list[Frame]:
        """Return what is recorded of the update of each weight."""
        recorder, tensor = self.tracer.recorder(), self.keras.KerasTensor
        name = f"{type(optimizer).__name__}.update_step"
        frames = []
        with recording(recorder), recorder.symbols_in(optimizer), _assigning_symbols(optimizer, recorder, self.keras):
            for variable in trained:
                symbol = recorder.symbol(variable)
                with paused():
                    symbol.name = getattr(variable.value, "name", variable.name)  # Keras gives the engine's variable
                update = partial(_updated, optimizer, symbol)
                shape, dtype = tuple(variable.shape), variable.dtype
                given = [tensor(shape, dtype=dtype), tensor((), dtype=self.keras.config.floatx())]
                frames.append(self.tracer.frame(recorder, update, name, given))
        return frames

    def _read(self, frame: Frame) -> set[int]:
        """Return the identities of the variables that an update reads or assigns."""
        found: set[int] = set()

        def weight(variable: Any) -> OwnWeight:
            found.add(id(variable))
            return OwnWeight(None, 0)

        self.tracer.settled([frame], weight)
        return found


class _Roles:
    """What the variables of an optimizer are for.

    Args:
        optimizer: the live one, built.
        trained: the weights that it was built for.
        paths: for the identity of each of Keras's weights the path of nnc's.
    """

    def __init__(self, optimizer: Any, trained: Sequence[Any], paths: Mapping[int, str]) -> None:
        self.optimizer, self.trained, self.paths = optimizer, trained, paths
        self.variables = list(optimizer.variables)
        self._roles: dict[int, tuple[str, Any]] = {
            id(optimizer._iterations): ("iteration", None),
            id(optimizer._learning_rate): ("learning_rate", None),
        }
        if optimizer.use_ema:
            averages = optimizer._model_variables_moving_average
            self._roles |= {id(item): ("average", of) for item, of in zip(averages, trained, strict=True)}
        if optimizer.gradient_accumulation_steps:
            sums = optimizer._accumulated_gradients
            self._roles |= {id(item): ("gradient_accumulator", of) for item, of in zip(sums, trained, strict=True)}
        self._own = [variable for variable in self.variables if id(variable) not in self._roles]
        self._slots: dict[int, str] = {}
        self._shared: dict[int, str] = {}

    def find_slots(self, read: Sequence[set[int]]) -> None:
        """Tell the slots of weights, which have their shape and are used with one weight alone, from other variables.

        Args:
            read: the variables that the update of each weight reads or assigns, by identity.
        """
        taken: dict[str, set[int]] = {}
        for variable in self._own:
            users = [weight for weight, used in zip(self.trained, read, strict=True) if id(variable) in used]
            fits = len(users) == 1 and tuple(users[0].shape) == tuple(variable.shape)
            if fits and str(users[0].dtype) == str(variable.dtype):
                self._roles[id(variable)] = "slot", users[0]
                self._slots[id(variable)] = _free_name(_slot_name(variable, users[0]), taken, id(users[0]))
            else:
                self._roles[id(variable)] = "shared", None
                name = _free_name(str(variable.path), taken, 0)
                self._shared[id(variable)] = name

    @property
    def slots(self) -> list[str]:
        """Names of the slots."""
        return list(dict.fromkeys(self._slots.values()))

    @property
    def shared_names(self) -> list[str]:
        """Names of the variables that are no slots."""
        return list(self._shared.values())

    def weight(self, state: TracedState, updated: Any, variable: Any) -> OwnWeight:
        """Return what stands in a trace for a variable.

        Args:
            state: what it is a part of.
            updated: the weight that the trace updates.
            variable: the variable.

        Raises:
            ModelError: it is another weight, or what Keras's base class keeps.
        """
        role, _ = self._roles.get(id(variable), ("", None))
        if variable is updated:
            return OwnWeight(state, PARAMETER)
        if role in ("iteration", "learning_rate"):
            return OwnWeight(state, COUNTER if role == "iteration" else RATE)
        if role == "slot":
            return OwnWeight(state, RATE + 1 + self.slots.index(self._slots[id(variable)]))
        if role == "shared":
            return OwnWeight(state, RATE + 1 + len(self.slots) + list(self._shared).index(id(variable)))
        raise ModelError(f"the update of '{updated.path}' reads '{variable.path}', which is neither it nor a slot")

    def kept(self, variable: Any) -> KeptVariable:
        """Return what nnc keeps for one of the optimizer's variables."""
        role, weight = self._roles[id(variable)]
        path = "" if weight is None else self.paths[id(weight)]
        own = role in ("slot", "shared")
        name = self._shared.get(id(variable), str(variable.path))
        first = numpy.asarray(variable.numpy()) if own else None
        return KeptVariable(name, role, path, self._slots.get(id(variable), ""), first)


def _updated(optimizer: Any, symbol: Any, gradient: Any, rate: Any) -> None:
    optimizer.update_step(gradient, symbol, rate)


def _slot_name(variable: Any, weight: Any) -> str:
    """Return the name that the author gave a slot, without that of the weight."""
    name = str(variable.name)
    for prefix in (str(weight.path).replace("/", "_"), str(weight.name)):
        name = name.removeprefix(f"{prefix}_")
    return name


def _free_name(name: str, taken: dict[str, set[int]], owner: int) -> str:
    """Return a name that an owner has not given before, with a number where it has."""
    names = (f"{name}_{number}" if number else name for number in count())
    found = next(item for item in names if owner not in taken.get(item, ()))
    taken.setdefault(found, set()).add(owner)
    return found


def _is_same(one: Trace, other: Trace) -> bool:
    try:
        return bool(one == other)
    except ValueError:  # a constant is an array
        return False


@contextmanager
def _assigning_symbols(optimizer: Any, recorder: Recorder, keras: Any) -> Iterator[None]:
    """Let an optimizer's ways to assign be recorded, and its weights be found by what stands for them."""
    cls, own = type(optimizer), vars(optimizer)

    def cast(variable: Any, value: Any) -> Any:
        dtype = getattr(value, "dtype", variable.dtype)
        return keras.ops.cast(value, variable.dtype) if str(dtype) != str(variable.dtype) else value

    def assigned(change: Callable[[Any, Any], Any]) -> Callable[[Any, Any], None]:
        def assign(variable: Any, value: Any) -> None:
            symbol = recorder.symbol(variable)
            recorder.assign(symbol._traced_variable, change(symbol, cast(symbol, value)))

        return assign

    def key(variable: Any) -> Any:
        with paused():
            return cls._var_key(optimizer, getattr(variable, "_traced_variable", variable))

    made = {
        "assign": assigned(lambda symbol, value: value),
        "assign_add": assigned(lambda symbol, value: symbol + value),
        "assign_sub": assigned(lambda symbol, value: symbol - value),
        "_var_key": key,
    }
    before = {name: own[name] for name in made if name in own}
    own.update(made)
    try:
        yield
    finally:
        for name in made:
            del own[name]
        own.update(before)


@contextmanager
def _as_before(optimizer: Any) -> Iterator[None]:
    """Let an optimizer be after the block what it was before, with the same variables."""
    own = vars(optimizer)
    before = dict(own)
    stored = getattr(optimizer._tracker, "stored_ids", {})
    kept = [(item, _contents(item).copy()) for item in (*own.values(), *stored.values()) if _is_container(item)]
    try:
        yield
    finally:
        own.clear()
        own.update(before)
        for item, contents in kept:
            storage = _contents(item)
            if isinstance(storage, list):
                list.__setitem__(storage, slice(None), contents)
            else:
                type(storage).clear(storage)
                storage.update(contents)


def _is_container(item: Any) -> bool:
    return isinstance(item, list | dict | set)


def _contents(item: Any) -> Any:
    """Return what TensorFlow's wrapper of a list holds, or the container itself."""
    return getattr(item, "_storage", item)
