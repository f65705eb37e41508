"""Five tables, each with a model file of at most ten lines, beside scikit-learn's perceptron in a pipeline."""

import numpy
import pandas
import pytest
from sklearn import datasets
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from typer.testing import CliRunner

import nnc
from nnc.cli.app import app

pytestmark = pytest.mark.slow
SPLITS = 10

CLASSES = """\
layers:
  - Normalization
  - Dense: {{units: 100, activation: relu}}
  - Dense: {{units: {0}, activation: softmax}}
compile: {{optimizer: adam, loss: sparse_categorical_crossentropy}}
"""
PASSENGERS = """\
columns: {survived: label, age: {number: {missing: mean}}, port: {category: {missing: most_frequent}}}
layers:
  - Dense: {units: 100, activation: relu}
  - Dense: {units: 1, activation: sigmoid}
compile: {optimizer: adam, loss: binary_crossentropy}
"""
DIABETES = """\
layers:
  - Normalization
  - Dense: {units: 100, activation: relu}
  - Dense: 1
compile: {optimizer: adam, loss: mse}
"""


def passengers():
    """A table as that of the Titanic: texts, missing cells, an index, a name in each row, decimal commas."""
    generator, rows = numpy.random.default_rng(4), 800
    sex = generator.choice(["male", "female"], rows, p=[0.65, 0.35])
    level = generator.integers(1, 4, rows)
    age = numpy.clip(generator.normal(30, 14, rows), 0.4, 80)
    fare = numpy.exp(generator.normal(4.5 - 0.7 * level, 0.6, rows)).round(2)
    port = generator.choice(["Southampton", "Cherbourg", "Queenstown"], rows, p=[0.7, 0.2, 0.1])
    score = 2.4 * (sex == "female") - 1.2 - 0.9 * (level - 2) - 0.02 * (age - 30) + 0.4 * (port == "Cherbourg")
    table = pandas.DataFrame(
        {
            "passengerid": range(1, rows + 1),
            "survived": numpy.where(score + generator.logistic(0, 0.7, rows) > 0, "yes", "no"),
            "class": level,
            "name": [f"Passenger {row}, Mx" for row in range(rows)],
            "sex": sex,
            "age": age.round(1),
            "fare": fare,
            "port": port,
        }
    )
    table.loc[generator.random(rows) < 0.2, "age"] = numpy.nan
    table.loc[generator.random(rows) < 0.02, "port"] = None
    return table


def bunch(name, **options):
    loaded = getattr(datasets, f"load_{name}")(as_frame=True, **options)
    table = loaded.frame
    if name == "iris":  # words, as files have them
        table["target"] = [str(loaded.target_names[number]) for number in table["target"]]
    return table


TABLES = {
    "wine": (bunch, CLASSES.format(3), "target", [], {}),
    "breast_cancer": (bunch, CLASSES.format(2), "target", [], {}),
    "iris": (bunch, CLASSES.format(3), "target", [], {}),
    "passengers": (passengers, PASSENGERS, "survived", ["passengerid", "name"], {"sep": ";", "decimal": ","}),
    "diabetes": (lambda name: bunch(name, scaled=False), DIABETES, "target", [], {}),
}


def perceptron(is_number):
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    texts = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder())
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")), (texts, make_column_selector(dtype_exclude="number"))
    )
    kind = MLPRegressor if is_number else MLPClassifier
    return make_pipeline(columns, kind(random_state=0, batch_size=32, max_iter=200, n_iter_no_change=200))


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_as_good_as_scikit_learn(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make, text, target, ignored, form = TABLES[name]
    table = make() if make is passengers else make(name)
    (tmp_path / "model.yaml").write_text(text)
    assert len(text.splitlines()) <= 10
    is_number = name == "diabetes"
    kind = ShuffleSplit if is_number else StratifiedShuffleSplit
    score = r2_score if is_number else accuracy_score
    found = []
    for train, test in kind(SPLITS, test_size=0.25, random_state=0).split(table, table[target]):
        table.iloc[train].to_csv("train.csv", index=False, **form)
        table.iloc[test].to_csv("test.csv", index=False, **form)
        arguments = ["train", "model.yaml", "--data", "train.csv", "--target", target, "--epochs", "200", "-o", "m.nnc"]
        result = CliRunner().invoke(app, [*arguments, "--no-hints"])
        assert result.exit_code == 0, result.output
        ours = nnc.load("m.nnc").predict_table("test.csv")
        x = table.drop(columns=[target, *ignored])
        theirs = perceptron(is_number).fit(x.iloc[train], table[target].iloc[train]).predict(x.iloc[test])
        truth = table[target].iloc[test]
        found.append((score(truth if is_number else truth.astype(str), ours), score(truth, theirs)))
    ours, theirs = numpy.mean(found, 0)
    print(name, ours, theirs)
    assert ours > (theirs * 0.98 if is_number else theirs - 0.01), found
