"""Functions of nested lists, tuples and dictionaries, ``keras.tree``: keys of dictionaries count in sorted order.

Nested are exactly lists, tuples, named ones too, ``deque``, ``dict``, ``OrderedDict`` and ``defaultdict``; anything
else is a leaf, None too.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any

from nnc.errors import ModelError

__all__ = [
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "traverse",
]

_DICTIONARIES = (dict, OrderedDict, defaultdict)


class MAP_TO_NONE:  # noqa: N801  (Keras's name)
    """What the function of `traverse` returns where None shall stand, as None itself means to go on."""


def is_nested(structure: Any) -> bool:
    """Return whether something is a list, a tuple or a dictionary.

    >>> is_nested({"a": 1}), is_nested((1, 2)), is_nested("ab"), is_nested(None)
    (True, True, False, False)
    """
    return type(structure) in (list, tuple, deque, *_DICTIONARIES) or _is_named(structure)


def flatten(structure: Any) -> list[Any]:
    """Return the leaves of a structure.

    >>> flatten({"b": [1, 2], "a": (3, None)})
    [3, None, 1, 2]
    """
    return [leaf for _, leaf in flatten_with_path(structure)]


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Return each leaf with its path: numbers of elements and keys.

    >>> flatten_with_path({"b": [1, 2], "a": 3})
    [(('a',), 3), (('b', 0), 1), (('b', 1), 2)]
    """
    if not is_nested(structure):
        return [((), structure)]
    return [
        ((key, *path), leaf)
        for key, child in zip(_keys(structure), _children(structure), strict=True)
        for path, leaf in flatten_with_path(child)
    ]


