"""PyTorch: the networks as modules of its own library, with the weights that all engines begin with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from benchmarks.networks import attention, dense, images, recurrent, sequences, trained_images, transformer, volumes
from benchmarks.networks.same_weights import kernel
from benchmarks.peers import torch_sequences, torch_trained_images
from benchmarks.peers.torch_layers import filled, stacked


def _softmax(logits: torch.Tensor) -> torch.Tensor:
    return torch.softmax(logits, 1)


@dataclass(frozen=True)
class TorchNetwork:
    """A network.

    Args:
        make: returns the module; it returns logits where the loss is a cross-entropy.
        optimizer: of its parameters.
        loss: mean loss from outputs and targets.
        right: which outputs are right, where accuracy is measured.
        inputs: brings arrays into the form that suits it.
        activation: from outputs to predictions.
    """

    make: Callable[[], nn.Module]
    optimizer: Callable[[Any], Any]
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    right: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None
    inputs: Callable[[Any], torch.Tensor] = torch.from_numpy
    activation: Callable[[torch.Tensor], torch.Tensor] = _softmax


def channels_last(pictures: Any) -> torch.Tensor:
    """Return pictures with channels first by name and last in memory."""
    found: torch.Tensor = torch.from_numpy(pictures).permute(0, 3, 1, 2)
    return found.contiguous(memory_format=torch.channels_last)


def _dense(widths: tuple[int, ...], between: type[nn.Module]) -> nn.Module:
    layers: list[nn.Module] = []
    for weights, bias in dense.weights(widths):
        layers += [filled(nn.Linear(*weights.shape), weights.T, bias), between()]
    return nn.Sequential(*layers[:-1])


def _cnn() -> nn.Module:
    return nn.Sequential(
        _convolution(1, 32, 0),
        nn.ReLU(),
        nn.MaxPool2d(2),
        _convolution(32, 64, 1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        _linear(images.CNN_FLAT, 128, 0, side=5),
        nn.ReLU(),
        _linear(128, 10, 1),
    ).to(memory_format=torch.channels_last)


def _convolution(channels: int, filters: int, number: int) -> Any:
    weights = kernel("Conv2D", number, (3, 3, channels, filters)).transpose(3, 2, 0, 1)
    return filled(nn.Conv2d(channels, filters, 3), weights)


def _linear(inputs: int, units: int, number: int, side: int = 1) -> Any:
    """Return a layer whose inputs are flattened with channels first, where the kernel has them last."""
    weights = kernel("Dense", number, (inputs, units)).reshape(side, side, -1, units).transpose(3, 2, 0, 1)
    return filled(nn.Linear(inputs, units), weights.reshape(units, inputs))


class _Recurrent(nn.Module):
    """An LSTM, alone or with a linear layer on its last output; of its two biases one stays 0, since Keras has one."""

    def __init__(self, alone: bool = False) -> None:
        super().__init__()
        self.lstm = nn.LSTM(recurrent.FEATURES, recurrent.UNITS, batch_first=True)
        self.dense = None if alone else nn.Linear(recurrent.UNITS, 1)
        self.lstm.bias_hh_l0.requires_grad_(False)
        places = [self.lstm.weight_ih_l0, self.lstm.weight_hh_l0, self.lstm.bias_ih_l0]
        places += [] if self.dense is None else list(self.dense.parameters())
        with torch.no_grad():
            self.lstm.bias_hh_l0.zero_()
            for place, array in zip(places, recurrent.weights(), strict=False):
                place.copy_(torch.from_numpy(array.T.copy()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return a row for each sequence."""
        outputs, _ = self.lstm(x)
        last: torch.Tensor = outputs[:, -1]
        return last if self.dense is None else self.dense(last)


class _Encoder(nn.Module):
    """The library's encoder, the mean over time, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            transformer.WIDTH,
            transformer.HEADS,
            transformer.INNER,
            dropout=0.0,
            activation="relu",
            layer_norm_eps=transformer.EPSILON,
            batch_first=True,
        )
        self.encoder = nn.TransformerEncoder(layer, transformer.LAYERS)
        arrays = transformer.weights()
        with torch.no_grad():
            for layer in self.encoder.layers:
                _fill_block(layer, arrays[:16])
                arrays = arrays[16:]
        self.dense = filled(nn.Linear(transformer.WIDTH, transformer.CLASSES), arrays[0].T, arrays[1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits for each sequence."""
        result: torch.Tensor = self.dense(self.encoder(x).mean(1))
        return result


