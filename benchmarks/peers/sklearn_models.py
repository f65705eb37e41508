"""scikit-learn: the networks that `MLPClassifier` can say, dense layers with a cross-entropy behind them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.contestant import CHECKED_EPOCHS, Contestant, calling
from benchmarks.networks import NETWORKS, dense, rows_of

_SETTINGS: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "base": (
        dense.BASE_WIDTHS,
        {"activation": "logistic", "solver": "sgd", "learning_rate_init": dense.BASE_RATE, "momentum": 0.0},
    ),
    "mlp": (
        dense.MLP_WIDTHS,
        {"activation": "relu", "solver": "adam", "learning_rate_init": dense.MLP_RATE, "epsilon": 1e-7},
    ),
}


def _model(network: str) -> tuple[Any, Any, Any]:
    """Return a model with the weights that all engines begin with, and its data.

    It takes weights only where it has some: so it is first fitted to one row of each class. Every later call of `fit`
    goes on from its weights, with an optimizer of its own.
    """
    found, (widths, settings) = NETWORKS[network], _SETTINGS[network]
    x, y = found.data()
    y = y.ravel().astype(int)
    model = MLPClassifier(
        widths[1:-1],
        alpha=0.0,
        batch_size="auto",
        max_iter=1,
        tol=0.0,
        n_iter_no_change=10**9,
        warm_start=True,
        **settings,
    )
    _, first = numpy.unique(y, return_index=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # one epoch is enough to make the arrays of the weights
        model.fit(x[first], y[first])
    pairs = dense.weights(widths)
    model.coefs_, model.intercepts_ = [kernel for kernel, _ in pairs], [bias for _, bias in pairs]
    return model.set_params(batch_size=found.batch, random_state=numpy.random.RandomState(0)), x, y


def fit(network: str) -> Contestant:
    """Return a contestant that trains epochs in one call of `fit`; accuracy is not measured meanwhile."""
    model, x, y = _model(network)

    def run(epochs: int, shuffle: bool = True) -> Sequence[float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # as many epochs as are asked for
            model.set_params(max_iter=epochs, shuffle=shuffle).fit(x, y)
        losses: Sequence[float] = model.loss_curve_[-epochs:]
        return losses

    return Contestant(run, lambda: run(CHECKED_EPOCHS, shuffle=False))


def predict(network: str, rows: int) -> Contestant:
    """Return a contestant that predicts one batch; of two classes, the second's probability is what others return."""
    model, _, _ = _model(network)
    x, places = rows_of(network, rows), slice(1, None) if network == "base" else slice(None)
    return calling(lambda: model.predict_proba(x)[:, places])
