"""Laws of the matching of layers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nnc.inspection.alignment import config_changes, match_layers
from nnc.inspection.layer_table import LayerRecord

KINDS = st.sampled_from(["Dense", "Dropout", "LSTM"])


@st.composite
def models(draw: st.DrawFn) -> list[LayerRecord]:
    kinds = draw(st.lists(KINDS, max_size=7))
    return [LayerRecord(f"layer{number}", kind, config={"units": number % 3}) for number, kind in enumerate(kinds)]


@given(models(), models())
def test_every_layer_is_in_one_match(first, second):
    matches = match_layers(first, second)
    assert sorted(item.first.path for item in matches if item.first) == sorted(layer.path for layer in first)
    assert sorted(item.second.path for item in matches if item.second) == sorted(layer.path for layer in second)
    assert all(item.first or item.second for item in matches)


@given(models(), models())
def test_matches_keep_the_order_unless_they_are_moved(first, second):
    pairs = [item for item in match_layers(first, second) if item.first and item.second and not item.is_moved]
    for layers, positions in (
        (first, [first.index(item.first) for item in pairs]),
        (second, [second.index(item.second) for item in pairs]),
    ):
        assert positions == sorted(positions), layers


@given(models(), st.data())
def test_what_is_taken_out_is_what_is_removed(first, data):
    kept = [layer for layer in first if data.draw(st.booleans())]
    matches = match_layers(first, kept)
    assert all(item.first == item.second for item in matches if item.second)
    assert [item.first for item in matches if item.second is None] == [layer for layer in first if layer not in kept]
    back = match_layers(kept, first)
    assert [item.second for item in back if item.first is None] == [layer for layer in first if layer not in kept]


def test_a_moved_layer():
    a, b, c = (LayerRecord(name, "Dense", config={"units": number}) for number, name in enumerate("abc"))
    matches = match_layers([a, b, c], [b, c, a])
    assert [(item.first.path, item.is_moved) for item in matches if item.first] == [
        ("a", True),
        ("b", False),
        ("c", False),
    ]
    assert all(item.second == item.first for item in matches)


def test_another_class_of_another_name_is_no_match():
    a, b = LayerRecord("a", "Dense"), LayerRecord("b", "Dropout")
    assert [(item.first, item.second) for item in match_layers([a], [b])] == [(a, None), (None, b)]


def test_changes_of_configs():
    object_ = {"module": "x", "class_name": "L2", "config": {"l2": 0.1}, "registered_name": None}
    same = {"module": "y", "class_name": "L2", "config": {"l2": 0.1}}
    assert config_changes({"a": object_, "shape": [1, 2]}, {"a": same, "shape": [1, 2]}) == {}
    other = {"module": "x", "class_name": "L1", "config": {"l1": 0.1}}
    assert config_changes({"a": object_}, {"a": other}) == {"a": ("L2", "L1")}
    assert config_changes({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2}}}) == {"a.b.c": (1, 2)}
    assert config_changes({"a": 1}, {}) == {"a": (1, None)}
