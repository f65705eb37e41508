"""The columns of a table as numbers that a network takes, each by a layer of its own: ``keras.utils.FeatureSpace``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from nnc.errors import DataError, ModelError, nearest
from nnc.feature_columns import batches, column
from nnc.layers import (
    CategoryEncoding,
    Discretization,
    Identity,
    Input,
    IntegerLookup,
    Layer,
    Normalization,
    Rescaling,
    SymbolicTensor,
)
from nnc.layers.hashing import HashedCrossing, Hashing
from nnc.layers.string_lookup import StringLookup
from nnc.layers.text_layer import TextLayer
from nnc.ops import concatenate
from nnc.plugins import save_model
from nnc.saving import deserialize_keras_object, serialize_keras_object

__all__ = ["Cross", "Feature", "FeatureSpace"]

Mode = Literal["int", "one_hot", "float"]
_MODULE = "keras.src.layers.preprocessing.feature_space"


class Cross:
    """Several features that are hashed to one bucket together.

    Args:
        feature_names: the features.
        crossing_dim: number of buckets.
        output_mode: ``one_hot``, or ``int`` for the number of the bucket.

    Raises:
        DataError: there is no such mode.
    """

    def __init__(self, feature_names: Sequence[str], crossing_dim: int, output_mode: Mode = "one_hot") -> None:
        _check_mode(output_mode, ("int", "one_hot"))
        self.feature_names = tuple(feature_names)
        self.crossing_dim = crossing_dim
        self.output_mode = output_mode

    @property
    def name(self) -> str:
        """The names of the features, joined by ``_X_``."""
        return "_X_".join(self.feature_names)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {
            "feature_names": self.feature_names,
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }


class Feature:
    """A column, and the layer that makes numbers of it.

    Args:
        dtype: element type of the column: ``float32``, ``int32`` or ``string``.
        preprocessor: the layer, or its config.
        output_mode: ``float`` for what the layer returns, ``int`` where that is a whole number, ``one_hot`` for a row
            of zeros with a one instead.

    Raises:
        DataError: there is no such mode.
    """

    def __init__(self, dtype: str, preprocessor: Any, output_mode: Mode) -> None:
        _check_mode(output_mode, ("int", "one_hot", "float"))
        self.dtype = dtype
        self.preprocessor: Any = _layer_of(preprocessor) if isinstance(preprocessor, dict) else preprocessor
        self.output_mode = output_mode

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, the layer as plain data."""
        return {
            "dtype": self.dtype,
            "preprocessor": serialize_keras_object(self.preprocessor),
            "output_mode": self.output_mode,
        }


