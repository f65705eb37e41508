"""What columns mean: learnt from rows and model files, applied to other rows, kept in program files."""

import json

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from nnc.data.frames import as_columns
from nnc.data.split import draw_rows
from nnc.errors import DataError, ModelError, ProgramFileError
from nnc.tables import OutputForm, TableSchema, learn_inputs, learn_target, read_declaration

TABLE = {
    "id": [1, 2, 3, 4, 5, 6],
    "age": ["30", "", "20", "NA", "40", "30"],
    "city": ["Rome", "Oslo", "", "Rome", "Rome", "Oslo"],
    "note": ["a", "b", "c", "d", "e", "f"],
    "bought": ["no", "yes", "no", "yes", "no", "no"],
}
ROWS = as_columns(TABLE, ())
SIGMOID, SOFTMAX = OutputForm("probability", 1, False, True), OutputForm("probability", 3, True, True)


def learn(declared=None, table=ROWS, target="bought", form=SIGMOID):
    declared = {name: read_declaration(name, value) for name, value in (declared or {}).items()}
    index = table.find(target)
    meaning = learn_target(table, index, declared.get(target), form)
    return TableSchema(learn_inputs(table, index, declared), meaning, index, table.has_names)


def test_what_rows_say():
    assert dict(learn().describe()) == {
        "id": "ignored: it counts the rows",
        "age": "number, standardized; missing: 30 (the mean; 2 cells)",
        "city": "category: Oslo, Rome; missing is one of them",
        "note": "ignored: 6 different texts in 6 rows; 'columns: {note: category}' keeps it anyway",
        "bought": "target, 2 classes: no, yes",
    }


def test_inputs_are_those_of_scikit_learn():
    ages = numpy.array([[30.0], [numpy.nan], [20.0], [numpy.nan], [40.0], [30.0]])
    cities = numpy.array(TABLE["city"]).reshape(-1, 1)
    scaled = StandardScaler().fit_transform(SimpleImputer().fit_transform(ages))
    expected = numpy.hstack([scaled, OneHotEncoder(sparse_output=False).fit_transform(cities)[:, [1, 2, 0]]])
    schema = learn()
    assert schema.labels == ("age", "city=Oslo", "city=Rome", "city=missing")
    numpy.testing.assert_allclose(schema.encode(ROWS), expected, rtol=1e-12)


def test_numbers_alone_stay_as_they_are():
    table = as_columns({"a": [1.5, 2.5], "b": [3, 4], "y": [0, 1]}, ())
    schema = learn(table=table, target="y")
    assert schema.encode(table).tolist() == [[1.5, 3.0], [2.5, 4.0]]
    assert not numpy.array_equal(learn({"a": "number"}, table, "y").encode(table), [[1.5, 3.0], [2.5, 4.0]])


@pytest.mark.parametrize(
    ("declared", "column", "cell", "expected"),
    [
        ({"age": {"number": {"missing": "median"}}}, "age", "", ["age", 30.0]),
        ({"age": {"number": {"missing": 7, "standardize": False}}}, "age", "", ["age", 7.0]),
        ({"city": {"category": {"missing": "most_frequent"}}}, "city", "", ["city=Rome", 1.0]),
        ({"city": {"category": {"missing": "Oslo"}}}, "city", "", ["city=Oslo", 1.0]),
        ({"city": {"category": {"unknown": "category"}}}, "city", "Bern", ["city=unknown", 1.0]),
        ({"city": {"category": {"categories": ["Rome", "Oslo", "Bern"]}}}, "city", "Bern", ["city=Bern", 1.0]),
        ({"note": "category"}, "note", "f", ["note=f", 1.0]),
        ({"id": "category"}, "id", "6", ["id=6", 1.0]),
    ],
)
def test_what_model_files_say(declared, column, cell, expected):
    schema = learn(declared)
    row = {"id": [1], "age": ["30"], "city": ["Rome"], "note": ["a"]}
    found = dict(zip(schema.labels, schema.encode(as_columns(row | {column: [cell]}, ()))[0], strict=True))
    label, value = expected
    if label == "age" and schema.columns[1].spread != 1.0:
        value = (value - schema.columns[1].mean) / schema.columns[1].spread
    assert found[label] == value
    others = [number for name, number in found.items() if name.startswith(f"{column}=") and name != label]
    assert not any(others)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"city": ["Rom"]},
            "column 3 'city': expected one of Oslo, Rome, missing, found 'Rom'. Did you mean 'Rome'",
        ),
        ({"age": ["old"]}, "row 1, column 2 'age': expected a number, found 'old'"),
        ({"age": ["inf"]}, "row 1, column 2 'age': expected a finite number, found 'inf'"),
        ({"bought": ["maybe"]}, "row 1, column 5 'bought': expected one of the classes no, yes, found 'maybe'"),
        ({"bought": [""]}, "expected one of the classes no, yes, found an empty cell"),
    ],
)
def test_unknown_cells(changed, message):
    schema = learn()
    row = as_columns({name: [cells[0]] for name, cells in TABLE.items()} | changed, ())
    with pytest.raises(DataError) as raised:
        schema.encode(row), schema.target.encode(row, schema.target_in(row))
    assert message in str(raised.value)


