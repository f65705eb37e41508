"""Regression: numbers for each row."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import RegressorMixin

from nnc import losses
from nnc.backends import BackendName
from nnc.choices import Verbosity
from nnc.losses.registry import as_loss
from nnc.models import Model
from nnc.sklearn.estimator import Array, Estimator, width_of


class Regressor(RegressorMixin, Estimator):  # type: ignore[misc]  # scikit-learn has no types
    """Learns numbers with a model; an estimator of scikit-learn.

    Args:
        model: the path of a model file, or an nnc model, which are copied with new weights for each `fit`; a function
            that returns a model, see below; None for a small dense network (``model__hidden_units``).
        epochs: passes over the data.
        batch_size: rows of a batch.
        optimizer: optimizer; by default the model's own, or Adam.
        loss: loss; by default the model's own, or the mean squared error.
        metrics: what else is measured.
        random_state: seed of weights and of the order of rows; an equal one gives equal models.
        verbose: 0 silent, 1 a live line, 2 a line per epoch.
        callbacks: callbacks, or a list of them.
        validation_split: part of the rows, from the end, that is kept for validation.
        warm_start: whether `fit` goes on with the last model.
        backend: what runs the model: ``numpy``, ``c`` or ``auto``; see `nnc.compile`.
        **routed: ``model__NAME`` are arguments of the function that makes the model, ``optimizer__NAME`` and
            ``loss__NAME`` of the optimizer and the loss, such as ``optimizer__learning_rate``.

    A function gets, where it has an argument `meta`, a dictionary with ``n_features_in_``, ``X_shape_``,
    ``n_outputs_``, ``n_classes_`` and ``target_type_``. A model that it has compiled keeps its optimizer and loss.

    >>> import numpy
    >>> x = numpy.linspace(-1.0, 1.0, 50)[:, None]
    >>> regressor = Regressor(epochs=200, random_state=0).fit(x, 3.0 * x[:, 0])
    >>> bool(regressor.score(x, 3.0 * x[:, 0]) > 0.99)
    True
    """

    def __init__(
        self,
        model: Any = None,
        *,
        epochs: int = 100,
        batch_size: int | None = 32,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = None,
        random_state: Any = None,
        verbose: Verbosity = 0,
        callbacks: Any = None,
        validation_split: float = 0.0,
        warm_start: bool = False,
        backend: BackendName | None = None,
        **routed: Any,
    ) -> None:
        self.model = model
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.random_state = random_state
        self.verbose = verbose
        self.callbacks = callbacks
        self.validation_split = validation_split
        self.warm_start = warm_start
        self.backend = backend
        self._keep(routed)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803 - scikit-learn's name
        """Train one epoch, a new model in the first call; see `fit`."""
        return self._fit(X, y, sample_weight, 1, goes_on=True)

    def predict(self, X: Any) -> Array:  # noqa: N803
        """Return the numbers, of the shape that the targets had: (rows) or (rows, outputs).

        Raises:
            NotFittedError: `fit` was not called.
            ValueError: the inputs do not fit the model.
        """
        found = self._outputs(X)
        return found[:, 0] if self._is_column else found

    def _learn_targets(self, y: Array, weights: Array, is_first: bool, classes: Any) -> tuple[Array, Array]:
        columns = y.reshape(len(y), -1).shape[1]
        if is_first:
            self.n_outputs_, self._is_column = columns, y.ndim == 1
            self.target_type_ = "continuous" if columns == 1 else "continuous-multioutput"
        elif columns != self.n_outputs_:
            raise ValueError(f"y has {columns} columns, the model was trained with {self.n_outputs_}")
        return y.reshape(len(y), -1), weights

    def _default_loss(self, model: Model) -> losses.Loss:
        return as_loss("mse")

    def _encoded(self, y: Array, model: Model) -> Array:
        width = width_of(model)
        if width != self.n_outputs_:
            raise ValueError(f"model '{model.name}' has {width} outputs, y has {self.n_outputs_} columns")
        return y

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
