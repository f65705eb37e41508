"""Live models on the engine that KERAS_BACKEND names, beside nnc: predictions and two training steps of each.

python -m tests.tracing.engines [NAME …] prints what is not equal, and exits with the number of such models.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

import numpy

import nnc
from nnc.errors import NncError
from tests.tracing.zoo import ZOO

CLOSE = {"jax": 1e-4}
"""Relative differences that rounding makes, where they are larger than 1e-5: XLA's exponentials differ in the fifth
digit from those of NumPy, TensorFlow and PyTorch, which agree."""


KNOWN = {
    "jax": (
        "keywords_with_defaults",  # Keras does not note there what it was built for, and nnc says so
        "own_cell_that_goes_on_in_the_next_batch",  # its states, and those of the next, move on otherwise there
        "spectral_normalization_of_its_own_layer",
    ),
}
"""Models that differ on an engine, or are refused, and are compared on TensorFlow alone."""
LEAST = 3 / 4
"""Share of the models that an engine must be able to train: what some call is TensorFlow's, or not traced by JAX."""


def differing(name: str) -> str | None:
    """Return in what a model differs, nothing where it does not, None where its own engine cannot train it."""
    import keras

    keras.utils.set_random_seed(1)
    generator = numpy.random.default_rng(2)
    try:
        theirs = ZOO[name](keras)
        shape = theirs.input_shape[1:] if getattr(theirs, "inputs", None) else (6,)
        x = generator.uniform(0.5, 1.5, (8, *(dim or 5 for dim in shape))).astype("float32")
        expected = keras.ops.convert_to_numpy(theirs(x))
        y = generator.uniform(-1.0, 1.0, expected.shape).astype("float32")
        theirs.compile(keras.optimizers.Adam(0.01), "mse")
        theirs.train_on_batch(x, y)
    except Exception:  # whatever Keras says there
        return None
    try:
        program = nnc.compile(theirs, backend="numpy")
    except NncError as error:
        return str(error)
    expected = keras.ops.convert_to_numpy(theirs(x))
    losses = [float(theirs.train_on_batch(x, y)) for _ in range(2)]
    try:
        bound = CLOSE.get(keras.backend.backend(), 1e-5)
        numpy.testing.assert_allclose(program.predict(x), expected, rtol=bound, atol=1e-6)
        history = program.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        numpy.testing.assert_allclose(history.history["loss"], losses, rtol=1e-4)
    except AssertionError as error:
        return " ".join(str(error).split())
    return ""


def main(names: Sequence[str]) -> int:
    """Compare models, by default all, and return how many differ, or are left out where these are too many."""
    from keras import config

    warnings.simplefilter("ignore")
    known = KNOWN.get(config.backend(), ())
    found = {name: differing(name) for name in names or [name for name in ZOO if name not in known]}
    for name, text in found.items():
        if text is None or text:
            print(f"{name}: {text or 'left out'}")
    left_out = sum(text is None for text in found.values())
    return sum(bool(text) for text in found.values()) + left_out * (left_out > (1 - LEAST) * len(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
