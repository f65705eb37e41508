"""What a user asks of a network, checked; and what all networks do with it: their input, their head, their weights."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from typing import Any

from nnc import activations
from nnc.applications.weight_files import WeightFiles
from nnc.errors import ModelError, NncWarning
from nnc.layers import Dense, GlobalAveragePooling2D, GlobalMaxPooling2D, Input, SymbolicTensor
from nnc.models import Model
from nnc.models.wiring import source_inputs

IMAGENET = "imagenet"
"""The weights that Keras has files of."""
CLASSES = 1000
"""Classes of ImageNet."""
Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Request:
    """The arguments that all networks take.

    Args:
        network: the function that is called, for messages.
        include_top: whether the network classifies.
        weights: None for random ones, ``imagenet``, or the path of a file of Keras's.
        input_tensor: a symbolic tensor that the network is applied to, instead of an input of its own.
        input_shape: (height, width, channels) of an image.
        pooling: ``avg`` or ``max``, what a network without classifier does with its feature maps; None leaves them.
        classes: number of classes.
        classifier_activation: name, function or `Activation`.
        name: of the model.

    Raises:
        ModelError: an argument is none of these, or they do not fit together.
    """

    network: str
    include_top: bool
    weights: Any
    input_tensor: Any
    input_shape: Any
    pooling: Any
    classes: Any
    classifier_activation: Any
    name: str | None

    def __post_init__(self) -> None:
        is_path = isinstance(self.weights, str | os.PathLike)
        if not (self.weights is None or self.is_trained or (is_path and os.path.exists(self.weights))):
            self.refuse(
                "weights must be None (random ones), 'imagenet' (those of Keras), or the path of a file that there is,"
                f" got {self.weights!r}"
            )
        if self.is_trained and self.include_top and self.classes != CLASSES:
            self.refuse(
                f"classes must be {CLASSES} with weights='imagenet' and include_top=True, got {self.classes!r}; take"
                " include_top=False and put a Dense layer of your own behind"
            )
        if self.pooling not in (None, "avg", "max"):
            self.refuse(f"pooling must be None, 'avg' or 'max', got {self.pooling!r}")
        if self.input_tensor is not None and not isinstance(self.input_tensor, SymbolicTensor):
            self.refuse(
                "input_tensor must be symbolic, what nnc.Input or a layer returns, got"
                f" {type(self.input_tensor).__name__}"
            )

    @property
    def is_trained(self) -> bool:
        """Whether Keras's own weights are asked for."""
        return isinstance(self.weights, str) and self.weights == IMAGENET

    def refuse(self, message: str) -> None:
        """Raise an error.

        Raises:
            ModelError: always.
        """
        raise ModelError(f"{self.network}: {message}")

    def warn(self, message: str) -> None:
        """Warn of something that is allowed."""
        warnings.warn(NncWarning("applications", f"{self.network}: {message}"), stacklevel=2)

    def image_shape(self, edge: int, least: int) -> Shape:
        """Return the shape of an image: the one that is asked for, or the network's own.

        Args:
            edge: height and width of the images that the network was made for.
            least: the smallest height and width that it takes.

        Raises:
            ModelError: the shape that is asked for does not fit.
        """
        given = None if not self.input_shape else tuple(self.input_shape)
        channels = 3
        if given is not None and not self.is_trained and len(given) == 3:
            channels = given[-1]
            if channels not in (1, 3):
                self.warn(f"images usually have 1 or 3 channels, got input_shape={given}")
        usual = (edge, edge, channels)
        if self.is_trained and self.include_top:
            if given not in (None, usual):
                self.refuse(
                    f"input_shape must be {usual} with weights='imagenet' and include_top=True, got {given}; take"
                    " include_top=False for images of another size"
                )
            return usual
        shape: Shape = given or (usual if self.include_top else (None, None, 3))
        self._check_image_shape(shape, least)
        return shape

    def _check_image_shape(self, shape: Shape, least: int) -> None:
        if len(shape) != 3:
            self.refuse(f"input_shape must be (height, width, channels), got {shape}")
        if self.is_trained and shape[-1] != 3:
            self.refuse(f"images must have 3 channels with weights='imagenet', got input_shape={shape}")
        if any(length is not None and length < least for length in shape[:2]):
            self.refuse(f"images must be at least {least} pixels high and wide, got input_shape={shape}")
        if self.include_top and None in shape:
            self.refuse(f"input_shape must have no None with include_top=True, got {shape}")

    def check_tensor(self) -> None:
        """Check that a tensor is as wide as the images that are asked for.

        Raises:
            ModelError: it is not.
        """
        if self.input_tensor is not None and self.input_shape is not None:
            width = self.input_tensor.shape[2]
            if width != self.input_shape[1]:
                self.refuse(
                    f"input_shape must be that of input_tensor, got {self.input_shape} and {self.input_tensor.shape}"
                )

    def images(self, shape: Any) -> Any:
        """Return the symbolic images that the network begins with.

        Args:
            shape: of an image, for an input of its own.
        """
        return Input(shape) if self.input_tensor is None else self.input_tensor

    def check_classifier(self) -> None:
        """Check the activation of the classifier, which comes with trained weights.

        Raises:
            ModelError: it is another.
        """
        if self.weights is None:
            return
        found = activations.get(self.classifier_activation)
        if found not in (activations.get("softmax"), activations.get(None)):
            self.refuse(
                "classifier_activation must be 'softmax' or None with weights and include_top=True, got"
                f" {self.classifier_activation!r}"
            )

    def head(
        self, x: Any, *, top: str | None = "avg_pool", named: bool = False, dropout: Any = None, **options: Any
    ) -> Any:
        """Return classes, or pooled feature maps, of feature maps.

        Args:
            x: feature maps.
            top: name of the pooling before the classifier.
            named: whether pooling without a classifier is named too.
            dropout: a layer before the classifier.
            options: further arguments of the classifier.
        """
        if not self.include_top:
            return self.pooled(x, named=named)
        x = GlobalAveragePooling2D(name=top)(x)
        if dropout is not None:
            x = dropout(x)
        self.check_classifier()
        return Dense(self.classes, activation=self.classifier_activation, name="predictions", **options)(x)

    def pooled(self, x: Any, *, named: bool = False) -> Any:
        """Return feature maps, or what `pooling` makes of them.

        Args:
            x: feature maps.
            named: whether the layer has a name.
        """
        if self.pooling is None:
            return x
        layer = GlobalAveragePooling2D if self.pooling == "avg" else GlobalMaxPooling2D
        return layer(name=f"{self.pooling}_pool" if named else None)(x)

    def model(self, images: Any, outputs: Any, files: WeightFiles, name: str | None = None) -> Model:
        """Return the model, with its weights.

        Args:
            images: what the network begins with.
            outputs: what it ends with.
            files: Keras's own weights.
            name: of the model, by default what the user says.

        Raises:
            ModelError: the weights do not fit.
            DataError: Keras's own are not there and cannot be downloaded.
        """
        inputs = images if self.input_tensor is None else source_inputs(images)
        found = Model(inputs, outputs, name=self.name if name is None else name)
        if self.is_trained:
            found.load_weights((files.whole if self.include_top else files.without_top).path())
        elif self.weights is not None:
            found.load_weights(self.weights)
        return found
