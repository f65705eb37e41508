"""The networks that are measured, each with its data: written once, for nnc, Keras, and whoever has their layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.networks import dense, images, recurrent, transformer
from benchmarks.order import ORDER_SEED


@dataclass(frozen=True)
class Network:
    """A network and what it is trained on or predicts.

    Args:
        make: returns the model for an engine, `nnc` or `keras`, with the weights that all engines begin with; where it
            can be trained, takes further options of `compile`.
        data: returns inputs and targets, which are None where it only predicts.
        rows: how many there are.
        batch: rows of a training step or of a prediction.
    """

    make: Callable[..., Any]
    data: Callable[[], tuple[Any, Any]]
    rows: int
    batch: int

    @property
    def steps(self) -> int:
        """Training steps of an epoch; the last one may be of fewer rows."""
        return -(-self.rows // self.batch)


def _picture() -> tuple[Any, Any]:
    return images.picture(), None


NETWORKS = {
    "base": Network(dense.base, dense.base_data, dense.BASE_ROWS, dense.BASE_BATCH),
    "mlp": Network(dense.mlp, dense.mlp_data, dense.MLP_ROWS, dense.MLP_BATCH),
    "digits": Network(dense.digits, dense.digits_data, dense.DIGITS_ROWS, dense.DIGITS_BATCH),
    "cnn": Network(images.small_cnn, images.cnn_data, images.CNN_ROWS, images.CNN_BATCH),
    "lstm": Network(recurrent.network, recurrent.data, recurrent.ROWS, recurrent.BATCH),
    "lstm_alone": Network(recurrent.layer_alone, recurrent.data, recurrent.ROWS, recurrent.BATCH),
    "transformer": Network(transformer.network, transformer.data, transformer.ROWS, transformer.BATCH),
    "resnet50": Network(partial(images.network, name="resnet50"), _picture, 1, 1),
    "mobilenet_v2": Network(partial(images.network, name="mobilenet_v2"), _picture, 1, 1),
}


def nnc_model(name: str, backend: str = "numpy") -> Any:
    """Return nnc's model of a network, whose rows come in the order that `Order` draws."""
    import nnc

    model = NETWORKS[name].make(nnc)
    model.backend, model.seed = backend, ORDER_SEED
    return model


def rows_of(name: str, count: int) -> Any:
    """Return the first inputs of a network, in an array of their own."""
    return NETWORKS[name].data()[0][:count].copy()
