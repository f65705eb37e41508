"""The front door: a model or the path of one in, a program out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from nnc.backends import BackendName, backend_name
from nnc.choices import FloatName
from nnc.errors import ModelError
from nnc.execution.plans import bytes_of
from nnc.passes import Observer, Pass
from nnc.program import PREDICT, Program
from nnc.readers import read_model


def compile(
    model: Any,
    *,
    optimizer: Any = None,
    loss: Any = None,
    metrics: Any = None,
    dtype: FloatName | None = None,
    observe: Observer | None = None,
    passes: Sequence[Pass] = (),
    replace: Mapping[str, Any] | None = None,
    backend: BackendName | None = None,
    max_bytes: int | str | None = None,
    check_nan: bool | None = None,
    replicas: int | None = None,
    seeds: Sequence[int] | Literal["model"] | None = None,
    hyperparameters: Mapping[str, Sequence[float]] | None = None,
    lanes: Literal[1] | None = None,
) -> Program:
    """Compile a model into a program.

    Args:
        model: an nnc model, the path of a model file, or a live Keras model.
        optimizer: optimizer, instead of the model's own.
        loss: loss, instead of the model's own.
        metrics: metrics, instead of the model's own.
        dtype: ``float32`` or ``float64``; by default that of the model's weights.
        observe: called after each pass with the pass, the graph it made, and a record of nodes and time.
        passes: passes of your own, which each graph goes through before it is fused.
        replace: replacements for layers that the definition names by their class or by their own name: a
            text such as ``"Activation('swish')"``, of which nothing is executed, a layer, or a class.
        backend: what runs the program, ``numpy``, ``c``, or ``auto``: C where there is a compiler and the work that is
            asked for is worth its time, otherwise NumPy; by default the model's own `backend`. The model uses it from
            now on.
        max_bytes: the most bytes that a graph may need, as a number or a text such as ``64M``; one that needs more is
            refused before it runs, and at once where not even a prediction of one row fits. See
            `nnc.execution.footprint` for what counts.
        check_nan: whether a run that meets NaN or infinity is undone and ends with a `nnc.errors.NonFiniteError`, which
            names op, layer, step and the range of the operands. Batches are then run one by one, at about twice their
            time, and states are in memory twice; only a run that fails is repeated, op by op. By default the model's
            own `check_nan`, which is off. The model keeps it from now on.

        replicas: number of networks to train at once, which differ in their first weights; see
            `nnc.models.replication.replicated`. The program has weights, losses and predictions of each.
        seeds: a seed for each replica, or ``"model"`` to let all begin with the weights of the model; by default seeds
            are drawn.
        hyperparameters: numbers that differ from replica to replica, one for each, by name: of the optimizer
            (``learning_rate``, ``momentum``, …), of a layer (``dropout/rate``), or ``loss_weights/OUTPUT``.
        lanes: 1 to compute replicas one after another; by default small networks, all of whose operations have a form
            in lanes, are computed several at once.

    Returns:
        A program that predicts, and trains where the model has a loss. Its graphs are made when they are
        first used.

    Raises:
        ModelError: the model cannot be read, or a part of it is not known; all problems of a file are in one error; or
            there is no such backend.
        MemoryBudgetError: predictions need more than `max_bytes`.

    >>> import nnc
    >>> model = nnc.Sequential([nnc.layers.Dense(2, input_dim=2, activation="sigmoid"), nnc.layers.Dense(1)])
    >>> program = nnc.compile(model, optimizer="sgd", loss="mse")
    >>> program([[0.0, 1.0]]).shape
    (1, 1)
    """
    backend_name(backend)
    bytes_of(max_bytes)
    found = read_model(model, **({} if replace is None else {"replace": replace}))
    if optimizer is not None or loss is not None or metrics is not None:
        own = found.objective
        found.compile(
            optimizer=optimizer if optimizer is not None else found.optimizer,
            loss=loss if loss is not None else own.loss,
            loss_weights=own.loss_weights,
            metrics=metrics if metrics is not None else own.metrics,
            weighted_metrics=own.weighted_metrics,
        )
        if not found.is_compiled:
            raise ModelError("compile: give a loss as well; the model has none")
    found.check_recorded()
    if dtype is not None and dtype not in ("float32", "float64"):
        raise ModelError(f"compile: dtype must be float32 or float64, got {dtype!r}")
    if backend is not None:
        found.backend = backend
    if check_nan is not None:
        found.check_nan = check_nan
    is_plain = dtype is None and observe is None and not passes
    if replicas is not None:
        if found.check_nan:
            raise ModelError("compile: check_nan is for one network, not for replicas")
        from nnc.models.replication import replicated

        program = replicated(found, replicas, seeds, hyperparameters, lanes, dtype, observe, passes)
    elif seeds is not None or hyperparameters is not None or lanes is not None:
        raise ModelError("compile: seeds, hyperparameters and lanes are those of replicas; give replicas= as well")
    else:
        program = found.program if is_plain else found.make_program(dtype, observe, passes)
    if max_bytes is not None:
        program.max_bytes = max_bytes
        program.check_budget(PREDICT, program.plan(PREDICT, batch=1))
    return program
