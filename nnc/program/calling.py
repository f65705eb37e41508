"""The part of a program that predicts one batch, at the least cost of a call."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy
from numpy import ndarray

from nnc.arrays import to_array
from nnc.backends import Backend, BoundRun
from nnc.backends.numpy import apply_kernel_settings, kernel_settings
from nnc.program.data import as_arrays, known_sizes
from nnc.program.lengths import REMEMBERED_SHAPES
from nnc.program.names import PREDICT
from nnc.program.spec import ProgramSpec, packed

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array = Any


class DirectCalls(ABC):
    """A program as a function of its inputs. Each thread remembers how it called it with arrays of some shapes."""

    spec: ProgramSpec
    _local: threading.local

    @abstractmethod
    def engine(self, name: str) -> Backend:
        """Return the executable of a graph for this thread."""

    @abstractmethod
    def bound(self, name: str, sizes: Mapping[str, int]) -> BoundRun:
        """Return this thread's run of a graph for some sizes of its run-time dimensions."""

    def __call__(self, *inputs: Any, copy: bool = True) -> NDArray[Any]:
        """Predict one batch.

        Args:
            inputs: one array per input of the model, each of shape (rows, …); or all of them in a list or, by their
                names, in a dictionary.
            copy: whether to return copies; without, the arrays are windows on this thread's arena, valid
                until its next call, and nothing is allocated.

        Returns:
            The output array of shape (rows, …), or a list of them where the model has several; where its outputs are in
            tuples or dictionaries, in these.

        Raises:
            DataError: an array does not fit the model.
        """
        try:  # the way of the many small calls
            (given,) = inputs
            target, dtype, run, output = self._local.direct[given.shape]
            is_direct = given.dtype is dtype and given.__class__ is ndarray
        except Exception:  # no array, a new shape, or several inputs or outputs
            is_direct = False
        if not is_direct:
            found: NDArray[Any] = self._call(inputs, copy)
            return found
        target[...] = given  # at a third of the cost of `copyto`
        run()
        result: NDArray[Any] = output.copy() if copy else output
        return result

    def _call(self, inputs: tuple[Any, ...], copy: bool) -> Any:
        """Predict one batch from what may have to be converted."""
        if len(inputs) == 1 and inputs[0].__class__ in {list, tuple} and len(self.spec.inputs) > 1:
            inputs = tuple(inputs[0])  # as Keras's models take them
        try:
            shapes = inputs[0].shape if len(inputs) == 1 else tuple([given.shape for given in inputs])
            targets, enter, run, outputs = self._local.calls[shapes]
            for index, item in enumerate(inputs):
                target, dtype, casting = targets[index]
                given = item if item.__class__ is ndarray else to_array(item, "input")
                if given.dtype is dtype:
                    target[...] = given
                else:
                    enter(numpy.copyto, target, given, casting)
        except Exception:  # no arrays, new shapes, numbers to be checked
            return self._first_call(inputs, copy)
        run()
        structure = self.spec.structure
        if len(outputs) == 1 and structure is None:
            return outputs[0].copy() if copy else outputs[0]
        return packed(structure, [output.copy() for output in outputs] if copy else outputs)

    def _first_call(self, inputs: tuple[Any, ...], copy: bool) -> Any:
        given = inputs[0] if len(inputs) == 1 else list(inputs)
        arrays = as_arrays(self.spec.inputs, given, "input")
        bound = self.bound(PREDICT, known_sizes(self.spec.inputs, arrays))
        targets = [bound.inputs[spec.label] for spec in self.spec.inputs]
        outputs = tuple(bound.outputs.values())
        for target, array in zip(targets, arrays, strict=True):
            numpy.copyto(target, array)
        calls = self._local.__dict__.setdefault("calls", {})
        direct = self._local.__dict__.setdefault("direct", {})
        if len(calls) >= REMEMBERED_SHAPES:
            calls.clear()
            direct.clear()
        shapes = tuple([array.shape for array in arrays])
        run = partial(self._enter, bound.run) if self.engine(PREDICT).name == "numpy" else bound.run
        filled = tuple([(target, target.dtype, _casting(target.dtype)) for target in targets])
        calls[shapes[0] if len(shapes) == 1 else shapes] = filled, self._enter, run, outputs
        if len(targets) == len(outputs) == 1 and self.spec.structure is None:
            direct[shapes[0]] = targets[0], targets[0].dtype, run, outputs[0]
        with kernel_settings():
            bound.run()
        found = [output.copy() if copy else output for output in outputs]
        return packed(self.spec.structure, found)

    @property
    def _enter(self) -> Callable[..., Any]:
        """This thread's way to call a function under `kernel_settings`, at an eighth of the cost."""
        if not hasattr(self._local, "enter"):
            quiet = Context()
            quiet.run(apply_kernel_settings)
            self._local.enter = quiet.run
        enter: Callable[..., Any] = self._local.enter
        return enter


def _casting(dtype: Any) -> str:
    """Return which element types are converted without a look at the numbers: whole ones must keep theirs."""
    return "safe" if dtype.kind in "iub" else "same_kind"
