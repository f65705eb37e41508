"""What the C backend must reach: how much of the best peer's time it may take, for each work."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.report import Goal, Row, Versus, rows_of
from benchmarks.timing import Comparison

TARGETS = {
    "base network, training step": 0.10,
    "base network, from process start to 5,000 epochs trained": 0.6,
    "MLP, training step": 0.90,
    "small CNN, training step": 0.95,
    "LSTM, training step": 0.70,
    "transformer encoder, training step": 1.0,
    "base network, 64 replicas": 0.2,
    "base network, 1,024 replicas": 0.1,
    "64-32-10 network, 32 replicas": 0.5,
    "GPT-2, 64 tokens behind 8": 1.0,
    "base network, predict 1 row": 0.30,
    "MLP, predict 1 row": 1.0,
    "MLP, predict 128 rows": 1.0,
    "MNIST CNN, predict 1 row": 1.0,
    "MNIST CNN, predict 32 rows": 1.0,
    "LSTM, predict 1 row": 0.9,
    "LSTM, predict 32 rows": 0.9,
    "mobilenet_v2, predict 1 picture": 1.0,
    "resnet50, predict 1 picture": 1.0,
    "MobileNetV2, predict": 1.0,
    "MobileNetV3Small, predict": 1.0,
    "EfficientNetB0, predict": 1.0,
    "keyword spotter, predict": 1.0,
    "ResNet50, predict": 1.0,
    "ConvNeXtTiny, predict": 1.0,
    "DenseNet121, predict": 1.0,
    "MultiHeadAttention over 512 steps, predict": 1.0,
    "MultiHeadAttention over 1,024 steps, predict": 1.0,
    "GPT-like block, predict": 1.0,
    "transformer encoder, predict": 1.0,
    "MLP of 4 × 4,096, predict": 1.0,
    "softmax of 20,000 classes, predict": 1.0,
    "1-D CNN over 4,096 steps, predict": 1.0,
    "TCN, predict": 1.0,
    "separable text network, predict": 1.0,
    "GRU, predict": 0.9,
    "BiLSTM with mask, predict": 0.9,
    "Conv3D, predict": 1.0,
    "autoencoder, predict": 1.0,
    "segmentation, predict": 1.0,
    "U-Net, predict": 1.0,
    "MobileNetV2, 96 pixels, batch 16, training step": 0.8,
    "ResNet-50, 112 pixels, batch 8, training step": 0.85,
    "U-Net, batch 4, training step": 0.85,
    "GPT, batch 8, training step": 0.85,
    "mean of embedded words, batch 64, training step": 0.85,
    "DenseNet-like, batch 32, training step": 0.85,
    "residual MLP of 30 layers, first training step": 1.0,
    "residual MLP of 100 layers, first training step": 1.0,
    "residual MLP of 300 layers, first training step": 1.0,
    "MobileNetV2, 96 pixels, first training step": 1.0,
    "ResNet-50, 112 pixels, first training step": 1.0,
    "MobileNetV2, first prediction": 1.0,
    "ResNet-50, first prediction": 1.0,
}
"""Ratio of the time on C to that of the fastest peer in the same run, at most."""
COMPILE_SECONDS = {"base": 0.3, "resnet50": 15.0}
"""Seconds from a model to code that runs, with an empty cache, at most."""
SECOND_START_SECONDS = 0.020
"""By how much a start on C may be longer than one on NumPy when the cache has everything."""
CALL_SECONDS = 1e-6
"""What a call of a compiled function that does almost nothing may take."""


def target_rows(
    key: str,
    work: str,
    comparison: Comparison,
    subjects: Sequence[str],
    peers: Sequence[str],
    others: Sequence[Versus] = (),
) -> list[Row]:
    """Return the rows of a work on C: the target is against the fastest peer, whichever that is.

    Args:
        key: of `TARGETS`.
        work: the work as the report calls it.
        comparison: the times.
        subjects: nnc's contestants on C; the target is for the first.
        peers: who competes.
        others: who is there to compare with, but is not a peer: loops by hand, other ways of nnc's, nnc on NumPy.
    """
    there = [name for name in peers if name in comparison.seconds]
    best = comparison.fastest(there) if there else None
    goal = Goal(at_most=TARGETS[key], is_target=True)
    versus = [Versus(name, goal if name == best else None) for name in there]
    return rows_of(f"{work}, on C", comparison, subjects, [*versus, *others])
