"""Objects that Keras knows by name: resolving names, classes and configs, and writing configs, in one place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from inspect import signature
from typing import Any, Generic, TypeGuard, TypeVar

from nnc.errors import ModelError, nearest
from nnc.identity import ObjectIdentity
from nnc.registration import get_registered_name, known_objects

Kind = TypeVar("Kind")


class Registry(Generic[Kind]):
    """The objects of one kind by name; a package overrides what is its own about them.

    Args:
        noun: what messages call the kind, such as ``loss``.
        base: class whose subclasses have `get_config` and `from_config`.
        table: Keras's names for classes of this kind, or for functions that `adapt` takes.
        module: where Keras has them, such as ``keras.losses``.
        forms: for messages, what an object can be given as beside a name and a config, such as ``a Loss``.
    """

    def __init__(self, noun: str, base: type[Any], table: Mapping[str, Any], module: str, forms: str) -> None:
        self.noun = noun
        self.base = base
        self.table = table
        self.module = module
        self.forms = forms

    # ------------------------------------------------------------------ what a package can override

    def adapt(self, item: Any) -> Kind | None:
        """Return the object that an instance, or whatever else the package takes, stands for; None if for none."""
        return item if isinstance(item, self.base) else None

    def find(self, name: str) -> Any:
        """Return what the table has under a name, or None."""
        return self.table.get(name)

    def create(self, name: str, cls: Any, arguments: Mapping[str, Any]) -> Any:
        """Return an instance of the class that was found under a name.

        Raises:
            ModelError: an argument is unknown, missing or wrong.
        """
        return cls.from_config(arguments)

    def unknown(self, name: str, known: Iterable[str]) -> str:
        """Return the message for a name that is none of the known ones."""
        return f"unknown {self.noun} '{name}'.{nearest(name, known)}"

    def lookup(self, identity: ObjectIdentity, own: Mapping[str, Any]) -> Any:
        """Return a user's own object of one of the names of an identity, otherwise Keras's.

        Raises:
            ModelError: there is none of this name, or it is an author's that is not among the user's own.
        """
        own = known_objects(own)
        name = identity.name_among(own)
        if name is None and not identity.is_keras:
            raise ModelError(f"{identity.refusal(self.noun)}; give it in custom_objects, or register it")
        found = self.find(identity.name) if name is None else own[name]
        if found is None:
            raise ModelError(self.unknown(identity.name, [*self.table, *own]))
        return found

    # ------------------------------------------------------------------ what a package offers

    def get(self, identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Kind:
        """Return an object.

        Args:
            identifier: a name, a config of `serialize`, an object of this kind, a class (its arguments are then the
                defaults), or whatever else the kind is made of, such as a function.
            custom_objects: the user's own classes, functions and objects by name.

        Raises:
            ModelError: the name is unknown, or the identifier is none of these.
        """
        if isinstance(identifier, str | Mapping):
            return self.deserialize(identifier, known_objects(custom_objects))
        adapted = self.adapt(identifier.from_config({}) if self._is_class(identifier) else identifier)
        if adapted is None:
            separator = ", " if " or " in self.forms else " or "
            raise ModelError(f"{self._a} must be a name, a config{separator}{self.forms}, got {identifier!r}")
        return adapted

    def serialize(self, item: Kind) -> dict[str, Any]:
        """Return an object's config in Keras's form.

        Raises:
            ModelError: it is made of a function without a name to find it by.
        """
        instance: Any = item
        cls = type(item)
        known = self.find(cls.__name__) is cls
        return {
            "module": self.module if known else cls.__module__,
            "class_name": cls.__name__,
            "config": instance.get_config(),
            "registered_name": None if known else get_registered_name(cls),
        }

    def deserialize(self, config: str | Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Kind:
        """Return the object of a name or of a config of `serialize`; nothing is imported or executed.

        Args:
            config: a name, or a mapping with ``class_name`` and ``config``.
            custom_objects: the user's own classes, functions and objects by name.

        Raises:
            ModelError: the name or an argument is unknown, the object is its author's, or the config is malformed.
        """
        identity, arguments = split_config(config, self._a)
        name = identity.name
        found = self.lookup(identity, custom_objects or {})
        if self._is_class(found):
            found = self.create(name, found, arguments)
        elif arguments:
            raise ModelError(f"{self.noun} '{name}' takes no config, got {arguments}")
        adapted = self.adapt(found)
        if adapted is None:
            raise ModelError(f"{self.noun} '{name}' must be {self.forms}, got {found!r}")
        return adapted

    def _is_class(self, item: Any) -> bool:
        return isinstance(item, type) and issubclass(item, self.base)

    @property
    def _a(self) -> str:
        return f"{'an' if self.noun[0] in 'aeiou' else 'a'} {self.noun}"


class CallableRegistry(Registry[Kind]):
    """Objects that are called, such as regularizers, and a user's functions that can take their place, by name."""

    def adapt(self, item: Any) -> Kind | None:
        """Return an instance or a function as it is."""
        fits: Any = item if isinstance(item, self.base) or is_function(item) else None
        found: Kind | None = fits
        return found

    def serialize(self, item: Kind) -> dict[str, Any]:
        """Return an object's config in Keras's form, that of a function by its name.

        Raises:
            ModelError: it is a function without a name to find it by.
        """
        given: Any = item
        if isinstance(given, self.base):
            return super().serialize(item)
        return function_config(given, f"{self.noun} {given!r}", self.find)

    def serialize_optional(self, item: Kind | None) -> dict[str, Any] | None:
        """Return an object's config in Keras's form; None stays None.

        Raises:
            ModelError: it is a function without a name to find it by.
        """
        return None if item is None else self.serialize(item)


