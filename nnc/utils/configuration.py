"""Named values that are kept together, and can be kept from changing."""

from __future__ import annotations

import json
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

from nnc.errors import DataError, nearest


class Config:
    """Values by name, as attributes and as items of a dictionary (keras.io/api/utils/config_utils).

    Args:
        **kwargs: the values.

    >>> config = Config(momentum=0.9)
    >>> config.seed = 3
    >>> config["seed"], config.momentum, list(config)
    (3, 0.9, ['momentum', 'seed'])
    """

    def __init__(self, **kwargs: Any) -> None:
        object.__setattr__(self, "_config", kwargs)
        object.__setattr__(self, "_frozen", False)

    @property
    def frozen(self) -> bool:
        """Whether the values cannot be changed."""
        found: bool = self.__dict__["_frozen"]
        return found

    def freeze(self) -> None:
        """Keep the values from changing."""
        self.__dict__["_frozen"] = True

    def unfreeze(self) -> None:
        """Let the values be changed again."""
        self.__dict__["_frozen"] = False

    def as_dict(self) -> dict[str, Any]:
        """Return the values as a dictionary of their own."""
        return dict(self._values)

    def to_json(self) -> str:
        """Return the values as JSON."""
        return json.dumps(self._values)

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._values.keys()

    def values(self) -> ValuesView[Any]:
        """Return the values."""
        return self._values.values()

    def items(self) -> ItemsView[str, Any]:
        """Return names with values."""
        return self._values.items()

    def pop(self, *args: Any) -> Any:
        """Take a value away, as a dictionary does.

        Raises:
            DataError: the values are frozen.
        """
        return self._changed.pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several values, as a dictionary does.

        Raises:
            DataError: the values are frozen.
        """
        self._changed.update(*args, **kwargs)

    def get(self, keyname: str, value: Any = None) -> Any:
        """Return a value, or another one where there is none."""
        return self._values.get(keyname, value)

    @property
    def _values(self) -> dict[str, Any]:
        found: dict[str, Any] = self.__dict__["_config"]
        return found

    @property
    def _changed(self) -> dict[str, Any]:
        """The values, where they may be changed.

        Raises:
            DataError: they are frozen.
        """
        if self.frozen:
            raise DataError("Cannot mutate attribute(s) because the config is frozen.")
        return self._values

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name) or name in ("_config", "_frozen"):
            object.__setattr__(self, name, value)
        else:
            self._changed[name] = value

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("_config", {})
        if name in values:
            return values[name]
        raise AttributeError(f"Unknown attribute: '{name}'.{nearest(name, values)}")

    def __setitem__(self, key: str, item: Any) -> None:
        self._changed[key] = item

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __delitem__(self, key: str) -> None:
        del self._changed[key]

    def __contains__(self, item: object) -> bool:
        return item in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Config {self._values}>"
