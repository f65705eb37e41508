"""Keras's own scikit-learn estimators, ``keras.wrappers``; those of `nnc.sklearn` have more of scikit-learn's ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy

from nnc.callbacks import History
from nnc.errors import DataError, ModelError
from nnc.models import Model
from nnc.sklearn.model_builder import copied  # which says how to install scikit-learn where it is missing

# isort: split
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.metadata_routing import MetadataRequest
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]

Array = Any
Source = Model | Callable[..., Model]


class _Wrapper(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What the three have in common; they describe the arguments."""

    model_: Model
    history_: History

    def __init__(
        self,
        model: Source,
        warm_start: bool = False,
        model_kwargs: Mapping[str, Any] | None = None,
        fit_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    @property
    def epoch_(self) -> int:
        """How many epochs the last `fit` has trained; 0 before it."""
        return len(self.history_.epoch) if hasattr(self, "history_") else 0

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Self:  # noqa: N803 - scikit-learn's name
        """Train a model.

        Args:
            X: inputs, shape (rows, features).
            y: targets, shape (rows); the model gets them as (rows, 1), or one-hot where they are classes.
            **kwargs: further arguments of the model's `fit`, which count before `fit_kwargs`.

        Raises:
            ValueError: the arrays do not fit each other or the estimator; `nnc.errors.ModelError` is of this kind.
        """
        X, y = validate_data(self, X, y)  # noqa: N806
        y = self._learn_targets(y)
        model = self._model_for(X, y)
        self.history_ = model.fit(X, y, **{**(self.fit_kwargs or {}), **kwargs})
        self.model_ = model
        return self

    def predict(self, X: Any) -> Array:  # noqa: N803
        """Return the numbers or classes that the model has for inputs, shape (rows).

        Args:
            X: inputs, shape (rows, features).

        Raises:
            NotFittedError: `fit` was not called.
            DataError: the model has several numbers for a row; a transformer has `transform`.
        """
        return self._targets_of(self._outputs(X))

    def set_fit_request(self, **kwargs: Any) -> Self:
        """Ask for metadata that a meta-estimator is given to come to `fit`.

        Args:
            **kwargs: names of `fit`'s arguments: True, False, None, or the name that the caller has for one.

        Raises:
            DataError: scikit-learn's metadata routing is off.
        """
        from sklearn import get_config

        if not get_config()["enable_metadata_routing"]:
            raise DataError(
                "set_fit_request: metadata routing is off; sklearn.set_config(enable_metadata_routing=True)"
            )
        self._metadata_request = MetadataRequest(owner=type(self).__name__)
        for name, alias in kwargs.items():
            self._metadata_request.fit.add_request(param=name, alias=alias)
        return self

    def _model_for(self, x: Array, y: Array) -> Model:
        if self.warm_start and hasattr(self, "model_"):
            return self.model_
        if isinstance(self.model, Model):
            if self.model_kwargs:
                raise ModelError(
                    f"{type(self).__name__}: model_kwargs are arguments of a function that makes the model, and the"
                    " model is given"
                )
            model = self.model
        else:
            model = self.model(X=x, y=y, **(self.model_kwargs or {}))
        if not (isinstance(model, Model) and model.is_compiled and model.loss is not None):
            raise ModelError(f"{type(self).__name__}: the model must be compiled with a loss and an optimizer")
        return copied(model) if model is self.model and not self.warm_start else model

    def _outputs(self, X: Any) -> Array:  # noqa: N803
        check_is_fitted(self)
        return self.model_.predict(validate_data(self, X, reset=False))

    def _learn_targets(self, y: Array) -> Array:
        """Return targets as the model is trained with them: rows of numbers."""
        _check_kind(y)
        return y.reshape(-1, 1)

    def _targets_of(self, outputs: Array) -> Array:
        if outputs.ndim == 2 and outputs.shape[1] != 1:
            raise DataError(
                f"{type(self).__name__}: predict returns a number for each row, and the model has {outputs.shape[1]}"
            )
        return outputs.squeeze(1) if outputs.ndim == 2 else outputs

    def __sklearn_clone__(self) -> Self:
        """Return an estimator with the same arguments and the same model, of which each `fit` trains a copy."""
        return type(self)(self.model, self.warm_start, self.model_kwargs, self.fit_kwargs)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        return tags


class SKLearnClassifier(ClassifierMixin, _Wrapper):  # type: ignore[misc]  # scikit-learn has no types
    """Learns classes with a model that gets them one-hot (keras.io/api/utils/sklearn_wrappers).

    Args:
        model: a compiled model, of which `fit` trains a copy with new weights; or a function that returns one and takes
            X, y and `model_kwargs` by name.
        warm_start: whether a model that is given is trained itself, and a second `fit` goes on with the weights of the
            first, as Keras says of it; Keras 3.15 begins anew all the same.
        model_kwargs: further arguments of the function.
        fit_kwargs: arguments of the model's `fit`, such as ``epochs``.

    Attributes:
        model_: the trained model.
        history_: what its `fit` returned.
        classes_: the classes in order, shape (classes).

    >>> from sklearn.datasets import load_iris
    >>> from nnc.layers import Dense, Input
    >>> from nnc.models import Sequential
    >>> def network(X, y, units):
    ...     model = Sequential([Input(X.shape[1:]), Dense(units, "relu"), Dense(y.shape[1], "softmax")])
    ...     model.compile("adam", "categorical_crossentropy")
    ...     return model
    >>> x, y = load_iris(return_X_y=True)
    >>> classifier = SKLearnClassifier(network, model_kwargs={"units": 8}, fit_kwargs={"epochs": 3, "verbose": 0})
    >>> classifier.fit(x, y).decision_function(x[:2]).shape, classifier.epoch_
    ((2, 3), 3)
    """

    classes_: Array

    def decision_function(self, X: Any) -> Array:  # noqa: N803
        """Return the model's outputs, shape (rows, classes).

        Args:
            X: inputs, shape (rows, features).

        Raises:
            NotFittedError: `fit` was not called.
        """
        return self._outputs(X)

    def _learn_targets(self, y: Array) -> Array:
        kind = _check_kind(y)
        if kind not in ("binary", "multiclass"):
            raise DataError(f"Only binary and multiclass target types are supported. Target type: {kind}")
        rows = super()._learn_targets(y)
        self._encoder = OneHotEncoder(sparse_output=False).fit(rows)
        self.classes_ = numpy.unique(y)
        if len(self.classes_) == 1:
            raise DataError("Classifier can't train when only one class is present.")
        return self._encoder.transform(rows)

    def _targets_of(self, outputs: Array) -> Array:
        return super()._targets_of(self._encoder.inverse_transform(outputs))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags


class SKLearnRegressor(RegressorMixin, _Wrapper):  # type: ignore[misc]
    """Learns numbers with a model (keras.io/api/utils/sklearn_wrappers).

    Args:
        model: a compiled model, of which `fit` trains a copy with new weights; or a function that returns one and takes
            X, y and `model_kwargs` by name.
        warm_start: whether a model that is given is trained itself, and a second `fit` goes on with the weights of the
            first; see `SKLearnClassifier`.
        model_kwargs: further arguments of the function.
        fit_kwargs: arguments of the model's `fit`, such as ``epochs``.

    Attributes:
        model_: the trained model.
        history_: what its `fit` returned.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags


class SKLearnTransformer(TransformerMixin, _Wrapper):  # type: ignore[misc]
    """Makes features with a model (keras.io/api/utils/sklearn_wrappers).

    Args:
        model: a compiled model, of which `fit` trains a copy with new weights; or a function that returns one and takes
            X, y and `model_kwargs` by name.
        warm_start: whether a model that is given is trained itself, and a second `fit` goes on with the weights of the
            first; see `SKLearnClassifier`.
        model_kwargs: further arguments of the function.
        fit_kwargs: arguments of the model's `fit`, such as ``epochs``.

    Attributes:
        model_: the trained model.
        history_: what its `fit` returned.
    """

    def transform(self, X: Any) -> Array:  # noqa: N803
        """Return the model's outputs, shape (rows, features).

        Args:
            X: inputs, shape (rows, features).

        Raises:
            NotFittedError: `fit` was not called.
        """
        return self._outputs(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


def _check_kind(y: Array) -> str:
    kind = str(type_of_target(y))
    if kind == "unknown":
        raise DataError(f"Unknown label type for data: {y!r:.80}")
    return kind