class FeatureSpace:
    """Makes numbers of the columns of a table (keras.io/api/utils/feature_space).

    It is called with a dictionary of columns, arrays or lists of as many rows, or of the values of one row. In a model
    `get_inputs` and `get_encoded_features` are the beginning of a functional model, whose program does it.

    Args:
        features: by the name of a column what it is: ``float``, ``float_normalized``, ``float_rescaled``,
            ``float_discretized``, ``integer_categorical``, ``string_categorical``, ``integer_hashed``,
            ``string_hashed``, or what the methods of these names return.
        output_mode: ``concat`` for all features in one row, ``dict`` for a dictionary of them.
        crosses: names of features that are hashed together, or what `cross` returns.
        crossing_dim: buckets of crosses.
        hashing_dim: buckets of hashed features.
        num_discretization_bins: bins of ``float_discretized``.
        name: of the feature space.

    Attributes:
        features: the features by name.
        preprocessors: their layers.
        crosses: the crosses.
        crossers: their layers by the name of the cross.

    Raises:
        DataError: a feature or a cross is not what there is.

    >>> space = FeatureSpace({"city": "string_categorical", "size": "float_rescaled"})
    >>> space.adapt({"city": ["Ulm", "Bonn", "Ulm"], "size": [1.0, 2.0, 3.0]})
    >>> space({"city": ["Ulm", "Rome"], "size": [4.0, 5.0]}).tolist()
    [[0.0, 1.0, 0.0, 4.0], [1.0, 0.0, 0.0, 5.0]]
    """

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: Literal["concat", "dict"] = "concat",
        crosses: Iterable[Any] | None = None,
        crossing_dim: int | None = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        if not features:
            raise DataError("FeatureSpace: The `features` argument cannot be None or empty.")
        self.name = name or "feature_space"
        self.crossing_dim = crossing_dim
        self.hashing_dim = hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.features = {key: self._feature(key, value) for key, value in features.items()}
        self.crosses = [self._cross(item) for item in crosses or ()]
        if output_mode not in ("concat", "dict"):
            raise DataError(
                "FeatureSpace: Invalid value for argument `output_mode`. Expected 'concat' or 'dict', got"
                f" {output_mode!r}"
            )
        self.output_mode = output_mode
        self.inputs = {key: Input((1,), dtype=item.dtype, name=key) for key, item in self.features.items()}
        self.preprocessors = {key: item.preprocessor for key, item in self.features.items()}
        self.crossers = {cross.name: HashedCrossing(cross.crossing_dim, name=cross.name) for cross in self.crosses}
        self._encoders: dict[str, CategoryEncoding] | None = None
        self._encoded: Any = None
        self._is_adapted = False

    # ------------------------------------------------------------------ features

    @classmethod
    def cross(cls, feature_names: Sequence[str], crossing_dim: int, output_mode: Mode = "one_hot") -> Cross:
        """Return features that are hashed together; see `Cross`."""
        return Cross(feature_names, crossing_dim, output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: Mode) -> Feature:
        """Return a column with a layer of one's own; see `Feature`."""
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float_rescaled(cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None) -> Feature:
        """Return a column of numbers, multiplied by a scale and moved by an offset."""
        return Feature("float32", Rescaling(scale, offset, name=_named(name)), "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Return a column of numbers, moved and scaled to mean 0 and variance 1."""
        return Feature("float32", Normalization(axis=-1, name=_named(name)), "float")

    @classmethod
    def float_discretized(
        cls, num_bins: int, bin_boundaries: Any = None, output_mode: Mode = "one_hot", name: str | None = None
    ) -> Feature:
        """Return a column of numbers, by the bins that they lie in."""
        layer = Discretization(num_bins=num_bins, bin_boundaries=bin_boundaries, name=_named(name))
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: Mode = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Return a column of whole numbers, by their place among those of the data."""
        layer = IntegerLookup(max_tokens=max_tokens, num_oov_indices=num_oov_indices, name=_named(name))
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: Mode = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Return a column of texts, by their place among those of the data."""
        layer = StringLookup(max_tokens=max_tokens, num_oov_indices=num_oov_indices, name=_named(name))
        return Feature("string", layer, output_mode)

    @classmethod
    def string_hashed(cls, num_bins: int, output_mode: Mode = "one_hot", name: str | None = None) -> Feature:
        """Return a column of texts, by the bucket that they are hashed to."""
        return Feature("string", Hashing(num_bins=num_bins, name=_named(name)), output_mode)

    @classmethod
    def integer_hashed(cls, num_bins: int, output_mode: Mode = "one_hot", name: str | None = None) -> Feature:
        """Return a column of whole numbers, by the bucket that they are hashed to."""
        return Feature("int32", Hashing(num_bins=num_bins, name=_named(name)), output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Return a column of numbers as they are."""
        return Feature("float32", Identity(dtype="float32", name=_named(name)), "float")

    def _feature(self, name: str, given: Any) -> Feature:
        if isinstance(given, Feature):
            return given
        if isinstance(given, dict):
            return Feature(**given["config"])
        further = {
            "float_discretized": (self.num_discretization_bins,),
            "integer_hashed": (self.hashing_dim,),
            "string_hashed": (self.hashing_dim,),
        }
        if given not in _KINDS:
            raise DataError(f"FeatureSpace: Invalid feature type: {given!r}.{nearest(str(given), _KINDS)}")
        made: Feature = getattr(self, given)(*further.get(given, ()), name=name)
        return made

    def _cross(self, given: Any) -> Cross:
        if isinstance(given, dict):
            return Cross(**given["config"])
        if isinstance(given, Cross):
            return given
        if not self.crossing_dim:
            raise DataError("FeatureSpace: with `crosses` the argument `crossing_dim` must be given as well")
        unknown = [name for name in given if name not in self.features]
        if unknown:
            raise DataError(
                "FeatureSpace: All features referenced in `crosses` should be present in the `features` dict, and"
                f" {unknown[0]!r} is not"
            )
        return Cross(given, self.crossing_dim)

    # ------------------------------------------------------------------ learning

    def adapt(self, dataset: Any) -> None:
        """Let the layers learn what they need to know of the data.

        Args:
            dataset: a dictionary of columns, or an iterable of dictionaries, of batches or of single rows.

        Raises:
            DataError: it is neither, or a column is missing.
        """
        for name in self._to_adapt():
            self.preprocessors[name].adapt(batches(dataset, name, self.features[name].dtype))
        self._is_adapted = True
        self._encoded = self._encoders = None
        self._one_hot_encoders()

    def _to_adapt(self) -> list[str]:
        """Return the features whose layers learn from data."""
        return [name for name, layer in self.preprocessors.items() if hasattr(layer, "adapt") and not _is_told(layer)]

    def _must_be_adapted(self) -> None:
        if not self._is_adapted and self._to_adapt():
            raise DataError("You need to call `.adapt(dataset)` on the FeatureSpace before you can start using it.")

    # ------------------------------------------------------------------ encoding

    def __call__(self, data: Mapping[str, Any]) -> Any:
        """Return the numbers of the columns.

        Args:
            data: the columns by name, shape (rows) or (rows, 1); or the values of one row.

        Returns:
            An array of shape (rows, numbers), or (numbers) of one row; or a dictionary of such.

        Raises:
            DataError: it is no dictionary, a column is missing, or `adapt` was not called.
        """
        self._must_be_adapted()
        if not isinstance(data, Mapping):
            raise DataError(f"A FeatureSpace can only be called with a dict, got {type(data).__name__}")
        columns = {name: column(data, name, item.dtype) for name, item in self.features.items()}
        is_row = any(column.ndim == 0 for column in columns.values())
        columns = {name: column.reshape(-1, 1) if column.ndim < 2 else column for name, column in columns.items()}
        found = self._encode(columns)
        if not is_row:
            return found
        if isinstance(found, dict):
            return {name: _first_row(item) for name, item in found.items()}
        return _first_row(found)

    def get_inputs(self) -> dict[str, SymbolicTensor]:
        """Return inputs of a functional model by the names of the columns.

        Raises:
            DataError: `adapt` was not called.
        """
        self._must_be_adapted()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """Return what a functional model makes of `get_inputs`: a symbolic tensor, or a dictionary of them.

        Raises:
            DataError: `adapt` was not called.
            ModelError: a cross has a feature that a graph computes, after crosses are hashed.
        """
        self._must_be_adapted()
        if self._encoded is None:
            for cross in self.crosses:
                self._check_hashed_first(cross)
            self._encoded = self._encode(self.inputs)
        return self._encoded

    def _check_hashed_first(self, cross: Cross) -> None:
        for name in cross.feature_names:
            layer = self.preprocessors[name]
            if not isinstance(layer, TextLayer):
                raise ModelError(
                    f"FeatureSpace: the cross {cross.name!r} is hashed before a model's graphs run, and"
                    f" {type(layer).__name__} of {name!r} is a part of these; train the model on what"
                    " feature_space(data) returns instead, or make the feature hashed or a text"
                )

    def _encode(self, columns: Mapping[str, Any]) -> Any:
        made = {name: self.preprocessors[name](columns[name]) for name in self.features}
        crossed = {
            cross.name: self.crossers[cross.name]([made[name] for name in cross.feature_names])
            for cross in self.crosses
        }
        encoders = self._one_hot_encoders()
        found = {}
        for name, item in (*sorted(made.items()), *sorted(crossed.items())):
            found[name] = encoders[name](item) if name in encoders else item
        return found if self.output_mode == "dict" else concatenate(list(found.values()), axis=-1)

    def _one_hot_encoders(self) -> dict[str, CategoryEncoding]:
        """Return the layers behind features and crosses that are one-hot.

        Raises:
            DataError: a feature cannot be one-hot, or is joined to others though it is none.
        """
        if self._encoders is None:
            specs: dict[str, Feature | Cross] = {**self.features, **{cross.name: cross for cross in self.crosses}}
            layers = {**self.preprocessors, **self.crossers}
            sizes = {name: self._cardinality(name, layers[name], item.output_mode) for name, item in specs.items()}
            self._encoders = {
                name: CategoryEncoding(num_tokens=size, output_mode="multi_hot")
                for name, size in sizes.items()
                if size is not None
            }
        return self._encoders

    def _cardinality(self, name: str, layer: Any, mode: str) -> int | None:
        """Return how many values what a layer makes may have; None where that is not one-hot."""
        dtype = "int64" if name in self.crossers else layer(self.inputs[name]).dtype
        is_number = dtype.startswith("float")
        if mode != "one_hot":
            if self.output_mode == "concat" and not is_number:
                raise DataError(
                    f"Cannot concatenate features because feature '{name}' has not been encoded (it has dtype {dtype})."
                    " Consider using `output_mode='dict'`."
                )
            return None
        if not dtype.startswith("int"):
            raise DataError(
                f"Feature '{name}' has `output_mode='one_hot'`. Thus its preprocessor should return an integer dtype."
                f" Instead it returns a {dtype} dtype."
            )
        if isinstance(layer, IntegerLookup | StringLookup):
            return int(layer.vocabulary_size())
        if isinstance(layer, CategoryEncoding):
            return layer.num_tokens
        if isinstance(layer, Discretization) and layer.num_bins is not None:
            return layer.num_bins
        if isinstance(layer, HashedCrossing | Hashing):
            return layer.num_bins
        raise DataError(
            f"Feature '{name}' has `output_mode='one_hot'`. However it isn't a standard feature and the dimensionality"
            " of its output space is not known, thus it cannot be one-hot encoded. Try using `output_mode='int'`."
        )

    # ------------------------------------------------------------------ configs

    def get_config(self) -> dict[str, Any]:
        """Return the arguments as plain data, with Keras's keys."""
        return {
            "features": {name: _as_data(item) for name, item in self.features.items()},
            "output_mode": self.output_mode,
            "crosses": [_as_data(item) for item in self.crosses],
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> FeatureSpace:
        """Return a feature space with the arguments of a config, which has to learn from data anew.

        Args:
            config: what `get_config` returned.
        """
        return cls(**config)

    def get_build_config(self) -> dict[str, Any]:
        """Return the shapes that the layers with weights were built for, by the feature."""
        return {name: {"input_shape": [None, 1]} if layer.weights else {} for name, layer in self.preprocessors.items()}

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Make the weights of layers, which a file has; what else they have learnt is in their configs.

        Args:
            config: what `get_build_config` returned.
        """
        for name, layer in self.preprocessors.items():
            shape = (config.get(name) or {}).get("input_shape")
            if shape and not layer.built:
                layer.build(tuple(shape))
        self._is_adapted = True

    def save(self, filepath: str | Path) -> None:
        """Write a ``.keras`` file, which `nnc.models.load_model` and Keras read.

        Args:
            filepath: the file.

        Raises:
            DataError: `adapt` was not called.
            ModelError: the suffix is another one, or a layer cannot be serialised.
        """
        self._must_be_adapted()
        if Path(filepath).suffix != ".keras":
            raise ModelError(f"FeatureSpace.save: a feature space is saved as .keras, got {str(filepath)!r}")
        save_model(self, filepath)


_KINDS = (
    *("float", "float_normalized", "float_rescaled", "float_discretized", "integer_categorical", "string_categorical"),
    *("integer_hashed", "string_hashed"),
)


def _check_mode(mode: str, known: Sequence[str]) -> None:
    if mode not in known:
        raise DataError(
            f"Invalid value for argument `output_mode`. Expected one of {', '.join(known)}, got output_mode={mode!r}"
        )


def _named(name: str | None) -> str | None:
    """Return the name of a feature's layer; nnc finds one where the feature has none."""
    return None if name is None else f"{name}_preprocessor"


def _layer_of(config: dict[str, Any]) -> Any:
    """Return the layer of a config; Keras has one of its own for numbers that stay as they are."""
    if config.get("class_name") == "TFDIdentity":
        return Identity(dtype="float32", name=config.get("config", {}).get("name"))
    return deserialize_keras_object(config)


def _as_data(item: Feature | Cross) -> dict[str, Any]:
    name = type(item).__name__
    return {"module": _MODULE, "class_name": name, "config": item.get_config(), "registered_name": name}


def _is_told(layer: Layer) -> bool:
    """Return whether a layer was given what it could learn."""
    if isinstance(layer, Normalization):
        return layer.input_mean is not None
    return getattr(layer, "vocabulary", None) is not None


def _first_row(rows: Any) -> Any:
    return rows[0] if len(rows) == 1 else rows
