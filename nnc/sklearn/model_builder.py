"""The model that an estimator trains: from a file, another model or a function, or a small network of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any, TypeVar

from nnc import losses, optimizers
from nnc.data.frames import as_columns, is_frame
from nnc.errors import ModelError, nearest
from nnc.layers import Dense, Flatten, Input
from nnc.losses.registry import as_loss
from nnc.models import Model, Sequential, clone_model, load_model
from nnc.optimizers.registry import as_optimizer
from nnc.plugins import defines_alone, read_columns
from nnc.readers import read_model
from nnc.tables import TableSchema, learn_inputs
from nnc.utils import set_random_seed

Meta = Mapping[str, Any]
"""Facts about the data when a model is made: ``n_features_in_``, ``X_shape_``, ``n_classes_`` (None for numbers),
``n_outputs_`` and ``target_type_``, scikit-learn's name for what is learnt."""
Configured = TypeVar("Configured")
OPTIMIZER = "adam"
DTYPE = "float64"


def make_model(source: Any, meta: Meta, arguments: Mapping[str, Any], seed: int) -> Model:
    """Return a model with inputs for the data, and weights of its own.

    Args:
        source: the path of a model file or a model, which are copied without their weights; a function that returns a
            model; None for `small_network`.
        meta: what is known of the data; functions that have an argument `meta` get it.
        arguments: further arguments of the function.
        seed: decides the weights and all that is random in training.

    Raises:
        ModelError: there is no such file, the function has no such argument or returns no model, or the model has
            several inputs or outputs.
    """
    set_random_seed(seed)
    if source is None:
        source = small_network
    if isinstance(source, str | os.PathLike | Model):
        if arguments:
            raise ModelError(
                f"model__{next(iter(arguments))} is an argument of a function that makes the model, and the model is"
                f" given as {'a Model' if isinstance(source, Model) else 'a file'}; give a function"
            )
        original = source if isinstance(source, Model) else _read(source, tuple(meta["X_shape_"][1:]))
        set_random_seed(seed)  # whatever was drawn for the weights that are not copied
        model = copied(original)
    elif callable(source):
        model = _called(source, meta, arguments)
    else:
        raise ModelError(
            f"model must be a path, an nnc model, a function that returns one, or None, got {source!r:.80}"
        )
    if isinstance(model, Sequential) and not model.outputs:
        model.build((None, *meta["X_shape_"][1:]))
    refuse_texts(model)
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ModelError(
            f"model '{model.name}' has {len(model.inputs)} inputs and {len(model.outputs)} outputs;"
            " scikit-learn estimators have one of each"
        )
    return model


def refuse_texts(source: Any) -> None:
    """Refuse a model that takes texts; scikit-learn checks that inputs are numbers.

    Raises:
        ModelError: it takes texts.
    """
    if isinstance(source, Model) and any(tensor.dtype == "string" for tensor in source.inputs):
        raise ModelError(
            f"model '{source.name}' takes texts, and scikit-learn estimators take numbers; call the model's own fit and"
            " predict, or give the estimator what the text layers make"
        )


def learn_table(x: Any, source: Any) -> TableSchema | None:
    """Return what the columns of a data frame mean; None if it is not one, or has only numbers.

    Args:
        x: inputs.
        source: what an estimator's model comes from; a file may say what columns mean.

    Raises:
        DataError: a column is declared that is not there, or a cell is not what it should be.
    """
    if not is_frame(x):
        return None
    declared = read_columns(source) if isinstance(source, str | os.PathLike) else {}
    own = {name: item for name, item in declared.items() if not item.is_target}
    columns = as_columns(x, ())
    has_texts = any(columns.is_text(index) for index in range(len(columns.names)))
    return TableSchema(learn_inputs(columns, None, own)) if own or has_texts else None


def small_network(meta: Meta, hidden_units: Any = (64,), activation: Any = "relu") -> Sequential:
    """Return the network that is trained where no model is given: dense layers and an output for what is learnt.

    It computes in double precision, as scikit-learn does, so that a row's prediction does not depend on the others.

    Args:
        meta: what is known of the data.
        hidden_units: units of each hidden layer.
        activation: their activation.
    """
    shape = tuple(meta["X_shape_"][1:])
    hidden = [Dense(units, activation=activation, dtype=DTYPE) for units in hidden_units]
    kind = meta["target_type_"]
    if kind == "multiclass":
        last = Dense(meta["n_classes_"], activation="softmax", dtype=DTYPE)
    else:
        is_class = kind in ("binary", "multilabel-indicator")
        last = Dense(meta["n_outputs_"], activation="sigmoid" if is_class else None, dtype=DTYPE)
    return Sequential([Input(shape, dtype=DTYPE), *([Flatten()] if len(shape) > 1 else []), *hidden, last])


def compile_model(model: Model, optimizer: Any, loss: Any, metrics: Any) -> None:
    """Compile a model with what is given, and with its own where that is None.

    Args:
        model: the model.
        optimizer: an optimizer, or None.
        loss: a loss, or None where the model has one.
        metrics: metrics, or None.
    """
    if model.is_compiled and optimizer is loss is metrics is None:
        return
    own = model.objective
    model.compile(
        optimizer=model.optimizer if optimizer is None else optimizer,
        loss=own.loss if loss is None else loss,
        metrics=own.metrics if metrics is None else metrics,
        weighted_metrics=own.weighted_metrics,
    )


def make_optimizer(given: Any, arguments: Mapping[str, Any]) -> optimizers.Optimizer:
    """Return a new optimizer like the given one, with some arguments of its constructor replaced."""
    return _with_arguments(as_optimizer(given), arguments, "optimizer")


def make_loss(given: Any, arguments: Mapping[str, Any]) -> losses.Loss:
    """Return a new loss like the given one, with some arguments of its constructor replaced."""
    return _with_arguments(as_loss(given), arguments, "loss")


def _with_arguments(item: Configured, arguments: Mapping[str, Any], what: str) -> Configured:
    cls: Any = type(item)
    config: dict[str, Any] = cls.get_config(item)
    for key in arguments:
        if key not in config:
            raise ModelError(f"{what}__{key}: {cls.__name__} has no argument '{key}'.{nearest(key, config)}")
    made: Configured = cls.from_config(config | dict(arguments))
    return made


def _read(path: Any, shape: tuple[int, ...]) -> Model:
    """Return the model of a file; one without an input takes rows of a shape."""
    return read_model(os.fspath(path), input_shape=shape) if defines_alone(path) else load_model(os.fspath(path))


def copied(model: Model) -> Model:
    """Return a model of the same layers with first weights of their own, compiled as the model is."""
    copy = clone_model(model)
    if model.is_compiled:
        compile_model(copy, make_optimizer(model.optimizer, {}), model.objective.loss, model.objective.metrics)
    return copy


def _called(function: Callable[..., Any], meta: Meta, arguments: Mapping[str, Any]) -> Model:
    name = getattr(function, "__name__", type(function).__name__)
    known = signature(function).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        for key in arguments:
            if key not in known:
                raise ModelError(f"model__{key}: function '{name}' has no argument '{key}'.{nearest(key, known)}")
    made = function(**({"meta": dict(meta)} if "meta" in known else {}), **arguments)
    if not isinstance(made, Model):
        raise ModelError(f"function '{name}' must return an nnc model, got {made!r:.80}")
    return made
