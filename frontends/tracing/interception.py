"""Lets what Keras does with symbolic tensors go to a recorder, in the thread that records."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from frontends.tracing import control_flow, indexing
from frontends.tracing.activation_classes import ACTIVATIONS
from frontends.tracing.author_lines import is_library, place
from frontends.tracing.functions import CREATIONS, RANDOM, Made, drawn, made
from frontends.tracing.recording import RECORDER, Recorder, paused
from frontends.tracing.tensorflow_functions import translate_tensorflow
from nnc.errors import ModelError


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Let Keras's symbolic calls of this thread go to a recorder inside the block."""
    _patch(recorder.keras)
    config = recorder.keras.config
    filters = config.is_traceback_filtering_enabled()
    config.disable_traceback_filtering()  # which hides the author's lines
    token = RECORDER.set(recorder)
    try:
        yield
    finally:
        RECORDER.reset(token)
        if filters:
            config.enable_traceback_filtering()


def _patch(keras: Any) -> None:
    """Let symbolic calls ask whether they are recorded; what does not record goes on as before."""
    operation, layer = keras.Operation, keras.layers.Layer
    if hasattr(operation.symbolic_call, "asks_recorder"):
        return
    _wrap(operation, "symbolic_call", _operation)
    if "symbolic_call" in vars(layer):
        _wrap(layer, "symbolic_call", Recorder.layer)
    _wrap(keras.layers.TimeDistributed, "call", _time_distributed)
    _wrap_node(sys.modules[layer.__module__])
    _wrap_backend_of_utilities(keras)
    keras.KerasTensor.__array_ufunc__ = None  # so that NumPy leaves `array * tensor` to the tensor, as on backends
    _wrap_equality(keras, "__eq__", "equal")
    _wrap_equality(keras, "__ne__", "not_equal")
    _wrap_weights(keras)
    translate_tensorflow(keras, lambda: RECORDER.get() is not None, _note)
    backend = sys.modules[f"{keras.__name__}.src.backend"]
    for module, names, read in ((backend.random, RANDOM, drawn), (backend.numpy, CREATIONS, made)):
        for name in names:
            if hasattr(module, name):
                _wrap_function(module, name, read)
    activations = sys.modules[f"{keras.__name__}.src.activations.activations"]
    for name, function in ACTIVATIONS.items():
        if hasattr(activations, name):
            _replace(getattr(activations, name), "static_call", function)
    for module, functions in ((backend.core, _CONTROL_FLOW), (backend, _OF_BACKEND)):
        for name, function in functions.items():
            if hasattr(module, name):
                _replace(module, name, function)


_CONTROL_FLOW: dict[str, Callable[..., Any]] = {
    "associative_scan": control_flow.associative_scan,
    "cond": control_flow.cond,
    "fori_loop": control_flow.fori_loop,
    "map": control_flow.map,
    "scan": control_flow.scan,
    "switch": control_flow.switch,
    "vectorized_map": control_flow.map,
    "while_loop": control_flow.while_loop,
}
_OPERATIONS = ("AssociativeScan", "Cond", "ForiLoop", "Map", "Scan", "Switch", "VectorizedMap", "WhileLoop")
"""Operations that call functions of their author's."""


def _operation(recorder: Recorder, operation: Any, args: Any, kwargs: Any, infer: Callable[..., Any]) -> Any:
    if type(operation).__name__ in (*_OPERATIONS, *ACTIVATIONS):
        return operation.call(*args, **kwargs)
    if type(operation).__name__ == "GetItem":
        return indexing.item(recorder, operation, infer, *args, **kwargs)
    return recorder.operation(operation, args, kwargs, infer)


def _time_distributed(recorder: Recorder, layer: Any, args: Any, kwargs: Any, infer: Callable[..., Any]) -> Any:
    del infer
    return control_flow.time_distributed(recorder, layer, *args, **kwargs)


def _fused(recorder: Recorder, *args: Any, **kwargs: Any) -> Any:
    """Say, as a backend does, that it has no recurrent layer in one piece, so that Keras loops over time."""
    raise NotImplementedError


def _converted(recorder: Recorder, x: Any, dtype: Any = None, **options: Any) -> Any:
    """Return a symbolic tensor in another element type, anything else as a tensor."""
    if isinstance(x, recorder.keras.KerasTensor):
        return x if dtype is None or x.dtype == dtype else recorder.keras.ops.cast(x, dtype)
    with paused():
        return recorder.keras.ops.convert_to_tensor(x, dtype=dtype, **options)


_OF_BACKEND: dict[str, Callable[..., Any]] = {
    "bidirectional_gru": _fused,
    "bidirectional_lstm": _fused,
    "convert_to_tensor": _converted,
    "gru": _fused,
    "lstm": _fused,
    "rnn": control_flow.rnn,
    "vectorized_map": control_flow.map,
}


def _wrap(cls: type[Any], name: str, record: Callable[..., Any]) -> None:
    original = getattr(cls, name)

    @wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = RECORDER.get()
        if recorder is None:
            return original(self, *args, **kwargs)
        is_layer = name == "symbolic_call" and hasattr(self, "_layers") and hasattr(self, "compute_mask")
        with _Noted(recorder):
            return (Recorder.layer if is_layer else record)(recorder, self, args, kwargs, original)

    call.asks_recorder = True  # type: ignore[attr-defined]
    setattr(cls, name, call)


