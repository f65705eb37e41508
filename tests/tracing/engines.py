"""Live models on the engine that KERAS_BACKEND names, beside nnc: predictions and two training steps of each.

python -m tests.tracing.engines [NAME …] prints what is not equal, and exits with the number of such models.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

import numpy

import nnc
from tests.tracing.zoo import ZOO

CLOSE = {"jax": 1e-4}
"""Relative differences that rounding makes, where they are larger than 1e-5: XLA's exponentials differ in the fifth
digit from those of NumPy, TensorFlow and PyTorch, which agree."""


def differing(name: str) -> str:
    """Return in what a model of the zoo differs, nothing where it does not."""
    import keras

    keras.utils.set_random_seed(1)
    theirs = ZOO[name](keras)
    generator = numpy.random.default_rng(2)
    shape = theirs.input_shape[1:] if getattr(theirs, "inputs", None) else (6,)
    x = generator.uniform(0.5, 1.5, (8, *(dim or 5 for dim in shape))).astype("float32")
    expected = keras.ops.convert_to_numpy(theirs(x))
    y = generator.uniform(-1.0, 1.0, expected.shape).astype("float32")
    theirs.compile(keras.optimizers.Adam(0.01), "mse")
    theirs.train_on_batch(x, y)
    program = nnc.compile(theirs, backend="numpy")
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
    """Compare models, by default all, and return how many differ."""
    warnings.simplefilter("ignore")
    found = {name: text for name in names or ZOO if (text := differing(name))}
    for name, text in found.items():
        print(f"{name}: {text}")
    return len(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