def split_config(config: str | Mapping[str, Any], what: str) -> tuple[ObjectIdentity, dict[str, Any]]:
    """Return what a config names, and its arguments; those of a function are nothing.

    Args:
        config: a name, or a mapping with ``class_name`` and ``config``.
        what: what it describes, for messages, such as ``a loss``.

    Raises:
        ModelError: the mapping is malformed.
    """
    if isinstance(config, str):
        return ObjectIdentity(config), {}
    identity = ObjectIdentity.of(config)
    arguments = None if identity is None or identity.is_function else config.get("config")
    arguments = {} if arguments is None else arguments
    if identity is None or not isinstance(arguments, Mapping):
        raise ModelError(f"{what}'s config needs 'class_name' and 'config', got {dict(config)}")
    return identity, dict(arguments)


def function_config(
    function: Callable[..., Any], where: str, find: Callable[[str], Any] = lambda name: None
) -> dict[str, Any]:
    """Return the config of a function: its name, and its module where Keras has something else under that name.

    Args:
        function: a function of the user's.
        where: what it is or belongs to, for messages, such as ``loss 'mine'``.
        find: returns what Keras has under a name, or None.

    Raises:
        ModelError: the function has no name to find it by.
    """
    name = getattr(function, "__name__", "<lambda>")
    registered = get_registered_name(function) if name.isidentifier() else name
    if registered != name:
        return {
            "module": function.__module__,
            "class_name": "function",
            "config": registered,
            "registered_name": registered,
        }
    if not name.isidentifier():
        raise ModelError(f"{where} has no name and cannot be saved; define it with 'def' or as a class")
    module = "builtins" if find(name) in (None, function) else function.__module__
    return {"module": module, "class_name": "function", "config": name, "registered_name": "function"}


def build(cls: Callable[..., Kind], config: Mapping[str, Any], where: str, known: Iterable[str] | None = None) -> Kind:
    """Call a class with the arguments of a config.

    Args:
        cls: what to call.
        config: arguments by name.
        where: what is being built, for messages, such as ``loss MeanSquaredError``.
        known: names of the arguments; by default what the signature says.

    Raises:
        ModelError: an argument is unknown, missing or wrong.
    """
    if known is None:
        parameters = signature(cls).parameters
        open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        known = [*parameters, *(config if open_ended else ())]
    for key in config:
        if not isinstance(key, str) or key not in known:
            raise ModelError(f"{where} has no argument {key!r}.{nearest(str(key), known)}")
    try:
        return cls(**config)
    except ModelError:
        raise
    except TypeError as error:
        raise ModelError(f"{where} cannot be built from {dict(config)}: {error}") from error


def is_function(item: object) -> TypeGuard[Callable[..., Any]]:
    """Return whether something can be called and is not a class."""
    return callable(item) and not isinstance(item, type)


def snake_case(name: str) -> str:
    """Return a class name as Keras derives object names from it.

    >>> snake_case("MeanSquaredError"), snake_case("RMSprop")
    ('mean_squared_error', 'rm_sprop')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def layer_snake_case(name: str) -> str:
    """Return Keras's default name for a layer class, which is not made by the rule of `snake_case`.

    >>> layer_snake_case("ReLU"), layer_snake_case("BatchNormalization")
    ('re_lu', 'batch_normalization')
    """
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
