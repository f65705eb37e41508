"""The networks that are measured, each with its data: written once, for nnc, Keras, and whoever has their layers."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.networks import (
    attention,
    deep_dense,
    dense,
    images,
    mobile,
    recurrent,
    sequences,
    trained_images,
    transformer,
    volumes,
    wide,
)
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


def _predicting(make: Callable[..., Any], data: Callable[..., Any], rows: int, *given: Any) -> Network:
    """Return a network that only predicts, from the rows that `data` returns for what is given."""
    return Network(make, lambda: (data(*given), None), rows, rows)


def _application(name: str, activation: str | None = "softmax") -> Network:
    make = partial(mobile.application, name=name, activation=activation)
    return _predicting(make, mobile.pictures, mobile.PICTURES[0])


def _attention(steps: int) -> Network:
    return _predicting(partial(attention.layer_alone, steps=steps), attention.data, attention.ROWS, steps)


def _deep(depth: int) -> Network:
    return Network(partial(deep_dense.network, depth=depth), deep_dense.data, deep_dense.ROWS, deep_dense.ROWS)


def _trained_on_pictures(make: Callable[..., Any], side: int, batch: int) -> Network:
    data = partial(trained_images.data, side, batch)
    return Network(make, data, trained_images.BATCHES * batch, batch)


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
    "MobileNetV2": _application("MobileNetV2"),
    "MobileNetV3Small": _application("MobileNetV3Small"),
    "EfficientNetB0": _application("EfficientNetB0"),
    "ResNet50": _application("ResNet50", activation=None),
    "ConvNeXtTiny": _application("ConvNeXtTiny", activation=None),
    "DenseNet121": _application("DenseNet121", activation=None),
    "keyword_spotter": _predicting(mobile.keyword_spotter, mobile.spectra, mobile.SPECTRA[0]),
    "attention_512": _attention(512),
    "attention_1024": _attention(1024),
    "gpt_block": _predicting(attention.block_alone, attention.data, attention.ROWS, attention.BLOCK_TIME),
    "wide_mlp": _predicting(wide.mlp, wide.data, wide.ROWS, wide.MLP_WIDTH),
    "wide_classifier": _predicting(wide.classifier, wide.data, wide.ROWS, wide.INPUTS),
    "cnn_1d": _predicting(sequences.convolutions, sequences.data, sequences.ROWS, sequences.SIGNAL),
    "tcn": _predicting(sequences.temporal, sequences.data, sequences.ROWS, sequences.TCN),
    "separable_text": _predicting(sequences.separable_text, sequences.words, sequences.ROWS),
    "gru": _predicting(sequences.gru, sequences.data, sequences.ROWS, sequences.RECURRENT),
    "masked_lstm": _predicting(sequences.masked_both_ways, sequences.padded_data, sequences.ROWS),
    "conv3d": _predicting(volumes.convolutions, volumes.data, volumes.ROWS, volumes.VOLUME),
    "autoencoder": _predicting(volumes.autoencoder, volumes.data, volumes.PICTURES, volumes.PICTURE, volumes.PICTURES),
    "segmentation": _predicting(volumes.segmentation, volumes.data, volumes.ROWS, volumes.SLICE),
    "unet": Network(volumes.unet, volumes.unet_data, volumes.UNET_ROWS, volumes.UNET_BATCH),
    "gpt": Network(attention.gpt, attention.gpt_data, attention.GPT_ROWS, attention.GPT_BATCH),
    "mean_of_words": Network(sequences.mean_of_words, sequences.text_data, sequences.TEXT_ROWS, sequences.TEXT_BATCH),
    "MobileNetV2_96": _trained_on_pictures(
        partial(trained_images.application, name="MobileNetV2", side=trained_images.MOBILENET_SIDE),
        trained_images.MOBILENET_SIDE,
        trained_images.MOBILENET_BATCH,
    ),
    "ResNet50_112": _trained_on_pictures(
        partial(trained_images.application, name="ResNet50", side=trained_images.RESNET_SIDE),
        trained_images.RESNET_SIDE,
        trained_images.RESNET_BATCH,
    ),
    "densenet": _trained_on_pictures(
        trained_images.densenet, trained_images.DENSENET_SIDE, trained_images.DENSENET_BATCH
    ),
    **{f"residual_mlp_{depth}": _deep(depth) for depth in deep_dense.DEPTHS},
}


def nnc_model(name: str, backend: str = "numpy") -> Any:
    """Return nnc's model of a network, whose rows come in the order that `Order` draws."""
    import nnc

    model = NETWORKS[name].make(nnc)
    model.backend, model.seed = backend, ORDER_SEED
    return model


def first_batch(name: str) -> tuple[Any, Any]:
    """Return inputs and targets of a network's first training step."""
    x, y = NETWORKS[name].data()
    return x[: NETWORKS[name].batch], y[: NETWORKS[name].batch]


def rows_of(name: str, count: int) -> Any:
    """Return the first inputs of a network, in an array of their own."""
    return NETWORKS[name].data()[0][:count].copy()


def work_with_rows(text: str) -> tuple[str, int | None]:
    """Return the name of a network and a number of rows of what a command line says: ``cnn:128``, or ``cnn``.

    Raises:
        ArgumentTypeError: there is no such network, or no such number.
    """
    work, colon, rows = text.partition(":")
    if work not in NETWORKS or (colon and not (rows.isdecimal() and int(rows) > 0)):
        raise ArgumentTypeError(f"expected the name of a work, perhaps with a number of rows, got {text!r}")
    return work, int(rows) if rows else None
