"""Suites of networks that are written once for nnc and Keras: peers convert them or, to train, have them in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from benchmarks.base_network import fitting
from benchmarks.networks import NETWORKS
from benchmarks.prediction import converted, in_a_function, ours, peers_with_code
from benchmarks.report import Row
from benchmarks.settings import Settings
from benchmarks.training import WITHOUT_XLA, keras_fitting, torch_fitting
from benchmarks.work import Work, measure, thread_choices


@dataclass(frozen=True)
class Predicted:
    """A network that predicts.

    Args:
        network: of `NETWORKS`.
        rows: of the batches that it predicts.
        has_code: whether PyTorch and JAX have it written for them.
        unable: what keeps an engine from it, by its name among the peers.
    """

    network: str
    rows: tuple[int, ...] = (1,)
    has_code: bool = False
    unable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Trained:
    """A network that is trained.

    Args:
        network: of `NETWORKS`.
        torch: what makes PyTorch's loop fast, as the report says it.
    """

    network: str
    torch: str


_WITH_CALLS = "tf2onnx leaves calls of TensorFlow's functions in place of its depthwise convolutions"
PREDICTED = {
    "mobile": {
        "MobileNetV2": Predicted("MobileNetV2", (1, 8)),
        "MobileNetV3Small": Predicted("MobileNetV3Small", (1, 8)),
        "EfficientNetB0": Predicted("EfficientNetB0", (1, 8)),
        "keyword spotter": Predicted("keyword_spotter", (1, 8)),
    },
    "deep": {
        "ResNet50": Predicted("ResNet50", (1, 8)),
        "ConvNeXtTiny": Predicted("ConvNeXtTiny", unable=dict.fromkeys(("onnxruntime", "openvino"), _WITH_CALLS)),
        "DenseNet121": Predicted("DenseNet121"),
    },
    "attention": {
        "MultiHeadAttention over 512 steps": Predicted("attention_512"),
        "MultiHeadAttention over 1,024 steps": Predicted("attention_1024"),
        "GPT-like block": Predicted("gpt_block"),
        "transformer encoder": Predicted("transformer", (1, 32), has_code=True),
    },
    "wide": {
        "MLP of 4 × 4,096": Predicted("wide_mlp", (1, 32)),
        "softmax of 20,000 classes": Predicted("wide_classifier", (1, 32)),
    },
    "sequence": {
        "1-D CNN over 4,096 steps": Predicted("cnn_1d", (1, 32)),
        "TCN": Predicted("tcn", (1, 32)),
        "separable text network": Predicted("separable_text", (1, 32)),
        "GRU": Predicted("gru", (1, 32)),
        "BiLSTM with mask": Predicted("masked_lstm", (1, 32)),
    },
    "volume": {
        "Conv3D": Predicted("conv3d", unable={"litert": "its converter has no pooling of volumes"}),
        "autoencoder": Predicted("autoencoder", (1, 32)),
        "segmentation": Predicted("segmentation"),
        "U-Net": Predicted("unet"),
    },
}
"""Networks by suite and by what the report calls them."""
_PICTURES, _WORDS = "channels last, fused SGD", "fused Adam"
TRAINED = {
    "MobileNetV2, 96 pixels, batch 16": Trained("MobileNetV2_96", _PICTURES),
    "ResNet-50, 112 pixels, batch 8": Trained("ResNet50_112", _PICTURES),
    "U-Net, batch 4": Trained("unet", _PICTURES),
    "GPT, batch 8": Trained("gpt", _WORDS),
    "mean of embedded words, batch 64": Trained("mean_of_words", _WORDS),
    "DenseNet-like, batch 32": Trained("densenet", _PICTURES),
}
"""Networks by what the report calls them."""


def predict(settings: Settings, suite: str) -> list[Row]:
    """Measure a suite of `PREDICTED`, and return the rows."""
    return [
        row
        for title, found in PREDICTED[suite].items()
        for rows in found.rows
        for row in _predict(settings, title, found, rows)
    ]


mobile, deep, attention, wide, sequence, volume = (partial(predict, suite=suite) for suite in PREDICTED)


def _predict(settings: Settings, title: str, found: Predicted, rows: int) -> list[Row]:
    peers = (
        *converted(found.network, rows),
        *in_a_function(found.network, rows),
        *(peers_with_code(found.network, rows) if found.has_code else ()),
    )
    work = Work(
        f"{title}, predict {rows} row{'s' if rows > 1 else ''}",
        f"{title}, predict",
        ours(found.network, rows),
        tuple(entrant for entrant in peers if entrant.engine not in found.unable),
        unable=found.unable,
    )
    return measure(settings, work, thread_choices())


def train(settings: Settings, title: str) -> list[Row]:
    """Measure training steps of a network of `TRAINED`, and return the rows."""
    found = TRAINED[title]
    name, network = f"{title}, training step", found.network
    peers = (*keras_fitting(network, WITHOUT_XLA), *torch_fitting(network, found.torch))
    work = Work(name, name, fitting(network), peers, steps=NETWORKS[network].steps, learns=True)
    return measure(settings, work, thread_choices())


train_mobilenetv2, train_resnet50, train_unet, train_gpt, train_words, train_densenet = (
    partial(train, title=title) for title in TRAINED
)
