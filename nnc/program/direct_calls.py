"""Predictions of one batch, at the least cost of a call: each thread remembers what runs arrays of some shapes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context
from functools import partial
from typing import Any

import numpy
from numpy import ndarray

from nnc.arrays import to_array
from nnc.backends.numpy import apply_kernel_settings, kernel_settings
from nnc.execution.executor import REMEMBERED_SIZES, Executor
from nnc.execution.spec import packed
from nnc.labels import PREDICT, ROWS
from nnc.program.data import as_arrays, input_arrays, known_sizes


class DirectCalls:
    """Predicts single batches.

    What a thread has called before is in `ThreadRuns.direct` for the many small calls, which `Program` looks up by
    itself, and in `ThreadRuns.calls` for others.

    Args:
        executor: runs the predictions.
    """

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self._threads = threading.local()

    def encode_texts(self, x: Any) -> list[Any]:
        """Return an array for each input of the graphs: what texts become before a program's graphs run.

        An exported program takes these. Without texts they are the inputs as they are.

        Args:
            x: as `Program.predict` takes it.

        Raises:
            DataError: the arrays do not fit the model.
        """
        return input_arrays(self.executor.spec, x)

    def predict(self, inputs: tuple[Any, ...], copy: bool = True) -> Any:
        """Predict one batch from what may have to be converted; see `Program.__call__`."""
        spec = self.executor.spec
        if len(inputs) == 1 and inputs[0].__class__ in {list, tuple} and len(spec.taken) > 1:
            inputs = tuple(inputs[0])  # as Keras's models take them
        if spec.edge is not None:
            inputs = tuple(input_arrays(spec, inputs[0] if len(inputs) == 1 else list(inputs)))
        return self.of_arrays(inputs, copy)

    def of_arrays(self, inputs: tuple[Any, ...], copy: bool = True) -> Any:
        """Predict one batch from what graphs take, which texts have become by now."""
        spec = self.executor.spec
        try:
            shapes = inputs[0].shape if len(inputs) == 1 else tuple([given.shape for given in inputs])
            targets, enter, run, outputs = self.executor.local.calls[shapes]
            for index, item in enumerate(inputs):
                target, dtype, casting = targets[index]
                given = item if item.__class__ is ndarray else to_array(item, "input")
                if given.dtype is dtype:
                    target[...] = given
                else:
                    enter(numpy.copyto, target, given, casting)
        except Exception:  # no arrays, new shapes, numbers to be checked
            return self.first(inputs, copy)
        run()
        if len(outputs) == 1 and spec.structure is None:
            return outputs[0].copy() if copy else outputs[0]
        return packed(spec.structure, [output.copy() for output in outputs] if copy else outputs)

    def first(self, inputs: tuple[Any, ...], copy: bool) -> Any:
        """Predict one batch of a shape not met before, and remember what runs it."""
        executor, spec = self.executor, self.executor.spec
        given = inputs[0] if len(inputs) == 1 else list(inputs)
        arrays = as_arrays(spec.inputs, given, "input")
        sizes = known_sizes(spec.inputs, arrays)
        rows = sizes[ROWS]
        if executor.rows_at_once(sizes) < rows:
            from nnc.program.predictions import Predictions  # which small batches do without

            with kernel_settings():
                predictions = Predictions(executor, arrays, sizes, rows)
                predictions.run(range(rows))
            return packed(spec.structure, predictions.outputs)
        local = executor.local  # first: what is bound before another backend takes over is forgotten with it
        bound = executor.bound(PREDICT, sizes)
        targets = [bound.inputs[item.label] for item in spec.inputs]
        outputs = tuple(bound.outputs.values())
        for target, array in zip(targets, arrays, strict=True):
            numpy.copyto(target, array)
        engine = executor.engines.engine(PREDICT).name
        if len(local.calls) >= REMEMBERED_SIZES or engine != local.caller:
            local.forget_calls()
        local.caller = engine
        shapes = tuple([array.shape for array in arrays])
        run = partial(self._enter, bound.run) if engine == "numpy" else bound.run
        filled = tuple([(target, target.dtype, _casting(target.dtype)) for target in targets])
        local.calls[shapes[0] if len(shapes) == 1 else shapes] = filled, self._enter, run, outputs
        is_plain = spec.structure is None and spec.edge is None and spec.replication is None
        if len(targets) == len(outputs) == 1 and is_plain:
            local.direct[shapes[0]] = targets[0], targets[0].dtype, run, outputs[0]
        with kernel_settings():
            bound.run()
        return packed(spec.structure, [output.copy() if copy else output for output in outputs])

    @property
    def _enter(self) -> Callable[..., Any]:
        """This thread's way to call a function under `kernel_settings`, at an eighth of the cost."""
        if not hasattr(self._threads, "enter"):
            quiet = Context()
            quiet.run(apply_kernel_settings)
            self._threads.enter = quiet.run
        enter: Callable[..., Any] = self._threads.enter
        return enter


def _casting(dtype: Any) -> str:
    """Return which element types are converted without a look at the numbers: whole ones must keep theirs."""
    return "safe" if dtype.kind in "iub" else "same_kind"
