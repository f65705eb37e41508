"""`nnc.tree` beside `keras.tree`, over structures of all kinds and pairs of them."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple

import pytest

import nnc

Point = namedtuple("Point", "x y")
STRUCTURES = [
    1,
    None,
    "ab",
    [],
    (),
    {},
    [1, None, [2, (3,)]],
    (1, 2),
    [1, 2],
    {"b": 1, "a": [2]},
    {"a": 1, "b": [2]},
    OrderedDict([("b", 1), ("a", [2])]),
    defaultdict(list, {"b": 1, "a": [2]}),
    deque([1, (2,)], maxlen=3),
    Point(1, [2]),
    Point(1, 2),
    {2: 1, "a": 2},
    {1.5: 1, 2: 3},
    [(None, 2), (1, 3)],
    {"a": (1, None)},
]


def told(function, *arguments, **options):
    """Return what a function returns as text, or that it refuses."""
    try:
        found = function(*arguments, **options)
    except (ValueError, TypeError):
        return "refused"
    return type(found).__name__, repr(found)


def same(name, *arguments, **options):
    import keras

    return told(getattr(keras.tree, name), *arguments, **options) == told(
        getattr(nnc.tree, name), *arguments, **options
    )


def pair(first, second):
    return first, second


def negative(part):
    return -part if isinstance(part, int) else None


def as_tuple(part):
    return tuple(part) if isinstance(part, list) else None


@pytest.mark.parametrize("structure", STRUCTURES, ids=repr)
def test_of_one_structure(structure):
    for name in ("is_nested", "flatten", "flatten_with_path", "lists_to_tuples"):
        assert same(name, structure), name
    assert same("map_structure", repr, structure)
    assert same("map_structure", repr, structure, none_is_leaf=False)
    assert same("map_shape_structure", repr, structure)
    assert same("traverse", negative, structure)
    assert same("traverse", as_tuple, structure, top_down=False)
    for leaves in ([1], [5, 6], [5, 6, 7]):
        assert same("pack_sequence_as", structure, leaves), leaves


@pytest.mark.parametrize("first", STRUCTURES, ids=repr)
def test_of_two_structures(first):
    for second in STRUCTURES:
        assert same("map_structure", pair, first, second), second
        assert same("map_structure_up_to", first, repr, second), second
        assert same("assert_same_structure", first, second), second
        assert same("assert_same_paths", first, second), second


def test_none_in_place_of_parts():
    import keras

    def with_none(module):
        def replace(part):
            return module.MAP_TO_NONE if part == 2 else None

        return module.traverse(replace, [1, {"a": 2}])

    assert with_none(nnc.tree) == with_none(keras.tree) == [1, {"a": None}]
