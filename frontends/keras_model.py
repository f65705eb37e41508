"""Takes live Keras models, Sequential and functional, of Keras 2 and 3 on any backend, without importing Keras."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy

from frontends.authors import foreign_objects, is_known
from frontends.compile_options import apply_compile, foreign_parts
from frontends.element_types import QUANTIZED_INSIDE
from frontends.keras_calls import safe_name
from frontends.keras_state import copy_exclusions, copy_optimizer_state, paths_of
from frontends.legacy.compile_options import compile_options
from frontends.live_objects import RUNNING, TRAINING, LiveConfigs, holds_quantized
from frontends.model_reader import build_model
from frontends.nodes import Mapping as MappingNode
from frontends.nodes import Scalar, from_plain
from frontends.optimizer_state import train_as
from frontends.origin import KERAS_2, KERAS_3, Origin, parse_version
from frontends.problems import Problems, layer_subject
from frontends.reader_options import Options
from frontends.recurrent_states import copy_states
from frontends.replacements import read_replacements
from frontends.tracing.computed import Computed, Evaluation
from frontends.tracing.layer_tracer import LayerTracer
from frontends.tracing.measures import MeasureTracer
from frontends.tracing.model import ModelTracer
from frontends.tracing.model_inputs import ModelInputs
from frontends.tracing.optimizers import OptimizerTracer
from frontends.tracing.own_code import own_functions
from nnc.errors import ModelError
from nnc.ir import TensorType
from nnc.models import Model

_PACKAGES = frozenset({"keras", "tf_keras", "tensorflow"})
_METHODS = ("get_config", "get_weights", "layers")


class KerasFrontend:
    """The reader of live Keras models."""

    name = "keras"
    suffixes: tuple[str, ...] = ()

    def accepts(self, source: Any) -> bool:
        """Return whether the source is a Keras model, told by its classes' modules and its methods."""
        packages = {cls.__module__.partition(".")[0] for cls in type(source).__mro__}
        return bool(packages & _PACKAGES) and all(hasattr(type(source), method) for method in _METHODS)

    def read(self, source: Any, *, compile: bool = True, replace: Mapping[str, Any] | None = None) -> Model:
        """Return an nnc model with the layers, weights, optimizer and loss of a Keras model.

        Args:
            source: a built Sequential or functional model; it is not changed, and shares no memory with the result.
            compile: whether to take its optimizer with its state, its loss and its metrics.
            replace: replacements for classes that are not known, such as ``{"Old": "Dense(3)"}``.

        Raises:
            ModelFileError: a layer, or an argument of one, is not known, or is not Keras's own, or the model overrides
                what Keras does with it; all such problems are listed.
            ModelError: it is not built, or what its author wrote cannot be traced; the message names the line.
        """
        name = str(getattr(source, "name", "model"))
        title = f"Keras model '{name}'"
        problems = Problems(title, title)
        options = Options(_origin(source), read_replacements(replace), has_weights=True)
        live = LiveConfigs(lambda identity: is_known(identity, options))
        config = _config(source)
        entry = {"class_name": type(source).__name__, "config": config or {}}
        definition = live.described(source, entry, () if compile else TRAINING)
        tracer = ModelTracer(source, live, options, problems) if _is_authors(source, definition, options) else None
        if tracer is not None:
            model = tracer.model()
        elif config is None and _is_traceable(source, options):
            own = ", ".join(sorted(_UNTRACED.intersection(definition.get("overrides", ()))))
            raise ModelError(_RUNS_ITSELF.format(title, type(source).__name__, own))
        elif config is None:
            raise ModelError(_SUBCLASSED.format(title, type(source).__name__))
        else:
            model = build_model(from_plain(definition), problems, False, options)
            _copy_weights(source, model, problems)
        traced = None if tracer is None else tracer.layers.variables()
        if compile:
            training = from_plain(_compile_config(source, live))
            if isinstance(training, MappingNode):
                training = compile_options(training, options.origin)
            if _is_traceable(source, options):
                functions = LayerTracer(source, live, options, problems, has_layers=False)
                optimizers = OptimizerTracer(functions, lambda: paths_of(source, model, traced))
                try:
                    training = optimizers.compile_options(training)
                    training = MeasureTracer(functions, _outputs(model)).compile_options(training)
                except ModelError as error:  # it predicts all the same
                    problems.note(str(error))
                    if isinstance(training, MappingNode) and not foreign_parts(training):  # which are told of below
                        model.uncompiled, training = str(error), Scalar(value=None)
            apply_compile(training, model, model.output_labels, problems, is_short=False)
        if problems:
            raise problems.error()
        if compile and model.is_compiled:
            train_as(options.origin, model.optimizer, problems)
            if not options.origin.is_old:
                copy_exclusions(source, model, traced)
            copy_optimizer_state(source, model, options.origin, problems, traced)
        problems.warn()
        return model

    def compute_operations(self, source: Any, arrays: Sequence[Any], training: bool) -> list[Computed]:
        """Return what Keras computes of arrays inside what a live model's author wrote, operation by operation.

        The author's code runs on symbolic tensors of the arrays' shapes, and what it calls is then computed by Keras.

        Args:
            source: a built model.
            arrays: an array per input.
            training: whether layers do as in training.

        Raises:
            ModelError: the model cannot be traced; the message names the author's line.
        """
        title = f"Keras model '{source.name}'"
        problems, options = Problems(title, title), Options(_origin(source), {}, has_weights=True)
        live = LiveConfigs(lambda identity: is_known(identity, options))
        definition = live.described(source, {"class_name": type(source).__name__, "config": _config(source) or {}}, ())
        is_authors = _is_authors(source, definition, options)
        has_operations = any(not hasattr(item, "_layers") for item in getattr(source, "operations", ()))
        if not is_authors and not (has_operations and _is_traceable(source, options)):
            return []
        tracer = ModelTracer(source, live, options, problems)
        evaluation = Evaluation(tracer.layers.keras, keeps_names=not is_authors)
        frame = tracer.recorded(arrays, training)
        evaluation.run(frame, list(map(tracer.layers.keras.ops.convert_to_tensor, arrays)))
        return evaluation.found

    def call_arguments(self, source: Any, tensors: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments of a live model of Keras 3, by position and by name, that have these tensors in them.

        Args:
            source: a built model.
            tensors: a tensor or array per input.

        Raises:
            ModelError: it does not say which inputs it takes.
        """
        return ModelInputs(source, sys.modules["keras"].KerasTensor).packed(tensors)


FRONTEND = KerasFrontend()


_RUNS_ITSELF = (
    "{} ({}) overrides {}, and may train otherwise: to predict, read it with compile=False; to train it as Keras trains"
    " models, call it in another one, keras.Model(x, model(x))"
)
_SUBCLASSED = (
    "{} is a subclassed model ({}) of Keras 2: what it computes is Python code, which cannot be read; write it as a"
    " Sequential or functional model, or with Keras 3, whose models are traced"
)


def _config(source: Any) -> Any:
    """Return the config of a model, None where it has none that says what it computes."""
    try:
        config = source.get_config()
    except (NotImplementedError, OSError, TypeError, ValueError):  # its author's objects may have none
        return None
    return config if isinstance(config, Mapping) and "layers" in config else None


def _is_traceable(source: Any, options: Options) -> bool:
    """Whether a model is one of Keras 3's."""
    package: Any = sys.modules.get("keras")
    return not options.origin.is_old and hasattr(package, "KerasTensor") and isinstance(source, package.Model)


def _outputs(model: Model) -> dict[str, TensorType]:
    """Return the types of a model's outputs by their names."""
    return dict(zip(model.output_labels, (tensor.type for tensor in model.outputs), strict=True))


def _is_authors(source: Any, definition: Mapping[str, Any], options: Options) -> bool:
    """Whether a model, or a part of it, is what its author wrote, and can be traced.

    A model that trains otherwise than Keras does cannot.
    """
    if not _is_traceable(source, options):
        return False
    if not _UNTRACED.isdisjoint(definition.get("overrides", ())):
        return False
    foreign = [identity for identity in foreign_objects(from_plain(definition)) if not is_known(identity, options)]
    layers = source._flatten_layers()
    return "layers" not in definition["config"] or bool(foreign) or any(_has_code(layer, options) for layer in layers)


def _has_code(layer: Any, options: Options) -> bool:
    """Whether a layer computes what its author wrote in a function, or has LoRA, which no config of nnc's has."""
    if type(layer).__name__ == "Lambda" or getattr(layer, "lora_enabled", False):
        return True
    return any(True for _ in own_functions(layer, lambda identity: is_known(identity, options)))


_UNTRACED = RUNNING - {"metrics", "metrics_names", "reset_metrics", "get_metrics_result"}
"""Methods of a model without which a trace of its ``call`` says what it does."""


def _origin(source: Any) -> Origin:
    """Return the version of the library that a live model's class comes from, which has been imported."""
    for cls in type(source).__mro__:
        package = sys.modules.get(cls.__module__.partition(".")[0])
        if cls.__module__.startswith("tensorflow."):
            return KERAS_2
        if cls.__module__.partition(".")[0] in _PACKAGES:
            return parse_version(str(getattr(package, "__version__", "3")), _backend(package))
    return KERAS_3


def _backend(package: Any) -> str:
    """Return the name of the engine that a Keras package computes with."""
    get = getattr(getattr(package, "backend", None), "backend", None)
    return str(get()) if callable(get) else "tensorflow"


def _compile_config(source: Any, live: LiveConfigs) -> Any:
    """Return optimizer, loss and metrics, as they were given; None where the model was not compiled."""
    get = getattr(source, "get_compile_config", None)
    if get is None or getattr(source, "optimizer", None) is None:
        return None
    try:
        config = get()
    except Exception:  # of an object without a config, or whose author's raises something
        given = getattr(getattr(source, "_compile_config", None), "config", None)
        if not isinstance(given, Mapping):
            raise
        config = {key: _serialized(item) for key, item in given.items()}
    if not isinstance(config, Mapping):
        return config
    if "optimizer" not in config:  # Keras drops it when it writes an HDF5 file
        optimizer = source.optimizer
        entry = {"class_name": type(optimizer).__name__, "config": optimizer.get_config(), "registered_name": None}
        config = {**config, "optimizer": {"module": type(optimizer).__module__, **entry}}
    measures = getattr(source, "_compile_metrics", None) or getattr(source, "compiled_metrics", None)
    given = {
        "optimizer": getattr(source, "optimizer", None),
        "loss": getattr(source, "loss", None),
        "metrics": getattr(measures, "_user_metrics", None),
        "weighted_metrics": getattr(measures, "_user_weighted_metrics", None),
    }
    return {key: live.value(value, given.get(key)) for key, value in config.items()}


def _serialized(item: Any) -> Any:
    """Return the config of an argument of Keras's ``compile``; what has none is described by its class."""
    if isinstance(item, Mapping):
        return {key: _serialized(part) for key, part in item.items()}
    if isinstance(item, list | tuple):
        return [_serialized(part) for part in item]
    rate = getattr(item, "_learning_rate", None)
    try:
        with _with_config(rate):
            return sys.modules["keras"].saving.serialize_keras_object(item)
    except Exception:
        cls = type(item)
        return {"module": cls.__module__, "class_name": cls.__name__, "config": {}, "registered_name": cls.__name__}


@contextmanager
def _with_config(schedule: Any) -> Iterator[None]:
    """Let a learning-rate schedule whose author gave it no config have an empty one inside the block."""
    try:
        is_missing = callable(getattr(schedule, "get_config", None)) and schedule.get_config() is None
    except NotImplementedError:
        is_missing = True
    if is_missing:
        vars(schedule)["get_config"] = dict
    try:
        yield
    finally:
        if is_missing:
            del vars(schedule)["get_config"]


def _copy_weights(source: Any, model: Model, problems: Problems) -> None:
    """Copy weights layer by layer, by the layers' names."""
    layers = {layer.name: layer for layer in model.layers}
    for keras_layer in source.layers:
        arrays = [numpy.asarray(array) for array in keras_layer.get_weights()]
        layer = layers.get(safe_name(keras_layer.name))
        subject = layer_subject(keras_layer.name, type(keras_layer).__name__)
        own = [] if layer is None else [weight.shape for weight in layer.weights]
        found = [array.shape for array in arrays]
        if holds_quantized(keras_layer):
            problems.add(QUANTIZED_INSIDE, subject=subject)
        elif own != found:
            message = f"its weights have the shapes {_listed(found)}, expected {_listed(own)}"
            problems.add(message, subject=subject)
        elif layer is not None:
            layer.set_weights(arrays)
            copy_states(keras_layer, layer)


def _listed(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes)) or "none"
