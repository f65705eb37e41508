"""JAX: predictions of a jitted function, with the result as a NumPy array."""

from __future__ import annotations

import jax
import numpy
from jax import numpy as jnp

from benchmarks.contestant import Contestant, calling
from benchmarks.networks import rows_of
from benchmarks.peers.jax_networks import JAX_NETWORKS


def predict(network: str, rows: int) -> Contestant:
    """Return a contestant that predicts one batch."""
    found, x = JAX_NETWORKS[network], rows_of(network, rows)
    arrays = [jnp.asarray(array) for array in found.weights()]
    function = jax.jit(lambda arrays, x: found.activation(found.outputs(arrays, x)))
    return calling(lambda: numpy.asarray(function(arrays, x)))
