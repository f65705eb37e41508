"""Arguments of Keras's objects: declared in one line each, from which `__init__`, checks and configs are made."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any, ClassVar, Literal, Self, TypedDict, Unpack

import numpy

from nnc.checks import check_choice, check_flag, check_number, check_positive, check_seed, check_whole
from nnc.errors import ArgumentError, ModelError, nearest
from nnc.objects import build

REQUIRED: Any = inspect.Parameter.empty
"""Default of an argument that has to be given."""
Writing = Literal["always", "unless default", "never"]
"""When an argument stands in a config."""


class ArgumentOptions(TypedDict, total=False):
    """The options of arguments of any kind; see `Argument`."""

    default: Any
    kw_only: bool
    alias: str
    written: Writing
    optional: bool
    words: str


class Argument:
    """One argument of a class: its place in the signature, what is allowed, and how a config has it.

    Args:
        check: returns what is kept of a value, ``check(owner, key, value)``, or raises a ModelError. The arguments
            that are declared above have been checked by then, so they can be read from the owner.
        encode: returns what a config has of what is kept; by default lists instead of tuples.
        passed_on: whether the nearest ``__init__`` that is written by hand gets it and keeps it; its ``get_config``
            writes it, too.
        default: value where none is given; an argument without one is required.
        kw_only: whether it is given by name only.
        alias: its name where it differs from that of the attribute.
        written: when it stands in a config: ``always``, ``unless default`` or ``never``.
        optional: whether None is kept unchecked; by default where it is the default.
        init: False for one of a base class that the class does not take; see `fixed`.
        words: Keras's message for a wrong value, in which ``{key}`` and ``{value}`` stand for name and value; by
            default the check says what is wrong.
    """

    __slots__ = (
        "_alias",
        "_check",
        "_encode",
        "_words",
        "attribute",
        "default",
        "init",
        "is_supported",
        "kw_only",
        "optional",
        "passed_on",
        "written",
    )

    def __init__(
        self,
        check: Callable[[Any, str, Any], Any] | None = None,
        encode: Callable[[Any], Any] | None = None,
        *,
        passed_on: bool = False,
        default: Any = REQUIRED,
        kw_only: bool = False,
        alias: str = "",
        written: Writing | None = None,
        optional: bool | None = None,
        init: bool = True,
        words: str = "",
    ) -> None:
        self._check = check
        self._words = words
        self._encode = encode or as_config
        self._alias = alias
        self.init = init
        self.passed_on = passed_on
        self.default = default
        self.kw_only = kw_only
        self.written = written or ("never" if passed_on else "always")
        self.optional = default is None if optional is None else optional
        self.attribute = ""
        self.is_supported = True

    def __set_name__(self, owner: type, name: str) -> None:
        self.attribute = name

    @property
    def name(self) -> str:
        """Its name in the signature and in configs."""
        return self._alias or self.attribute

    def checked(self, owner: Any, value: Any) -> Any:
        """Return what an object keeps of a value.

        Raises:
            ModelError: the value is wrong.
        """
        if self._check is None or (value is None and self.optional):
            return value
        try:
            return self._check(owner, self.name, value)
        except ModelError:
            if not self._words:
                raise
            raise ModelError(f"{owner._where}: {self._words.format(key=self.name, value=value)}") from None

    def encoded(self, value: Any) -> Any:
        """Return what a config has of what is kept; None stays None."""
        return None if value is None else self._encode(value)

    def is_written(self, value: Any) -> bool:
        """Return whether a config has it, by what is kept of it."""
        return self.written == "always" or (self.written == "unless default" and not self.is_default(value))

    def is_default(self, value: Any) -> bool:
        """Return whether what is kept is the default."""
        return value is self.default or bool(numpy.all(self.encoded(value) == as_config(self.default)))

    def parameter(self, annotation: Any) -> inspect.Parameter:
        """Return its part of a signature."""
        kind = inspect.Parameter.KEYWORD_ONLY if self.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Parameter(self.name, kind, default=self.default, annotation=annotation)


class Declared:
    """Base of classes that declare their arguments, one line each, in the order of the signature.

    ::

        class Scale(Declared):
            factor: float = number()
            offset: float = number(default=0.0)

    An instance has them as attributes once they are checked, in the order in which they are declared; then
    `__post_init__` is called. As in dataclasses, the arguments of a base class come first, one that is declared again
    keeps its place, and those that are given by name only come last. Type checkers see them where a base of the class
    is marked with `typing.dataclass_transform`, which wants ``default`` and ``kw_only`` said by name in each line.
    """

    noun: ClassVar[str]
    """Word for the kind of object in messages, such as ``loss``."""
    registered: ClassVar[dict[str, type[Any]]]
    """Classes of the kind by the names that Keras has for them; they stand on the class line, ``names=("Huber",)``."""
    _declared: ClassVar[tuple[Argument, ...]] = ()

    def __init_subclass__(cls, names: Sequence[str] = (), **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in names:
            cls.registered[name] = cls
        own = tuple(item for item in vars(cls).values() if isinstance(item, Argument))
        if not own:
            return
        cls._declared = own
        for item in own:
            delattr(cls, item.attribute)
        if "__init__" not in vars(cls):
            cls.__init__ = Initialization(cls)  # type: ignore[method-assign, assignment]

    @classmethod
    def declared_arguments(cls) -> dict[str, Argument]:
        """Return the arguments by name, in the order of the signature."""
        known: dict[str, Argument] | None = vars(cls).get("_arguments")
        if known is None:
            found: dict[str, Argument] = {}
            for base in reversed(cls.__mro__):
                for item in vars(base).get("_declared", ()):
                    found[item.name] = item
            taken = [pair for pair in found.items() if pair[1].init]
            known = dict(sorted(taken, key=lambda pair: pair[1].kw_only))
            cls._arguments = known  # type: ignore[attr-defined]
        return known

    def __post_init__(self) -> None:
        """Do what is left to do once all arguments are checked, such as checking them together."""

    @property
    def _where(self) -> str:
        """The start of messages, as the kind says it, or else the class."""
        return getattr(super(), "_where", None) or described_class(type(self))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments from which `from_config` makes an equal object; Keras's keys.

        Raises:
            ModelError: one of them is a function without a name to find it by.
        """
        inherited: dict[str, Any] = getattr(super(), "get_config", dict)()
        own = {}
        for name, item in self.declared_arguments().items():
            if item.written != "never":
                value = getattr(self, item.attribute)
                if item.is_written(value):
                    own[name] = item.encoded(value)
        return {**inherited, **own}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make an object from what `get_config`, Keras's too, returned.

        Raises:
            ModelError: an argument is unknown, missing or wrong.
        """
        if not isinstance(cls.__init__, Initialization):
            return build(cls, config, described_class(cls))
        for key in config:
            if not isinstance(key, str):
                raise ArgumentError(f"{described_class(cls)} has no argument {key!r}")
        return cls(**config)


class Initialization:
    """The ``__init__`` of a class that declares arguments, and its signature.

    Args:
        owner: the class.
    """

    def __init__(self, owner: type[Declared]) -> None:
        self.owner = owner
        self.__name__ = "__init__"
        self.__qualname__ = f"{owner.__qualname__}.__init__"
        self.__module__ = owner.__module__
        self.__doc__ = f"Make {described_class(owner)}; its arguments are described in the class's documentation."

    @property
    def __signature__(self) -> inspect.Signature:
        arguments = self.owner.declared_arguments()
        annotations: dict[str, Any] = {}
        for base in reversed(self.owner.__mro__):
            annotations |= vars(base).get("__annotations__", {})
        own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        listed = [item.parameter(annotations.get(item.attribute, REQUIRED)) for item in arguments.values()]
        return inspect.Signature([own, *listed], return_annotation=None)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else partial(self, instance)

    def __call__(self, instance: Any, /, *values: Any, **named: Any) -> None:
        """Check and keep the arguments of an instance.

        Raises:
            ModelError: one is wrong, unknown, missing or given twice.
        """
        arguments = self.owner.declared_arguments()
        given = bound(type(instance), arguments, values, named)
        own = [item for item in arguments.values() if not item.passed_on]
        inherited = _inherited(self.owner)
        passed = {item.name: given[item.name] for item in arguments.values() if item.passed_on}
        if inherited is not None:
            inherited(instance, **passed)
        for item in own:
            setattr(instance, item.attribute, item.checked(instance, given[item.name]))
        instance.__post_init__()


def bound(
    cls: type, arguments: Mapping[str, Argument], values: Sequence[Any], named: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the value of each argument, as a call gives it or its default.

    Raises:
        ArgumentError: one is unknown, missing or given twice.
    """
    positional = [name for name, item in arguments.items() if not item.kw_only]
    if len(values) > len(positional):
        count = f"{len(positional)} argument{'' if len(positional) == 1 else 's'}"
        raise ArgumentError(f"{described_class(cls)} takes {count} by position, got {len(values)}")
    given = dict(zip(positional, values, strict=False))
    for name, value in named.items():
        if name not in arguments:
            raise ArgumentError(f"{described_class(cls)} has no argument {name!r}.{nearest(name, arguments)}")
        if name in given:
            raise ArgumentError(f"{described_class(cls)}: {name} is given by position and by name")
        given[name] = value
    found = {name: given.get(name, item.default) for name, item in arguments.items()}
    missing = [name for name, value in found.items() if value is REQUIRED]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise ArgumentError(f"{described_class(cls)}: {' and '.join(missing)} {verb} missing")
    return found


