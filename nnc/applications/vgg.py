"""VGG: blocks of 3 × 3 convolutions (Simonyan and Zisserman, 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from nnc.applications.networks import Network, network
from nnc.applications.request import Request
from nnc.applications.weight_files import FOLDER, KERNELS, weight_files
from nnc.layers import Conv2D, Dense, Flatten, MaxPooling2D
from nnc.models import Model

_CHANNELS = (64, 128, 256, 512, 512)


def vgg(function: str, module: str, convolutions: Sequence[int], checksums: Sequence[str]) -> Network:
    """Return the function of a network.

    Args:
        function: its name.
        module: where it stands.
        convolutions: how many each block has.
        checksums: of its files.
    """
    build = partial(_build, convolutions, checksums)
    layers = sum(convolutions) + 3
    return network(function, module, function.lower(), build, f"Return VGG with {layers} layers of weights.")


def _build(convolutions: Sequence[int], checksums: Sequence[str], request: Request) -> Model:
    images = x = request.images(request.image_shape(edge=224, least=32))
    for block, (count, channels) in enumerate(zip(convolutions, _CHANNELS, strict=True), 1):
        for number in range(1, count + 1):
            x = Conv2D(channels, 3, activation="relu", padding="same", name=f"block{block}_conv{number}")(x)
        x = MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)
    if request.include_top:
        x = Flatten(name="flatten")(x)
        for name in ("fc1", "fc2"):
            x = Dense(4096, activation="relu", name=name)(x)
        request.check_classifier()
        x = Dense(request.classes, activation=request.classifier_activation, name="predictions")(x)
    else:
        x = request.pooled(x)
    name = request.network.lower()
    return request.model(images, x, weight_files(f"{FOLDER}{name}/", name + KERNELS, checksums))
