"""Words that arguments choose among, as types: what checks a program's text finds a slip before it runs."""

from __future__ import annotations

from typing import Literal

DataFormat = Literal["channels_last", "channels_first"]
"""Where the channels of images are."""
FillMode = Literal["constant", "nearest", "reflect", "wrap"]
"""Pixels outside of an image."""
FlipMode = Literal["horizontal", "vertical", "horizontal_and_vertical"]
"""How images are mirrored."""
Interpolation = Literal["bilinear", "nearest"]
"""How pixels between others are found."""
MergeMode = Literal["sum", "mul", "ave", "concat"]
"""How outputs of two directions are joined."""
MonitorMode = Literal["auto", "min", "max"]
"""Which numbers are better; see `nnc.callbacks`."""
OutputMode = Literal["int", "one_hot", "multi_hot", "count", "tf_idf", "tf-idf"]
"""Forms of encoded indices."""
PaddingName = Literal["valid", "same", "causal"]
"""Kinds of padding; ``causal`` is for layers over one axis."""
Reduction = Literal["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none"]
"""Ways to reduce the losses of a batch."""
ResizeMethod = Literal["bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5"]
"""How pixels of another number are found."""
ScoreMode = Literal["dot", "concat"]
"""How queries and keys are compared."""
FloatName = Literal["float32", "float64"]
"""Element types to compute in."""
Verbosity = Literal[0, 1, 2, "auto"] | bool
"""The amount that `fit` prints; see `nnc.program.progress`."""