class _Noted:
    """Notes an error in the block: Keras raises others in place of those that pass through its layers."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, ModelError) and self.recorder.failure is None:
            where = "" if " (at " in str(error) else f" (at {place()})"
            self.recorder.failure = ModelError(f"{error}{where}")


def _replace(module: Any, name: str, function: Callable[..., Any]) -> None:
    """Let a function of a backend be another one in a thread that records."""
    original = getattr(module, name)

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        recorder = RECORDER.get()
        if recorder is None:
            return original(*args, **kwargs)
        with _Noted(recorder):
            return function(recorder, *args, **kwargs)

    setattr(module, name, staticmethod(call) if isinstance(module, type) else call)


def _wrap_node(module: Any) -> None:
    """Let layers make no nodes while they are recorded, so that the author's layers stay as they are."""
    original = module.Node

    def node(*args: Any, **kwargs: Any) -> Any:
        return original(*args, **kwargs) if RECORDER.get() is None else None

    module.Node = node


def _wrap_equality(keras: Any, name: str, operation: str) -> None:
    """Let ``==`` or ``!=`` of the author's be that of elements while it is recorded, as it is of tensors with numbers.

    Keras leaves it to Python on symbolic tensors, for which it is that of objects.
    """
    original = getattr(keras.KerasTensor, name)

    def compare(self: Any, other: Any) -> Any:
        is_library_call = is_library(sys._getframe(1).f_code.co_filename)
        if RECORDER.get() is None or is_library_call or other is None or isinstance(other, str):
            return original(self, other)
        return getattr(keras.ops, operation)(self, other)

    setattr(keras.KerasTensor, name, compare)


def _wrap_weights(keras: Any) -> None:
    """Let functions of `keras.ops` take the model's weights for symbolic tensors while they are recorded.

    Weights that a layer has are exchanged for such tensors; those that the author's code has of somewhere else are not,
    and would be constants.
    """
    tree = keras.tree
    for name, module in list(sys.modules.items()):
        asks = getattr(module, "any_symbolic_tensors", None)
        if name.startswith(f"{keras.__name__}.src.ops.") and asks is not None:
            module.any_symbolic_tensors = _asks_for_weights(asks, tree)  # type: ignore[attr-defined]
    owner = next(cls for cls in keras.Variable.__mro__ if isinstance(vars(cls).get("value"), property))
    original = owner.value.fget

    def value(self: Any) -> Any:
        recorder = RECORDER.get()
        if recorder is not None and recorder.has(self):
            with _Noted(recorder):
                raise ModelError(
                    f"weight '{self.path}' is read as an array; read it as an attribute of its layer, and do arithmetic"
                    " on it by keras.ops"
                )
        return original(self)

    owner.value = property(value, doc=owner.value.__doc__)
    for name in _OPERATORS:
        _wrap_operator(owner, f"__{name}__")


_OPERATORS = (
    *("neg", "abs", "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv", "rfloordiv"),
    *("mod", "rmod", "pow", "rpow", "matmul", "rmatmul", "getitem", "gt", "ge", "lt", "le"),
)


def _wrap_operator(owner: Any, name: str) -> None:
    """Let an operator of the model's weights be that of symbolic tensors while it is recorded."""
    original = getattr(owner, name)

    @wraps(original)
    def operate(self: Any, *others: Any) -> Any:
        recorder = RECORDER.get()
        if recorder is None or not recorder.has(self):
            return original(self, *others)
        return getattr(recorder.symbol(self), name)(*others)

    setattr(owner, name, operate)


def _asks_for_weights(original: Callable[..., bool], tree: Any) -> Callable[..., bool]:
    @wraps(original)
    def asks(args: Any = None, kwargs: Any = None) -> bool:
        if original(args, kwargs):
            return True
        recorder = RECORDER.get()
        return recorder is not None and any(map(recorder.has, tree.flatten((args, kwargs))))

    return asks


def _note(error: ModelError) -> None:
    recorder = RECORDER.get()
    assert recorder is not None
    recorder.failure = recorder.failure or error


def _wrap_backend_of_utilities(keras: Any) -> None:
    """Let utilities of Keras's that call its backend, such as those for boxes, call its operations while recorded."""
    utilities = sys.modules.get(f"{keras.__name__}.src.utils.backend_utils")
    dynamic = getattr(utilities, "DynamicBackend", None)
    if dynamic is None:
        return
    original = dynamic.__getattr__

    def attribute(self: Any, name: str) -> Any:
        return original(self, name) if RECORDER.get() is None else _Operations(keras.ops, original(self, name), name)

    dynamic.__getattr__ = attribute


class _Operations:
    """A module or function of a backend, whose functions are those of `keras.ops` where that has them."""

    def __init__(self, operations: Any, original: Any, name: str) -> None:
        self._operations, self._original = operations, getattr(operations, name, original)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._operations, name, None) or getattr(self._original, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._original(*args, **kwargs)


def _wrap_function(module: Any, name: str, read: Callable[..., Made | None]) -> None:
    """Let calls of a function that has no operation be recorded by name, unless `read` finds nothing to record."""
    original = getattr(module, name)

    def recorded(recorder: Recorder, *args: Any, **kwargs: Any) -> Any:
        found = read(name, original, args, kwargs)
        if found is None:
            with paused():
                return original(*args, **kwargs)
        return recorder.function(name, found)

    _replace(module, name, recorded)
