"""Keras's files of trained weights: their names, addresses and checksums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnc.downloads import get_file

FOLDER = "https://storage.googleapis.com/tensorflow/keras-applications/"
"""Where Keras's own files are, but those of EfficientNet."""
KERNELS = "_weights_tf_dim_ordering_tf_kernels"
"""Ends the names of the older files."""


@dataclass(frozen=True)
class WeightFile:
    """A file of trained weights.

    Args:
        name: its name in the cache.
        address: where it is downloaded from.
        checksum: of its content, None where Keras knows none.
    """

    name: str
    address: str
    checksum: str | None = None

    def path(self) -> str:
        """Return the path of the file in Keras's cache, ``~/.keras/models``, after a download where it is missing.

        Raises:
            DataError: it is not there and cannot be downloaded; the message says where to put it.
        """
        return get_file(self.name, self.address, cache_subdir="models", file_hash=self.checksum)


@dataclass(frozen=True)
class WeightFiles:
    """The files of one network.

    Args:
        whole: with the weights of the classifier.
        without_top: without them.
    """

    whole: WeightFile
    without_top: WeightFile


def weight_files(
    folder: str, stem: str, checksums: Sequence[str | None] = (None, None), suffix: str = "_notop"
) -> WeightFiles:
    """Return the files of a network, which are named alike.

    Args:
        folder: their address without the name.
        stem: what both names begin with.
        checksums: of the file with the classifier, and of that without.
        suffix: what the name of the latter has behind.
    """
    names = f"{stem}.h5", f"{stem}{suffix}.h5"
    whole, without_top = (
        WeightFile(name, folder + name, checksum) for name, checksum in zip(names, checksums, strict=True)
    )
    return WeightFiles(whole, without_top)