def _fill_block(layer: Any, arrays: list[Any]) -> None:
    """Copy Keras's weights of a block: projections one below the other, kernels the other way round."""
    width, heads = transformer.WIDTH, layer.self_attn
    weights, bias = stacked(arrays[0:6:2], arrays[1:6:2])
    heads.in_proj_weight.copy_(torch.from_numpy(weights))
    heads.in_proj_bias.copy_(torch.from_numpy(bias))
    filled(heads.out_proj, arrays[6].reshape(width, width).T, arrays[7])
    filled(layer.norm1, arrays[8], arrays[9])
    filled(layer.linear1, arrays[10].T, arrays[11])
    filled(layer.linear2, arrays[12].T, arrays[13])
    filled(layer.norm2, arrays[14], arrays[15])


def _adam(rate: float) -> Callable[[Any], Any]:
    """Return what makes Adam with epsilon where Keras has it: beside the root of a mean that is not corrected yet."""

    def make(parameters: Any) -> torch.optim.Adam:
        optimizer = torch.optim.Adam(parameters, rate, fused=True)
        steps = count(1)

        def place_epsilon(*_: Any) -> None:
            correction = 1.0 - optimizer.defaults["betas"][1] ** next(steps)
            optimizer.param_groups[0]["eps"] = EPSILON * correction**-0.5

        optimizer.register_step_pre_hook(place_epsilon)
        return optimizer

    return make


def _momentum(rate: float) -> Callable[[Any], Any]:
    return lambda parameters: torch.optim.SGD(parameters, rate, momentum=0.9, fused=True)


def _signs(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    return (logits > 0) == (truth > 0.5)


def _largest(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    return logits.argmax(1) == truth


def _likeliest(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    return logits.argmax(-1) == truth


def _of_tokens(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    return cross_entropy(logits.flatten(0, 1), truth.flatten())


def _on_pictures(make: Callable[[], nn.Module], rate: float = trained_images.RATE) -> TorchNetwork:
    return TorchNetwork(make, _momentum(rate), _CLASSES, _largest, channels_last)


EPSILON = 1e-7
"""Of Keras's Adam."""
_CLASSES = nn.CrossEntropyLoss()
TORCH_NETWORKS = {
    "base": TorchNetwork(
        lambda: _dense(dense.BASE_WIDTHS, nn.Sigmoid),
        lambda parameters: torch.optim.SGD(parameters, dense.BASE_RATE, fused=True),
        nn.BCEWithLogitsLoss(),
        _signs,
        activation=torch.sigmoid,
    ),
    "mlp": TorchNetwork(lambda: _dense(dense.MLP_WIDTHS, nn.ReLU), _adam(dense.MLP_RATE), _CLASSES, _largest),
    "digits": TorchNetwork(lambda: _dense(dense.DIGITS_WIDTHS, nn.ReLU), _adam(dense.MLP_RATE), _CLASSES, _largest),
    "cnn": TorchNetwork(_cnn, _adam(images.CNN_RATE), _CLASSES, _largest, channels_last),
    "lstm": TorchNetwork(_Recurrent, _adam(recurrent.RATE), nn.MSELoss(), None, activation=nn.Identity()),
    "lstm_alone": TorchNetwork(
        lambda: _Recurrent(alone=True), _adam(recurrent.RATE), nn.MSELoss(), None, activation=nn.Identity()
    ),
    "transformer": TorchNetwork(_Encoder, _adam(transformer.RATE), _CLASSES, _largest),
    "gpt": TorchNetwork(torch_sequences.gpt, _adam(attention.GPT_RATE), _of_tokens, _likeliest),
    "mean_of_words": TorchNetwork(
        torch_sequences.mean_of_words,
        _adam(sequences.TEXT_RATE),
        nn.BCEWithLogitsLoss(),
        _signs,
        activation=torch.sigmoid,
    ),
    "unet": _on_pictures(torch_trained_images.unet, volumes.UNET_RATE),
    "MobileNetV2_96": _on_pictures(torch_trained_images.mobilenet_v2),
    "ResNet50_112": _on_pictures(torch_trained_images.resnet50),
    "densenet": _on_pictures(torch_trained_images.densenet),
}
