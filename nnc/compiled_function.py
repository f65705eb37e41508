"""`nnc.function`: a Python function on arrays, compiled as one graph for each kind of arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from threading import RLock
from typing import Any, overload

import numpy

from nnc.arrays import is_array_like, to_array
from nnc.backends import AUTO, backend_name
from nnc.backends.numpy import kernel_settings
from nnc.eager_tensor import eager
from nnc.errors import ModelError
from nnc.execution.executor import Executor
from nnc.execution.spec import ProgramSpec
from nnc.execution.state import ProgramState
from nnc.ir import Graph, TensorType, Value
from nnc.layers.lowering import RANDOM, is_lowering
from nnc.layers.variable import Variable
from nnc.metrics.recording import MetricResult
from nnc.optimizers.state import PLACE
from nnc.passes import OPTIMIZE, run_passes
from nnc.recording import Recording
from nnc.structure import leaves, map_leaves
from nnc.utils import random_generator

Array = Any
REMEMBERED_TRACES = 64
"""Kinds of arguments whose graphs are kept; when there are more, all are forgotten."""


@dataclass
class _Trace:
    """A function as a graph.

    Args:
        recording: what it does.
        graph: the graph, optimised.
        result: what it returns, with labels of outputs in the places of values.
        states: the arrays of its states by label, those of variables apart.
    """

    recording: Recording
    graph: Graph
    result: Any
    states: dict[str, Array]
    executor: Executor | None = None


@dataclass(frozen=True)
class _Output:
    label: str


class Function:
    """A function that runs as a graph; see `function`.

    Args:
        python_function: the function.
        backend: what runs it, ``numpy`` or ``c``; by default what ``NNC_BACKEND`` names, or else NumPy.
    """

    def __init__(self, python_function: Callable[..., Any], backend: str | None = None) -> None:
        self.python_function = python_function
        self.__name__ = getattr(python_function, "__name__", type(python_function).__name__)
        self.backend = backend
        self._traces: dict[Any, _Trace] = {}
        self._key = numpy.array([0, 0], "uint32")
        self._has_key = False
        self._lock = RLock()
        update_wrapper(self, python_function)

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        """Return the function as a method, traced for each object by itself."""
        if owner is None:
            return self
        made = Function(self.python_function.__get__(owner, kind), self.backend)
        owner.__dict__[self.python_function.__name__] = made
        return made

    @property
    def trace_count(self) -> int:
        """Number of graphs that were made."""
        return len(self._traces)

    def graph(self, *args: Any, **kwargs: Any) -> Graph:
        """Return the graph for arguments like these."""
        return self._trace(*self._arrays(args, kwargs)).graph

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function, and return arrays nested as it returns values.

        Raises:
            NncError: it does something that depends on numbers, or that no graph can do; the message says what.
        """
        if is_lowering():
            return self.python_function(*args, **kwargs)
        given = self._arrays(args, kwargs)
        with self._lock:
            trace = self._trace(*given)
            return self._run(trace, leaves(given, numpy.ndarray))

    # ------------------------------------------------------------------ arguments

    def _arrays(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        def array_of(item: Any) -> Any:
            if isinstance(item, list):
                return [array_of(part) for part in item]
            if isinstance(item, tuple):
                return tuple(array_of(part) for part in item)
            if isinstance(item, dict):
                return {key: array_of(part) for key, part in item.items()}
            if isinstance(item, Variable) or not is_array_like(item):
                return item
            array = to_array(item, f"an argument of {self.__name__}")
            return numpy.asarray(array, "float32" if array.dtype.name == "float64" else None, order="C")

        return array_of(args), array_of(kwargs)

    def _trace(self, args: Any, kwargs: Any) -> _Trace:
        key = _key_of((args, kwargs)), backend_name(self.backend)
        if key not in self._traces:
            if len(self._traces) >= REMEMBERED_TRACES:
                self._traces.clear()
            self._traces[key] = self._record(args, kwargs)
        return self._traces[key]

    def _record(self, args: Any, kwargs: Any) -> _Trace:
        graph = Graph("function")
        recording = Recording(graph)

        def enter(array: Array) -> Value:
            return graph.input(f"x{len(graph.inputs)}", TensorType(array.dtype.name, array.shape))

        with recording.running(training=None):
            entered = map_leaves(enter, (args, kwargs), numpy.ndarray)
            found = self.python_function(*entered[0], **entered[1])

            def leave(item: Any) -> _Output:
                label = f"y{len(graph.outputs)}"
                graph.output(label, item.value)
                return _Output(label)

            result = map_leaves(leave, found, (Value, MetricResult, Variable))
        states: dict[str, Array] = {}
        for step in recording.steps:
            steps = step.optimizer.array_steps
            steps.know(step.variables)
            for label, value in graph.states.items():
                if label.startswith(f"{step.place}/"):
                    own = PLACE + label.removeprefix(step.place)
                    states[label] = steps.state(own, value.type)
        for metric, state in recording.measured.items():
            states[state.label] = metric.standalone.bound_sums(state.shapes, graph.states[state.label].dtype)
        if RANDOM in graph.states:
            states[RANDOM] = self._random_key()
        return _Trace(recording, run_passes(graph, OPTIMIZE), result, states)

    def _random_key(self) -> Array:
        if not self._has_key:
            self._key[0], self._has_key = random_generator().integers(2**32), True
        return self._key

    # ------------------------------------------------------------------ running

    def _run(self, trace: _Trace, arrays: list[Array]) -> Any:
        variables = trace.recording.found
        states = {label: variable.memory for label, variable in variables.items()} | trace.states
        executor = trace.executor
        if executor is None or any(executor.state.arrays[label] is not array for label, array in states.items()):
            spec = ProgramSpec(self.__name__, (), ())
            graph, name = trace.graph, backend_name(self.backend)
            state = ProgramState(spec, states)
            executor = Executor(spec, {graph.name: lambda: graph}, state, "numpy" if name == AUTO else name)
            trace.executor = executor
        executor.state.changed()
        bound = executor.bound(trace.graph.name, {})
        for target, array in zip(bound.inputs.values(), arrays, strict=True):
            numpy.copyto(target, array)
        with kernel_settings():
            bound.run()
        for label in trace.graph.updates:
            version = variables[label].version if label in variables else None
            if version is not None:
                version.change()
        return map_leaves(lambda item: eager(bound.outputs[item.label].copy()), trace.result, _Output)


def _key_of(item: Any) -> Any:
    """Return what two arguments have in common that the same graph is made for."""
    if isinstance(item, numpy.ndarray):
        return "array", item.dtype.name, item.shape
    if isinstance(item, list | tuple):
        return type(item).__name__, tuple(map(_key_of, item))
    if isinstance(item, dict):
        return "dict", tuple((key, _key_of(part)) for key, part in item.items())
    if item is None or isinstance(item, bool | int | float | str):
        return type(item).__name__, item
    return "object", id(item)


@overload
def function(func: Callable[..., Any], /) -> Function: ...


@overload
def function(
    func: None = None, /, *, backend: str | None = None, jit_compile: Any = None, reduce_retracing: bool = False
) -> Callable[[Callable[..., Any]], Function]: ...


def function(
    func: Callable[..., Any] | None = None,
    /,
    *,
    backend: str | None = None,
    jit_compile: Any = None,
    reduce_retracing: bool = False,
) -> Any:
    """Compile a Python function: TensorFlow's ``tf.function``, where arrays are tensors.

    It is run once for each kind of arguments (element types, shapes, and values of what is no array), on graph values,
    and what it does becomes a graph: layers, functions of `nnc.ops`, `nnc.GradientTape`, steps of optimizers, metrics,
    assignments to variables. From then on that graph runs. Python in it, such as ``print``, runs with the tracing.

    Args:
        func: the function; without, a decorator is returned.
        backend: ``numpy`` or ``c``; by default what ``NNC_BACKEND`` names, or else NumPy.
        jit_compile: accepted: it is always compiled.
        reduce_retracing: accepted: a graph is made for each shape.

    Raises:
        ModelError: the backend is unknown.

    >>> import nnc
    >>> @nnc.function
    ... def square(x):
    ...     return x * x
    >>> float(square(numpy.float32(3.0)))
    9.0
    """
    del jit_compile, reduce_retracing
    if backend is not None:
        backend_name(backend)
    if func is None:
        return lambda given: Function(given, backend)
    if not callable(func):
        raise ModelError(f"nnc.function takes a function, got {func!r:.80}")
    return Function(func, backend)
