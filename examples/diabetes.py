"""Says from ten measurements how far diabetes will go within a year, and compares with linear regression.

``python examples/diabetes.py`` splits scikit-learn's 442 patients into five parts, and predicts each from the others.
"""

from __future__ import annotations

from pathlib import Path

import numpy
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold

import nnc


def main(epochs: int = 60, seed: int = 0) -> dict[str, float]:
    """Train five times, and return R² of all predictions: the share of the variance that is explained."""
    x, y = load_diabetes(return_X_y=True)
    network, linear = numpy.empty(len(y)), numpy.empty(len(y))
    for training, test in KFold(5, shuffle=True, random_state=seed).split(x):
        mean, spread = y[training].mean(), y[training].std()
        nnc.utils.set_random_seed(seed)
        model = nnc.models.load_model(Path(__file__).with_suffix(".yaml"))
        model.layers[0].adapt(x[training])
        model.fit(x[training], (y[training] - mean) / spread, epochs=epochs, verbose=0)
        network[test] = model.predict(x[test])[:, 0] * spread + mean
        linear[test] = LinearRegression().fit(x[training], y[training]).predict(x[test])
    found = {"network": float(r2_score(y, network)), "linear": float(r2_score(y, linear))}
    print(f"share of the variance explained: network {found['network']:.3f}, linear regression {found['linear']:.3f}")
    return found


if __name__ == "__main__":
    main()
