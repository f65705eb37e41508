"""PyTorch: the recurrent network in the usual eager loop, with all data as tensors."""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.peers.torch_training import training_loop
from benchmarks.recurrent import BATCH, FEATURES, RATE, UNITS, data, weights
from benchmarks.worker import Contestant


class Network(nn.Module):
    """An LSTM and a linear layer on its last output; of the LSTM's two biases one stays 0, since Keras has one."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(FEATURES, UNITS, batch_first=True)
        self.dense = nn.Linear(UNITS, 1)
        self.lstm.bias_hh_l0.requires_grad_(False)
        places = self.lstm.weight_ih_l0, self.lstm.weight_hh_l0, self.lstm.bias_ih_l0, *self.dense.parameters()
        with torch.no_grad():
            self.lstm.bias_hh_l0.zero_()
            for place, array in zip(places, weights(), strict=True):
                place.copy_(torch.from_numpy(array.T.copy()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return a number for each sequence."""
        outputs, _ = self.lstm(x)
        result: torch.Tensor = self.dense(outputs[:, -1])
        return result


def contestants() -> dict[str, Contestant]:
    """Return a contestant that trains epochs."""
    x, y = map(torch.from_numpy, data())
    model = Network()
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(parameters, RATE, eps=1e-7, fused=True)
    return {"PyTorch, eager": training_loop(model, optimizer, x, y, BATCH, nn.MSELoss())}