def described_class(cls: type) -> str:
    """Return what messages call a class, such as ``Dense`` or ``loss Huber``."""
    noun: str = getattr(cls, "noun", "")
    return f"{noun} {cls.__name__}".strip()


def _inherited(owner: type) -> Callable[..., None] | None:
    """Return the nearest ``__init__`` of the bases that is written by hand."""
    for base in owner.__mro__:
        found = vars(base).get("__init__")
        if found is not None and not isinstance(found, Initialization) and base is not object:
            inherited: Callable[..., None] = found
            return inherited
    return None


def as_config(value: Any) -> Any:
    """Return a value with lists instead of tuples."""
    return [as_config(item) for item in value] if isinstance(value, list | tuple) else value


# ---------------------------------------------------------------------- kinds of arguments


def argument(
    check: Callable[[str, str, Any], Any] | None = None,
    encode: Callable[[Any], Any] | None = None,
    **options: Unpack[ArgumentOptions],
) -> Any:
    """Declare an argument.

    Args:
        check: returns what is kept, ``check(where, key, value)``, or raises a ModelError; anything is kept by default.
        encode: see `Argument`.
        options: see `Argument`.
    """
    if check is None:
        return Argument(None, encode, **options)
    return Argument(lambda owner, key, value: check(owner._where, key, value), encode, **options)


