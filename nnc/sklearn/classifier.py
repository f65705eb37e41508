"""Classification: one class out of two or more, or any number of labels, for each row."""

from __future__ import annotations

from typing import Any, Self

import numpy
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from nnc import losses
from nnc.backends import BackendName
from nnc.choices import Verbosity
from nnc.errors import ModelError
from nnc.losses.registry import as_loss
from nnc.models import Model
from nnc.sklearn.estimator import Array, Estimator, ends_linearly, width_of
from nnc.sklearn.labels import encode, is_margin, loss_of, probabilities, scores

_KINDS = ("binary", "multiclass", "multilabel-indicator")


def _has_probabilities(classifier: Any) -> bool:
    if hasattr(classifier, "model_"):
        return not is_margin(loss_of(classifier.model_))
    try:
        return classifier.loss is None or not is_margin(as_loss(classifier.loss))
    except ModelError:  # which `fit` will say
        return True


class Classifier(ClassifierMixin, Estimator):  # type: ignore[misc]  # scikit-learn has no types
    """Learns classes with a model; an estimator of scikit-learn.

    A model has a unit per class, or one unit for the second of two classes. Classes may be of any type; the loss
    gets them as it takes them, as indices or one-hot. Where y has a column of 0 and 1 for each of several labels, the
    model has a unit per label.

    Args:
        model: the path of a model file, or an nnc model, which are copied with new weights for each `fit`; a function
            that returns a model, see below; None for a small dense network (``model__hidden_units``).
        epochs: passes over the data.
        batch_size: rows of a batch.
        optimizer: optimizer; by default the model's own, or Adam.
        loss: loss; by default the model's own, or the cross-entropy that fits its output: of logits where the last
            layer is dense and has no activation, otherwise of probabilities.
        metrics: what else is measured.
        random_state: seed of weights and of the order of rows; an equal one gives equal models.
        verbose: 0 silent, 1 a live line, 2 a line per epoch.
        callbacks: callbacks, or a list of them.
        validation_split: part of the rows, from the end, that is kept for validation.
        warm_start: whether `fit` goes on with the last model.
        class_weight: weight of each class in a dictionary, or ``balanced``.
        backend: what runs the model: ``numpy``, ``c`` or ``auto``; see `nnc.compile`.
        **routed: ``model__NAME`` are arguments of the function that makes the model, ``optimizer__NAME`` and
            ``loss__NAME`` of the optimizer and the loss, such as ``optimizer__learning_rate``.

    A function gets, where it has an argument `meta`, a dictionary with ``n_features_in_``, ``X_shape_``,
    ``n_classes_``, ``n_outputs_`` and ``target_type_``. A model that it has compiled keeps its optimizer and loss.

    Attributes:
        classes_: the classes in order; for labels, their numbers.
        n_classes_: how many there are.

    >>> import numpy
    >>> x = numpy.linspace(-1.0, 1.0, 40)[:, None]
    >>> y = numpy.where(x[:, 0] > 0, "right", "left")
    >>> classifier = Classifier(epochs=100, random_state=0).fit(x, y)
    >>> classifier.predict([[-0.9], [0.9]]).tolist()
    ['left', 'right']
    """

    classes_: Array
    n_classes_: int

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
        class_weight: Any = None,
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
        self.class_weight = class_weight
        self.backend = backend
        self._keep(routed)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:  # noqa: N803
        """Train one epoch, a new model in the first call; see `fit`.

        Args:
            X: inputs, shape (rows, …).
            y: classes, shape (rows).
            classes: all classes there are; needed in the first call.
            sample_weight: weight of each row.

        Raises:
            ValueError: the classes are missing in the first call, or are others than then.
        """
        if classes is None and not hasattr(self, "model_") and type_of_target(y) != "multilabel-indicator":
            raise ValueError("classes must be given in the first call of partial_fit")
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' needs all of y, of which partial_fit sees a part; give a dictionary"
            )
        return self._fit(X, y, sample_weight, 1, goes_on=True, classes=classes)

    def predict(self, X: Any) -> Array:  # noqa: N803 - scikit-learn's name
        """Return the class of each row, shape (rows); for labels 0 and 1, shape (rows, labels).

        Raises:
            NotFittedError: `fit` was not called.
            ValueError: the inputs do not fit the model.
        """
        found = self.decision_function(X)
        if self._is_multilabel:
            return (found > 0).astype(int)
        return self.classes_[(found > 0).astype(int) if found.ndim == 1 else found.argmax(1)]

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]  # scikit-learn has no types
    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """Return the probability of each class or label, shape (rows, classes); no loss of the hinge family has them.

        Raises:
            NotFittedError: `fit` was not called.
            ValueError: the inputs do not fit the model.
        """
        return probabilities(self._outputs(X), loss_of(self.model_), self._is_multilabel)

    def decision_function(self, X: Any) -> Array:  # noqa: N803
        """Return how far each row is on the side of the second class, shape (rows), or of each class or label.

        These are logits, where the loss takes logits or probabilities, and otherwise what the model puts out.

        Raises:
            NotFittedError: `fit` was not called.
            ValueError: the inputs do not fit the model.
        """
        return scores(self._outputs(X), loss_of(self.model_), self._is_multilabel)

    @property
    def _is_multilabel(self) -> bool:
        return self.target_type_ == "multilabel-indicator"

    def _learn_targets(self, y: Array, weights: Array, is_first: bool, classes: Any) -> tuple[Array, Array]:
        check_classification_targets(y)
        kind = str(type_of_target(y, input_name="y"))
        if kind not in _KINDS:
            raise ValueError(f"y must hold one class per row, or 0 and 1 for each label, got a target of type {kind}")
        if kind != "multilabel-indicator":
            y = column_or_1d(y, warn=True)
        elif hasattr(y, "toarray"):  # labels may be sparse
            y = y.toarray()
        if self.class_weight is not None:
            factors = compute_sample_weight(self.class_weight, y)
            weights = factors if weights is None else weights * factors
        if kind == "multilabel-indicator":
            return self._learn_labels(y, is_first), weights
        return self._learn_classes(y, is_first, classes), weights

    def _learn_labels(self, y: Array, is_first: bool) -> Array:
        if is_first:
            self.n_outputs_, self.target_type_ = y.shape[1], "multilabel-indicator"
            self.classes_, self.n_classes_ = numpy.arange(y.shape[1]), y.shape[1]
        elif y.shape[1] != self.n_outputs_ or not self._is_multilabel:
            raise ValueError(f"y has {y.shape[1]} labels, the model was trained with {self.n_outputs_}")
        return y

    def _learn_classes(self, y: Array, is_first: bool, classes: Any) -> Array:
        known = self.classes_ if classes is None and not is_first else numpy.unique(y if classes is None else classes)
        if not is_first and (self._is_multilabel or not numpy.array_equal(known, self.classes_)):
            raise ValueError(f"the model was trained with the classes {self.classes_}, got {known}")
        if len(known) < 2:
            raise ValueError(f"{type(self).__name__} needs at least 2 classes, y has 1 class: {known[0]}")
        unknown = numpy.setdiff1d(y, known)
        if len(unknown):
            raise ValueError(f"y has the classes {unknown}, which are not among {known}")
        self.classes_, self.n_classes_, self.n_outputs_ = known, len(known), 1
        self.target_type_ = "binary" if len(known) == 2 else "multiclass"
        return numpy.searchsorted(known, y)

    def _default_loss(self, model: Model) -> losses.Loss:
        is_single = width_of(model) == 1 or self._is_multilabel
        loss = losses.BinaryCrossentropy if is_single else losses.SparseCategoricalCrossentropy
        return loss(from_logits=ends_linearly(model))

    def _encoded(self, y: Array, model: Model) -> Array:
        width, count = width_of(model), self.n_classes_
        if width != count and not (width == 1 and self.target_type_ == "binary"):
            what = "labels" if self._is_multilabel else "classes"
            one = ", or 1" if self.target_type_ == "binary" else ""
            raise ValueError(f"model '{model.name}' has {width} outputs, y has {count} {what}; it needs {count}{one}")
        return y if self._is_multilabel else encode(y, count, model)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
