"""Common parts of classifiers and regressors: parameters, training, and the way to a model's outputs."""

from __future__ import annotations

from abc import abstractmethod
from contextvars import copy_context
from typing import Any, Self

from sklearn.base import is_regressor
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from nnc import activations, losses
from nnc.backends import BackendName
from nnc.callbacks import CallbackList, History
from nnc.choices import Verbosity
from nnc.data.frames import as_columns
from nnc.layers import Dense
from nnc.models import Model
from nnc.sklearn.metadata_routing import Routed
from nnc.sklearn.model_builder import (
    OPTIMIZER,
    compile_model,
    learn_table,
    make_loss,
    make_model,
    make_optimizer,
    refuse_texts,
)
from nnc.tables import TableSchema

Array = Any
_SEEDS = 2**31 - 1


class Estimator(Routed):
    """An estimator that trains a model; the parameters are described by its subclasses.

    Attributes:
        model_: the trained model.
        history_: record of loss and metrics by epoch.
        n_features_in_: width of the inputs; of those made of the columns of a data frame, where `table_` makes them.
        feature_names_in_: names of the inputs' columns, where they are text and the inputs are these columns.
        table_: what the columns of a data frame mean, where it has texts or the model file says so; otherwise None.
        n_outputs_: columns of the targets.
        target_type_: scikit-learn's name for what is learnt.
    """

    model: Any
    epochs: int
    batch_size: int | None
    optimizer: Any
    loss: Any
    metrics: Any
    random_state: Any
    verbose: Verbosity
    callbacks: Any
    validation_split: float
    warm_start: bool
    backend: BackendName | None
    model_: Model
    history_: History
    n_features_in_: int
    n_outputs_: int
    target_type_: str
    table_: TableSchema | None

    @abstractmethod
    def _learn_targets(self, y: Array, weights: Array, is_first: bool, classes: Any) -> tuple[Array, Array]:
        """Take over what is to be learnt, and return targets and weights of rows (or None) to train with.

        Raises:
            ValueError: they are not what the estimator learns, or has begun to learn.
        """

    @abstractmethod
    def _default_loss(self, model: Model) -> losses.Loss:
        """Return the loss for a model that has none."""

    @abstractmethod
    def _encoded(self, y: Array, model: Model) -> Array:
        """Return targets in the form that the model's loss takes.

        Raises:
            ValueError: the model's output does not fit them.
        """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803 - scikit-learn's name
        """Train a new model, or with ``warm_start`` the one of the last call.

        Args:
            X: inputs, shape (rows, …).
            y: targets, shape (rows) or (rows, outputs).
            sample_weight: weight of each row; they are scaled to a mean of 1, so that steps are as long as without.

        Raises:
            ValueError: the arrays do not fit each other or the model; `nnc.errors.DataError` and `ModelError` are of
                this kind.
        """
        return self._fit(X, y, sample_weight, self.epochs, self.warm_start)

    def _fit(
        self,
        X: Any,  # noqa: N803
        y: Any,
        sample_weight: Any,
        epochs: int,
        goes_on: bool,
        classes: Any = None,
    ) -> Self:
        self.check_parameters()
        refuse_texts(self.model)
        is_first = not (goes_on and hasattr(self, "model_"))
        X = self._tabulated(X, is_first)  # noqa: N806
        X, y = validate_data(  # noqa: N806
            self,
            X,
            y,
            reset=is_first,
            allow_nd=True,
            multi_output=True,
            y_numeric=is_regressor(self),
        )
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        y, weights = self._learn_targets(y, weights, is_first, classes)
        if weights is not None and weights.sum() > 0:
            weights = weights / weights.mean()
        # In a context of its own, so that other models' random numbers are what they would be without this one.
        copy_context().run(self._train, X, y, weights, epochs, is_first)
        return self

    def _tabulated(self, X: Any, is_first: bool) -> Any:  # noqa: N803
        """Return inputs made of a data frame where it has texts or the model file says what its columns mean.

        Raises:
            DataError: a column is missing, or a cell is not what it should be.
        """
        if is_first:
            self.table_ = learn_table(X, self.model)
        table: TableSchema | None = getattr(self, "table_", None)
        return X if table is None else table.encode(as_columns(X, table.names))

    def _train(self, x: Array, y: Array, weights: Array, epochs: int, is_first: bool) -> None:
        if is_first:
            model = self._make_model(x, int(check_random_state(self.random_state).randint(_SEEDS)))
        else:
            model = self.model_
        if self.backend is not None:
            model.backend = self.backend
        callbacks = CallbackList(self.callbacks).callbacks
        if not is_first and not any(isinstance(callback, History) for callback in callbacks):
            callbacks = [*callbacks, self.history_]
        history = model.fit(
            x,
            self._encoded(y, model),
            batch_size=self.batch_size,
            epochs=epochs,
            verbose=self.verbose,
            callbacks=callbacks,
            validation_split=self.validation_split,
            sample_weight=weights,
        )
        self.model_, self.history_ = model, history

    def _make_model(self, x: Array, seed: int) -> Model:
        meta = {
            "n_features_in_": self.n_features_in_,
            "X_shape_": x.shape,
            "n_classes_": getattr(self, "n_classes_", None),
            "n_outputs_": self.n_outputs_,
            "target_type_": self.target_type_,
        }
        model = make_model(self.model, meta, self.routed("model"), seed)
        optimizer, loss = self.optimizer, self.loss
        routed = self.routed("optimizer")
        if optimizer is None and (routed or not model.is_compiled):
            optimizer = model.optimizer if model.is_compiled else OPTIMIZER
        if optimizer is not None:
            optimizer = make_optimizer(optimizer, routed)
        routed = self.routed("loss")
        if loss is None and (routed or not model.is_compiled):
            loss = model.objective.loss if model.is_compiled else self._default_loss(model)
        if loss is not None:
            loss = make_loss(loss, routed)
        compile_model(model, optimizer, loss, self.metrics)
        return model

    def _outputs(self, X: Any) -> Array:  # noqa: N803
        """Return the model's outputs, in the double precision that scikit-learn computes with.

        Raises:
            NotFittedError: `fit` was not called.
            ValueError: the inputs do not fit the model.
        """
        check_is_fitted(self, "model_")
        x = validate_data(self, self._tabulated(X, is_first=False), reset=False, allow_nd=True)
        return self.model_.predict(x, verbose="auto" if self.verbose else 0).astype("float64")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def ends_linearly(model: Model) -> bool:
    """Return whether a model's output has no activation, so that it holds logits where classes are learnt."""
    call = model.outputs[0].call
    assert call is not None
    return isinstance(call.layer, Dense) and call.layer.activation is activations.linear


def width_of(model: Model) -> int:
    """Return the elements of a row of a model's output.

    Raises:
        ValueError: it has more than one axis, or none.
    """
    shape = tuple(model.output_shape[1:])
    if len(shape) != 1 or not isinstance(shape[0], int):
        raise ValueError(f"model '{model.name}' must return a vector for each row, got rows of shape {shape}")
    return shape[0]