def test_a_missing_number_needs_a_rule():
    table = as_columns({"a": [1.0, 2.0], "t": ["x", "y"], "y": [0, 1]}, ())
    schema = learn(table=table, target="y")
    with pytest.raises(DataError, match=r"row 1, column 1 'a'.*columns: \{a: \{number: \{missing: mean\}\}\}"):
        schema.encode(as_columns({"a": [None], "t": ["x"]}, ()))


def test_columns_are_found_by_name_or_by_place():
    schema = learn()
    encoded = schema.encode(ROWS)
    turned = as_columns(dict(reversed(TABLE.items())) | {"more": [0] * 6}, ())
    numpy.testing.assert_array_equal(schema.encode(turned), encoded)
    without = as_columns({name: cells for name, cells in TABLE.items() if name not in ("note", "id", "bought")}, ())
    numpy.testing.assert_array_equal(schema.encode(without), encoded)  # ignored columns may be missing
    plain = as_columns([list(row) for row in zip(*list(TABLE.values())[:4], strict=True)], schema.names)
    numpy.testing.assert_array_equal(schema.encode(plain), encoded)
    with pytest.raises(DataError, match=r"the column 'city' is missing. Did you mean 'citi'\?"):
        schema.encode(as_columns({"age": [1], "citi": ["Rome"]}, ()))


CLASS_CASES = [
    # cells, form, classes, targets
    (["b", "a", "c"], SOFTMAX, ("a", "b", "c"), [[0, 1, 0], [1, 0, 0], [0, 0, 1]]),
    ([1, 3, 2], OutputForm("logit", 3, False, True), ("1", "2", "3"), [[0], [2], [1]]),
    ([0, 2, 0], OutputForm("logit", 3, False, True), ("0", "1", "2"), [[0], [2], [0]]),  # a class that no row has
    (["1.0", "0", "1"], SIGMOID, ("0", "1"), [[1], [0], [1]]),
    ([True, False, True], SIGMOID, ("False", "True"), [[1], [0], [1]]),
    ([-1, 1, 1], OutputForm("margin", 1, False, True), ("-1", "1"), [[0], [1], [1]]),
]


@pytest.mark.parametrize(("cells", "form", "classes", "targets"), CLASS_CASES)
def test_classes(cells, form, classes, targets):
    table = as_columns({"a": [1, 2, 3], "y": cells}, ())
    target = learn_target(table, 1, None, form)
    assert target.classes == classes
    assert target.encode(table, 1).tolist() == targets


@pytest.mark.parametrize(
    ("cells", "value", "form", "message"),
    [
        (["a", "b", "c"], "target", SIGMOID, r"has 3 classes \(a, b, c\), and the model 1 output; it needs 3"),
        (["a", "b", "a"], "label", SOFTMAX, r"has 2 classes \(a, b\), and the model 3 outputs; it needs 1 or 2"),
        (["a", "b", "a"], "target", OutputForm("probability", 1, False, False), "for classes give a loss such as"),
        (["1", "2", "x"], "target", SIGMOID, "row 3, column 2 'y': expected a number, found 'x'"),
    ],
)
def test_targets_that_do_not_fit(cells, value, form, message):
    table = as_columns({"a": [1, 2, 3], "y": cells}, ())
    with pytest.raises(DataError, match=message):
        learn_target(table, 1, read_declaration("y", value), form)


