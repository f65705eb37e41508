"""Models that published packages build for Keras 3, made small, with layers and functions of their authors'."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

from tests.hub.table import PublishedModel

MODELS: dict[str, PublishedModel] = {}


def published(package: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """List a model of a package, which the function below makes with Keras and is named after."""

    def listed(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def made() -> Any:
            import keras

            return make(keras)

        MODELS[make.__name__] = PublishedModel(make.__name__, package, made)
        return make

    return listed


def chain(keras: Any, shape: tuple[int, ...], *layers: Any) -> Any:
    """Return a functional model of layers one behind the other."""
    x = given = keras.Input(shape)
    for layer in layers:
        x = layer(x)
    return keras.Model(given, x)


@published("keras-tcn")
def temporal_convolutions(keras: Any) -> Any:
    from tcn import TCN

    return chain(keras, (20, 3), TCN(8, kernel_size=3, dilations=(1, 2, 4)), keras.layers.Dense(2))


@published("keras-tcn")
def temporal_convolutions_normalized(keras: Any) -> Any:
    from tcn import TCN

    options = {"return_sequences": True, "use_skip_connections": False, "use_batch_norm": True}
    network = TCN(8, dilations=(1, 2), **options)
    return chain(keras, (20, 3), network, keras.layers.Dense(1))


@published("csbdeep")
def u_net(keras: Any) -> Any:
    from csbdeep.internals.nets import common_unet

    return common_unet(n_depth=2, n_first=8)((32, 32, 1))


@published("csbdeep")
def u_net_with_a_scale(keras: Any) -> Any:
    from csbdeep.internals.nets import common_unet

    return common_unet(n_depth=1, n_first=8, prob_out=True)((32, 32, 1))


@published("csbdeep")
def star_distances(keras: Any) -> Any:
    """The network of StarDist, which csbdeep builds."""
    from csbdeep.internals.blocks import unet_block

    x = keras.Input((32, 32, 1))
    return keras.Model(x, keras.layers.Conv2D(33, 1)(unet_block(2, 8, (3, 3))(x)))


@published("keras-tuner")
def hyper_resnet(keras: Any) -> Any:
    import keras_tuner

    network = keras_tuner.applications.HyperResNet(input_shape=(32, 32, 3), classes=4)
    return network.build(keras_tuner.HyperParameters())


@published("keras-tuner")
def hyper_xception(keras: Any) -> Any:
    import keras_tuner

    network = keras_tuner.applications.HyperXception(input_shape=(71, 71, 3), classes=4)
    return network.build(keras_tuner.HyperParameters())


@published("ncps")
def liquid_time_constants(keras: Any) -> Any:
    from ncps.keras import LTC

    return chain(keras, (7, 3), LTC(5), keras.layers.Dense(2))


@published("ncps")
def closed_form_continuous(keras: Any) -> Any:
    from ncps.keras import CfC

    return chain(keras, (7, 3), CfC(5), keras.layers.Dense(2))


@published("keras-mdn-layer")
def mixture_density(keras: Any) -> Any:
    from keras_mdn_layer import MDN

    return chain(keras, (4,), keras.layers.Dense(8, "relu"), MDN(2, 3))


@published("keras-rs")
def feature_cross(keras: Any) -> Any:
    from keras_rs.layers import FeatureCross

    given = keras.Input((6,))
    x = FeatureCross(projection_dim=3)(given, given)
    return keras.Model(given, keras.layers.Dense(1)(FeatureCross()(given, x)))


@published("keras-rs")
def dot_interaction(keras: Any) -> Any:
    from keras_rs.layers import DotInteraction

    given = [keras.Input((6,), name=name) for name in ("user", "item", "context")]
    return keras.Model(given, keras.layers.Dense(1)(DotInteraction()(given)))


def _u_nets(name: str, *arguments: Any, **options: Any) -> None:
    def make(keras: Any) -> Any:
        from keras_unet_collection import models

        return getattr(models, name)(*arguments, **options)

    make.__name__ = name
    published("keras-unet-collection")(make)


_u_nets("unet_2d", (32, 32, 3), [8, 16, 32], 2)
_u_nets("att_unet_2d", (32, 32, 3), [8, 16, 32], 2, backbone=None)
_u_nets("unet_plus_2d", (32, 32, 3), [8, 16, 32], 2)
_u_nets("r2_unet_2d", (32, 32, 3), [8, 16, 32], 2)
_u_nets("unet_3plus_2d", (64, 64, 3), 2, [8, 16, 32, 64])
_u_nets(
    "u2net_2d",
    (64, 64, 3),
    2,
    filter_num_down=[8, 16, 16, 16],
    filter_mid_num_down=[4, 4, 4, 4],
    filter_4f_num=[16, 16],
    filter_4f_mid_num=[8, 8],
)


def _image_model(name: str) -> None:
    def make(keras: Any) -> Any:
        return getattr(import_module("kimm.models"), name)(input_shape=(64, 64, 3), weights=None, classes=5)

    make.__name__ = name
    published("kimm")(make)


for _name in ("ConvNeXtAtto", "HGNetV2B0", "MobileViTS", "MobileViTV2W050", "VisionTransformerTiny16"):
    _image_model(_name)


def _attention_model(family: str, name: str) -> None:
    """List a model of a package that was written for Keras 2, by its way to what was to become Keras 3."""

    def make(keras: Any) -> Any:
        os.environ["KECAM_BACKEND"] = "keras_core"
        for module in [item for item in sys.modules if item == "keras" or item.startswith("keras.")]:
            sys.modules.setdefault(f"keras_core{module.removeprefix('keras')}", sys.modules[module])
        with suppress(ModuleNotFoundError):  # of PyTorch, which parts of it want that are not used here
            import_module("keras_cv_attention_models")
        models = import_module(f"keras_cv_attention_models.{family}")
        return getattr(models, name)(input_shape=(64, 64, 3), pretrained=None, num_classes=5)

    make.__name__ = name
    published("keras-cv-attention-models")(make)


for _family, _name in (
    *(("coat", "CoaTLiteTiny"), ("convnext", "ConvNeXtV2Atto"), ("efficientnet", "EfficientNetV2B0")),
    *(("fasternet", "FasterNetT0"), ("ghostnet", "GhostNet"), ("mobilenetv3_family", "MobileNetV3Small050")),
    *(("mobilevit", "MobileViT_XXS"), ("pvt", "PVT_V2B0"), ("repvit", "RepViT_M09")),
):
    _attention_model(_family, _name)
