"""Tells handwritten digits apart.

``python examples/digits.py`` trains on four fifths of scikit-learn's 1,797 digits and tests on the rest.
"""

from __future__ import annotations

from pathlib import Path

import numpy
from sklearn.datasets import load_digits

import nnc


def main(epochs: int = 30, seed: int = 0) -> dict[str, float]:
    """Train, and return loss and accuracy on the digits that were kept aside."""
    x, y = load_digits(return_X_y=True)
    x = x / 16  # grey values from 0 to 1
    test, training = numpy.split(numpy.random.default_rng(seed).permutation(len(x)), [len(x) // 5])
    nnc.utils.set_random_seed(seed)
    program = nnc.compile(Path(__file__).with_suffix(".yaml"))
    program.fit(x[training], y[training], epochs=epochs)
    found = program.evaluate(x[test], y[test])
    wrong = [(int(y[i]), int(program(x[i : i + 1]).argmax())) for i in test if program(x[i : i + 1]).argmax() != y[i]]
    print(f"{found['accuracy']:.1%} of {len(test)} digits; taken for another: {wrong}")
    return found


if __name__ == "__main__":
    main()