def pack_sequence_as(structure: Any, flat_sequence: Sequence[Any]) -> Any:
    """Return leaves nested as a structure is.

    >>> pack_sequence_as({"b": [0, 0], "a": 0}, [3, 1, 2])
    {'b': [1, 2], 'a': 3}

    Raises:
        ModelError: there are more or fewer than the structure has.
    """
    given, count = list(flat_sequence), len(flatten(structure))
    if len(given) != count:
        raise ModelError(
            f"pack_sequence_as: the leaves are not those of the structure; expected: {count}, got {len(given)}"
        )
    rest = iter(given)

    def pack(part: Any) -> Any:
        return _like(part, [pack(child) for child in _children(part)]) if is_nested(part) else next(rest)

    return pack(structure)


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """Return a structure with what a function makes of the leaves at the same place of each structure.

    >>> map_structure(lambda x, y: x + y, [1, {"a": 2}], [10, {"a": 20}])
    [11, {'a': 22}]

    Args:
        func: the function.
        structures: at least one; all are nested alike.
        none_is_leaf: whether the function gets None; otherwise None stays None.

    Raises:
        ModelError: they are not nested alike, or there is none.
    """
    if not structures:
        raise ModelError("map_structure takes at least one structure")
    first, *others = structures
    if not none_is_leaf and first is None:
        for other in others:
            if other is not None:
                raise _unequal(first, other)
        return None
    if not is_nested(first):
        for other in others:
            if is_nested(other):
                raise _unequal(first, other)
        return func(*structures)
    rows = zip(_children(first), *(_children_like(first, other) for other in others), strict=True)
    return _like(first, [map_structure(func, *row, none_is_leaf=none_is_leaf) for row in rows])


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """Return a shallow structure with what a function makes of the parts of other structures at its leaves.

    >>> map_structure_up_to([0, 0], len, [[1, 2], [3]])
    [2, 1]

    Raises:
        ModelError: there is no other structure, one of them is not nested like the shallow one, or None is in that.
    """
    if not structures:
        raise ModelError("map_structure_up_to takes at least one structure")
    if shallow_structure is None:
        raise ModelError("map_structure_up_to: None stands for nothing in a shallow structure; put another leaf there")
    if not is_nested(shallow_structure):
        return func(*structures)
    rows = zip(
        _children(shallow_structure),
        *(_children_like(shallow_structure, other) for other in structures),
        strict=True,
    )
    return _like(shallow_structure, [map_structure_up_to(row[0], func, *row[1:]) for row in rows])


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Return a structure in which a function has replaced parts: where it returns None, a part stays.

    Args:
        func: gets each part, nested or a leaf; `MAP_TO_NONE` puts None in its place.
        structure: the structure.
        top_down: whether it gets a part before what is inside; what it replaces is then not looked into.
    """

    def inside() -> Any:
        if not is_nested(structure):
            return structure
        return _like(structure, [traverse(func, child, top_down) for child in _children(structure)])

    if top_down:
        found = func(structure)
        if found is None:
            return inside()
    else:
        walked = inside()
        found = func(walked)
        if found is None:
            return walked
    return None if found is MAP_TO_NONE else found


def lists_to_tuples(structure: Any) -> Any:
    """Return a structure with tuples instead of lists.

    >>> lists_to_tuples([1, {"a": [2, 3]}])
    (1, {'a': (2, 3)})
    """
    return traverse(lambda part: tuple(part) if isinstance(part, list) else None, structure, top_down=False)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """Return a structure with what a function makes of the shapes in it.

    >>> map_shape_structure(len, {"a": (None, 2), "b": [(1, 2, 3)]})
    {'a': 2, 'b': [3]}
    """
    is_shape = isinstance(structure, list | tuple) and all(item is None or isinstance(item, int) for item in structure)
    if is_shape or not is_nested(structure):
        return func(structure)
    return _like(structure, [map_shape_structure(func, child) for child in _children(structure)])


def assert_same_structure(a: Any, b: Any, check_types: Any = None) -> None:
    """Check that two structures are nested alike.

    Args:
        a: the one.
        b: the other.
        check_types: Keras's argument of old, which means nothing there either.

    Raises:
        ModelError: they are not.
    """
    del check_types
    map_structure(lambda first, second: None, a, b)


def assert_same_paths(a: Any, b: Any) -> None:
    """Check that two structures have leaves at the same places.

    Raises:
        ModelError: they have not; the places are listed.
    """
    first, second = ({path for path, _ in flatten_with_path(item)} for item in (a, b))
    if first != second:
        parts = [
            f"only {name} has {', '.join(sorted(map(repr, paths)))}"
            for name, paths in (("a", first - second), ("b", second - first))
            if paths
        ]
        raise ModelError(f"`a` and `b` don't have the same paths: {'; '.join(parts)}")


def _is_named(structure: Any) -> bool:
    return isinstance(structure, tuple) and hasattr(structure, "_fields")


def _keys(structure: Any) -> Sequence[Any]:
    if not isinstance(structure, dict):
        return range(len(structure))
    if type(structure) is OrderedDict:
        return list(structure)
    try:
        return sorted(structure)
    except TypeError:
        return sorted(structure, key=lambda key: (f"{type(key).__module__}.{type(key).__qualname__}", key))


def _children(structure: Any) -> list[Any]:
    return [structure[key] for key in _keys(structure)] if isinstance(structure, dict) else list(structure)


def _children_like(structure: Any, other: Any) -> list[Any]:
    """Return the children of another structure in the order of those of the first."""
    if type(structure) in _DICTIONARIES:
        if type(other) not in _DICTIONARIES or set(other) != set(structure):
            raise _unequal(structure, other)
        return [other[key] for key in _keys(structure)]
    if type(other) is not type(structure) or len(other) != len(structure):
        raise _unequal(structure, other)
    return list(other)


def _unequal(structure: Any, other: Any) -> ModelError:
    """Return the error that another structure is not nested like the first."""
    return ModelError(
        f"Structures don't have the same nested structure: expected {_described(structure)}, got {_described(other)}"
    )


def _described(structure: Any) -> str:
    if not is_nested(structure):
        return f"a leaf of type {type(structure).__name__}"
    kind = f"{'namedtuple ' if _is_named(structure) else ''}{type(structure).__name__}"
    if isinstance(structure, dict):
        return f"{kind} with the keys {', '.join(map(repr, structure)) or 'none'}"
    return f"{kind} with number of elements {len(structure)}"


def _like(structure: Any, children: Sequence[Any]) -> Any:
    """Return children nested as those of a structure are."""
    if isinstance(structure, dict):
        made = dict(zip(_keys(structure), children, strict=True))
        pairs = [(key, made[key]) for key in structure]
        if isinstance(structure, defaultdict):
            return defaultdict(structure.default_factory, pairs)
        return type(structure)(pairs)
    if _is_named(structure):
        return type(structure)(*children)
    return deque(children, structure.maxlen) if isinstance(structure, deque) else type(structure)(children)
