"""Boston Housing: prices of 506 houses of the 1970s, by 13 numbers about where they stand.

One of these numbers assumes that prices depend on the skin colour of neighbours; Keras advises against the data set.
"""

from __future__ import annotations

from nnc.datasets.housing import Split, shuffled_rows


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> tuple[Split, Split]:
    """Return rows and prices to train on, and to test on.

    Args:
        path: name of the file in the cache.
        test_split: fraction of the rows to test on.
        seed: seed of the order.

    Returns:
        Rows, float64 of shape (rows, 13), and prices in thousands of dollars, float64 of shape (rows).

    Raises:
        DataError: the file is not in the cache and cannot be downloaded, or is damaged; or the fraction is none.

    https://keras.io/api/datasets/boston_housing/
    """
    checksum = "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"
    return shuffled_rows(path, "boston_housing.npz", checksum, test_split, seed)