def passed_on(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare an argument that the ``__init__`` of the kind's base class checks and keeps."""
    return Argument(passed_on=True, **options)


def fixed(*, init: Literal[False]) -> Any:
    """Declare an argument of a base class again that a class does not take; the value is a class attribute.

    Args:
        init: False, which type checkers want to see in the line.
    """
    return Argument(init=init)


def unsupported(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare an argument of Keras's that must be left out, or say nothing: None, False or its default."""

    def check(owner: Any, key: str, value: Any) -> Any:
        is_default = type(value) is type(item.default) and value == item.default
        if value is not None and value is not False and not is_default:
            raise ModelError(f"{owner._where}: {key} is not supported; leave it out")
        return value

    options.setdefault("written", "never")
    item = Argument(check, **options)
    item.is_supported = False
    return item


def flag(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare an argument that is True or False."""
    return argument(check_flag, **options)


def positive(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare a whole number above 0."""
    return argument(check_positive, **options)


def whole(least: int | None = None, **options: Unpack[ArgumentOptions]) -> Any:
    """Declare a whole number, of at least `least` where that is given."""
    return argument(lambda where, key, value: check_whole(where, key, value, least), **options)


def number(
    low: float = -inf,
    high: float = inf,
    above: float | None = None,
    below: float | None = None,
    **options: Unpack[ArgumentOptions],
) -> Any:
    """Declare a finite number; see `check_number`."""
    return argument(lambda where, key, value: check_number(where, key, value, low, high, above, below), **options)


def upper_limit(low: float = -inf, **options: Unpack[ArgumentOptions]) -> Any:
    """Declare a number that nothing exceeds, of at least `low`; infinity, which limits nothing, is None."""
    return argument(lambda where, key, value: None if value == inf else check_number(where, key, value, low), **options)


def choice(*known: Any, **options: Unpack[ArgumentOptions]) -> Any:
    """Declare one of some words or other values."""
    return argument(lambda where, key, value: check_choice(where, key, value, known), **options)


def random_seed(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare what tells one random stream from others: a whole number or None."""
    return argument(check_seed, **options)
