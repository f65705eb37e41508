"""Commands on tables: texts, gaps, classes, rows that are kept apart, and what a program keeps of all that."""

import json
from pathlib import Path

import numpy
import pandas
import pytest

import nnc
from nnc.errors import DataError, ProgramFileError

MODEL = """\
columns: {bought: label}
layers:
  - Dense: {units: 8, activation: relu}
  - Dense: {units: 1, activation: sigmoid}
compile: {optimizer: adam, loss: binary_crossentropy, metrics: [accuracy]}
"""
IRIS = """\
layers:
  - Normalization
  - Dense: {units: 3, activation: softmax}
compile: {optimizer: {SGD: {learning_rate: 0.5}}, loss: LOSS_crossentropy, metrics: [accuracy]}
"""


@pytest.fixture
def folder(folder):
    generator = numpy.random.default_rng(0)
    age, city = generator.integers(20, 70, 60), generator.choice(["Rome", "Oslo"], 60)
    table = pandas.DataFrame({"id": range(60), "age": age, "city": city, "bought": numpy.where(age > 45, "yes", "no")})
    table.loc[::7, "age"] = numpy.nan
    table.to_csv("people.csv", sep=";", index=False)
    Path("people.yaml").write_text(MODEL)
    kinds = numpy.repeat(["setosa", "versicolor", "virginica"], 20)  # sorted by class, as the file of iris is
    pandas.DataFrame({"length": generator.normal(100 + 5 * numpy.repeat([0, 1, 2], 20)), "kind": kinds}).to_csv(
        "iris.csv", index=False
    )
    for loss in ("sparse_categorical", "categorical"):
        Path(f"{loss}.yaml").write_text(IRIS.replace("LOSS", loss))
    return folder


def test_a_table_of_texts_and_gaps(folder, run):
    said = run("train", "people.yaml", "--data", "people.csv", "--epochs", "200", "-o", "people.nnc").stderr
    assert "id: ignored: it counts the rows" in said
    assert "city: category: Oslo, Rome" in said
    assert "bought: target, 2 classes: no, yes" in said
    program = nnc.load("people.nnc")
    table = pandas.read_csv("people.csv", sep=";")
    answers = program.predict_table(table)
    run("predict", "people.nnc", "--input", "people.csv", "-o", "answers.csv")
    assert pandas.read_csv("answers.csv")["bought"].tolist() == answers.tolist()
    accuracy = (answers == table["bought"]).mean()
    found = json.loads(run("evaluate", "people.nnc", "--data", "people.csv", "--json").stdout)["result"]
    assert found["accuracy"] == pytest.approx(accuracy)
    run("predict", "people.nnc", "--input", "people.csv", "-o", "odds.csv", "--probabilities")
    odds = pandas.read_csv("odds.csv")
    numpy.testing.assert_allclose(
        odds[["no", "yes"]], program.predict_table("people.csv", probabilities=True), rtol=1e-6
    )
    turned = table[["bought", "city", "age"]].iloc[::-1]  # in another order, without what is ignored
    assert program.predict_table(turned).tolist() == answers[::-1].tolist()


@pytest.mark.parametrize("loss", ["sparse_categorical", "categorical"])
def test_classes_are_the_program_s(folder, run, loss):
    """Files with some of the classes, such as the last two, are read with the numbers that training gave them."""
    run("train", f"{loss}.yaml", "--data", "iris.csv", "--epochs", "300", "-o", "iris.nnc")
    rows = Path("iris.csv").read_text().splitlines()
    Path("two.csv").write_text("\n".join([rows[0], *rows[21:]]))
    found = json.loads(run("evaluate", "iris.nnc", "--data", "two.csv", "--json").stdout)["result"]
    assert found["accuracy"] > 0.9
    Path("other.csv").write_text("\n".join([*rows, "101,lily"]))
    message = run("evaluate", "iris.nnc", "--data", "other.csv", code=1).stderr
    assert "other.csv, line 62, column 2 'kind': expected one of the classes setosa, versicolor" in message
    assert "found 'lily'" in message


def test_layers_adapt_to_the_training_rows_alone(folder, run):
    arguments = ("--data", "iris.csv", "--validation-split", "0.25", "--seed", "3", "--epochs", "1", "-o", "iris.nnc")
    said = run("train", "sparse_categorical.yaml", *arguments).stderr
    assert "layer 'normalization' has adapted to 45 training rows" in said
    assert "on 45 rows, and validating on 15 others" in said
    mean = nnc.load("iris.nnc").get_weights()[0]
    lengths = pandas.read_csv("iris.csv")["length"]
    assert mean != pytest.approx(lengths.mean(), rel=1e-4)
    numpy.savez("iris.npz", x=lengths.to_numpy()[:, None], y=numpy.repeat([0, 1, 2], 20))
    Path("arrays.yaml").write_text("input: [1]\n" + IRIS.replace("LOSS", "sparse_categorical"))
    assert "adapted to 60" in run("train", "arrays.yaml", "--data", "iris.npz", "--epochs", "1", "-o", "n.nnc").stderr
    assert nnc.load("n.nnc").get_weights()[0] == pytest.approx(lengths.mean(), rel=1e-6)