def test_mistakes_in_numbers_are_no_categories():
    table = as_columns({"a": [*map(str, range(99)), "l0"], "y": [0] * 100}, ())
    with pytest.raises(DataError, match=r"row 100, column 1 'a': expected a number, found 'l0'; (.*) \{a: category\}"):
        learn(table=table, target="y")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("numbr", "column 'a' is of kind 'numbr'; kinds are .* Did you mean 'number'"),
        (3, "column 'a' must be one of number"),
        ({"number": {"mising": "mean"}}, "number has no argument 'mising' .* Did you mean 'missing'"),
        ({"number": {"missing": "avg"}}, "missing is a number or one of mean, median, error"),
        ({"number": {"standardize": "yes"}}, "standardize is true or false"),
        ({"category": {"unknown": "bin"}}, "unknown is error or category"),
        ({"category": {"categories": ["a", "a"]}}, "have different names"),
        ({"label": {"classes": 3}}, "are a list of names"),
        ({"number": {}, "category": {}}, "column 'a' must be one of"),
    ],
)
def test_declarations_that_are_none(value, message):
    with pytest.raises(ModelError, match=message):
        read_declaration("a", value)


def test_files_keep_the_meaning():
    schema = learn({"city": {"category": {"unknown": "category"}}})
    again = TableSchema.from_json(json.loads(json.dumps(schema.to_json())))
    assert again == schema
    numpy.testing.assert_array_equal(again.encode(ROWS), schema.encode(ROWS))


def damaged():
    plain = learn().to_json()
    yield [], "'columns' of a table is missing"
    for key, value, message in [
        ("has_names", 1, "must be bool"),
        ("target_index", 9, "is not a column"),
        ("columns", [plain["columns"][1]] * 2, "occurs twice"),
        ("columns", [plain["columns"][1] | {"spread": 0.0}], "must not be 0"),
        ("columns", [plain["columns"][1] | {"mean": float("nan")}], "must be finite"),
        ("columns", [plain["columns"][1] | {"kind": "picture"}], "of kind 'picture'"),
        ("columns", [plain["columns"][2] | {"categories": []}], "must be different texts"),
        ("columns", [plain["columns"][2] | {"missing": "x"}], "one of the categories"),
        ("target", plain["target"] | {"scale": "percent"}, "is of kind"),
        ("target", plain["target"] | {"units": 3}, "cannot have 3 outputs"),
    ]:
        yield plain | {key: value}, message


@pytest.mark.parametrize(("data", "message"), list(damaged()))
def test_damaged_meanings(data, message):
    with pytest.raises(ProgramFileError, match=message):
        TableSchema.from_json(data)


@given(st.integers(4, 200), st.floats(0.05, 0.6), st.integers(1, 4), st.integers(0, 99))
def test_drawn_rows_are_like_all(count, fraction, classes, seed):
    labels = numpy.random.default_rng(seed).integers(0, classes, count)
    drawn = round(count * fraction)
    if not 0 < drawn < count:
        return
    stays, kept = draw_rows(count, fraction, numpy.random.default_rng(seed), labels)
    assert sorted([*stays, *kept]) == list(range(count))
    assert len(kept) == drawn
    for label in range(classes):
        expected = drawn * (labels == label).sum() / count
        assert abs((labels[kept] == label).sum() - expected) < 2


def test_numbers_come_from_the_rows_to_train_on():
    table = as_columns({"a": [1.0, 3.0, None, 9.0], "t": ["x", "x", "y", "y"], "y": [0, 1, 0, 1]}, ())
    number, category = learn_inputs(table, 2, {}, numpy.array([1, 0]))
    assert (number.mean, number.spread, number.missing) == (2.0, 1.0, 2.0)
    assert category.categories == ("x", "y")
