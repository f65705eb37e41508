"""Draws the README's picture, the memory of a training step of ResNet-50: ``python -m documentation.readme_picture``.

It needs TensorFlow, for the network is that of keras.applications.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from documentation.blocks import DOCS

PICTURE = DOCS / "images" / "resnet50-memory.png"
BATCH = 32


def save_network(path: Path) -> None:
    """Write the network, with an optimizer and a loss, to a ``.keras`` file."""
    import keras

    model = keras.applications.ResNet50(weights=None)
    model.compile("adam", "categorical_crossentropy")
    model.save(path)


def draw(picture: Path = PICTURE) -> None:
    """Draw the picture as the command line does, of the plan that needs no compiler."""
    from nnc.cli.app import app

    with TemporaryDirectory() as folder:
        network = Path(folder) / "resnet50.keras"
        save_network(network)
        options = ["--level", "memory", "--for", "train", "--batch", str(BATCH), "--backend", "numpy"]
        app(["render", str(network), *options, "-o", str(picture)], standalone_mode=False)


if __name__ == "__main__":
    draw()
