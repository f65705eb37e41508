"""PyTorch: the transformer encoder of its own library in the usual eager loop, with the fused Adam."""

from __future__ import annotations

import numpy
import torch
from torch import nn

from benchmarks.peers.torch_training import chosen, training_loop
from benchmarks.transformer import BATCH, CLASSES, EPSILON, HEADS, INNER, LAYERS, RATE, WIDTH, data, weights
from benchmarks.worker import Contestant


class Network(nn.Module):
    """The encoder, the mean over time, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, INNER, dropout=0.0, activation="relu", layer_norm_eps=EPSILON, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, LAYERS)
        self.dense = nn.Linear(WIDTH, CLASSES)
        arrays = weights()
        with torch.no_grad():
            for layer in self.encoder.layers:
                _fill(layer, arrays[:16])
                arrays = arrays[16:]
            self.dense.weight.copy_(torch.from_numpy(arrays[0].T.copy()))
            self.dense.bias.copy_(torch.from_numpy(arrays[1]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits for each sequence."""
        result: torch.Tensor = self.dense(self.encoder(x).mean(1))
        return result


def _fill(layer: nn.Module, arrays: list[numpy.ndarray]) -> None:
    """Copy Keras's weights of a layer: projections one below the other, kernels the other way round."""
    kernels, biases = arrays[0:6:2], arrays[1:6:2]
    attention = layer.self_attn
    given = [
        (attention.in_proj_weight, numpy.concatenate([kernel.reshape(WIDTH, WIDTH).T for kernel in kernels])),
        (attention.in_proj_bias, numpy.concatenate([bias.ravel() for bias in biases])),
        (attention.out_proj.weight, arrays[6].reshape(WIDTH, WIDTH).T),
        (attention.out_proj.bias, arrays[7]),
        (layer.norm1.weight, arrays[8]),
        (layer.norm1.bias, arrays[9]),
        (layer.linear1.weight, arrays[10].T),
        (layer.linear1.bias, arrays[11]),
        (layer.linear2.weight, arrays[12].T),
        (layer.linear2.bias, arrays[13]),
        (layer.norm2.weight, arrays[14]),
        (layer.norm2.bias, arrays[15]),
    ]
    for place, array in given:
        place.copy_(torch.from_numpy(array.copy()))


def contestants() -> dict[str, Contestant]:
    """Return a contestant that trains epochs."""
    x, y = map(torch.from_numpy, data())
    model = Network().train()
    optimizer = torch.optim.Adam(model.parameters(), RATE, eps=1e-7, fused=True)
    loop = training_loop(model, optimizer, x, y.long(), BATCH, nn.CrossEntropyLoss(), chosen)
    return {"PyTorch, eager, fused Adam": loop}
