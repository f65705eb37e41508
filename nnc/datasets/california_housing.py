"""California Housing: median prices of houses in 20,640 districts of 1990, by eight numbers about each."""

from __future__ import annotations

from nnc.datasets.housing import Split, shuffled_rows
from nnc.errors import DataError

_ROWS = {"large": None, "small": 600}


def load_data(
    version: str = "large", path: str = "california_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[Split, Split]:
    """Return rows and prices to train on, and to test on.

    Args:
        version: ``large`` for all districts, ``small`` for 600 of them.
        path: name of the file in the cache.
        test_split: fraction of the rows to test on.
        seed: seed of the order.

    Returns:
        Rows, float32 of shape (rows, 8), and prices in dollars, float32 of shape (rows).

    Raises:
        DataError: the file is not in the cache and cannot be downloaded, or is damaged; or an argument is none.

    https://keras.io/api/datasets/california_housing/
    """
    if version not in _ROWS:
        raise DataError(f"california_housing: version must be 'large' or 'small', got {version!r}")
    checksum = "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"
    return shuffled_rows(path, "california_housing.npz", checksum, test_split, seed, _ROWS[version])