def test_validation_rows_are_drawn_class_by_class(folder, run):
    """The last rows of a file that is sorted by class are of one class, which the model never saw."""
    arguments = ("--data", "iris.csv", "--validation-split", "0.2", "--epochs", "300", "--json")
    found = json.loads(run("train", "sparse_categorical.yaml", *arguments).stdout)["result"]
    assert found["val_accuracy"] > 0.9


@pytest.mark.parametrize("command", ["run", "train"])
def test_patience_and_learning_rate(folder, run, command):
    arguments = ("--data", "iris.csv", "--epochs", "400", "--patience", "2", "--learning-rate", "0")
    result = run(command, "sparse_categorical.yaml", *arguments)
    assert ("3 epochs" if command == "run" else "After 3 epochs") in result.stdout  # nothing is learnt with a rate of 0


def test_an_input_that_does_not_fit(folder, run):
    Path("narrow.yaml").write_text("input: [2]\n" + MODEL)
    message = run("train", "narrow.yaml", "--data", "people.csv", code=1).stderr
    assert (
        "the model takes (2,), and the columns of people.csv give (3,): age, city=Oslo, city=Rome; leave out" in message
    )
    message = " ".join(run("compile", "people.yaml", code=1).stderr.split())
    assert "there is no input shape" in message
    assert "nnc train MODEL --data FILE.csv" in message


def test_columns_that_the_model_file_has_alone(folder, run):
    Path("wrong.yaml").write_text(MODEL.replace("bought: label", "bought: label, agee: number"))
    message = run("train", "wrong.yaml", "--data", "people.csv", code=1).stderr
    assert "has a column 'agee', which the table lacks" in message
    assert "Did you mean 'age'?" in message
    Path("wrong.yaml").write_text(MODEL.replace("bought: label", "bought: labl"))
    assert (
        "wrong.yaml line 1: column 'bought' is of kind 'labl'"
        in run("train", "wrong.yaml", "--data", "people.csv", code=1).stderr
    )


def test_what_a_program_does_not_know(folder, run):
    program = nnc.compile(nnc.Sequential([nnc.layers.Dense(1, input_dim=2)]), loss="mse")
    with pytest.raises(DataError, match="does not know what the columns of a table mean"):
        program.predict_table({"a": [1]})
    program.save("plain.nnc")
    Path("named.csv").write_text("a,b,kind\n1,2,cat\n3,4,dog\n")
    assert "knows no class names" in run("evaluate", "plain.nnc", "--data", "named.csv", code=1).stderr
    assert (
        "not trained on classes"
        in run(
            "predict", "plain.nnc", "--input", "named.csv", "--target", "kind", "-o", "y.csv", "--probabilities", code=1
        ).stderr
    )


def test_a_meaning_that_does_not_fit_the_program(folder, run):
    run("train", "people.yaml", "--data", "people.csv", "--epochs", "1", "-o", "people.nnc")
    content = Path("people.nnc").read_bytes()
    assert b'"city"' in content
    other = nnc.load("people.nnc")
    run("train", "sparse_categorical.yaml", "--data", "iris.csv", "--epochs", "1", "-o", "iris.nnc")
    other.table = nnc.load("iris.nnc").table
    other.save("mixed.nnc")
    with pytest.raises(ProgramFileError, match="a table gives 1 inputs, which the program does not take"):
        nnc.load("mixed.nnc")


def test_options_that_nothing_is_there_for(folder, run):
    assert "--data names" in run("run", "base.yaml", "--target", "y", code=2).stderr
    assert (
        "an encoding is for text files"
        in run("train", "base.yaml", "--data", "points.npz", "--encoding", "cp1252", code=1).stderr
    )


def test_columns_are_about_tables(folder, run):
    """Arrays have none, so what is said of them would be ignored."""
    Path("wide.yaml").write_text("input: [2]\n" + MODEL)
    message = run("train", "wide.yaml", "--data", "points.npz", code=1).stderr
    assert "says what columns of a table mean (bought), and this file has arrays" in message


def test_encodings_of_files_of_numbers(folder, run):
    """Programs that know nothing of tables read them as well."""
    nnc.compile(nnc.Sequential([nnc.layers.Dense(1, input_dim=1)]), loss="mse").save("plain.nnc")
    Path("old.csv").write_bytes("Größe,y\n1,2\n3,4\n".encode("cp1252"))
    run("evaluate", "plain.nnc", "--data", "old.csv", "--encoding", "cp1252")
    assert "--encoding, such as cp1252" in run("evaluate", "plain.nnc", "--data", "old.csv", code=1).stderr
    assert (
        "only tables have columns to leave out, here 'y'"
        in run("predict", "base.yaml", "--data", "points.npz", "--target", "y", "-o", "y.csv", code=1).stderr
    )
    said = run("evaluate", "people.yaml", "--data", "people.csv", code=1).stderr
    assert "people.yaml says what columns mean (bought)" in said
    assert "nnc train people.yaml --data ROWS.csv -o people.nnc" in said


def test_a_column_that_is_no_input_is_left_out(folder, run):
    run("train", "people.yaml", "--data", "people.csv", "--epochs", "1", "-o", "people.nnc")
    predict = ("predict", "people.nnc", "--data", "people.csv", "-o", "y.csv", "--target")
    run(*predict, "bought")
    assert "the column 'age' is missing" in run(*predict, "age", code=1).stderr
    assert "expected a column 'bougt'" in run(*predict, "bougt", code=1).stderr
