"""What exports of a program that was trained on a table say of its columns and classes."""

import runpy

import numpy
import pytest

import nnc
from nnc.backends.c.toolchain import find_compiler
from nnc.data.frames import as_columns
from nnc.export import export
from nnc.tables import CategoryColumn, ClassTarget, IgnoredColumn, NumberColumn, TableSchema
from tests.export.hostile import FEW
from tests.export.test_c import STRICT, run

SIZE, COLOUR = 'si*/ze """ ??/ m²', FEW[0]
SCHEMA = TableSchema(
    (
        NumberColumn(SIZE, mean=3.25, spread=0.7, missing=2.5),
        IgnoredColumn("row"),
        CategoryColumn(COLOUR, ("red", FEW[1], ""), missing="", unknown=True),
        NumberColumn("age"),
    ),
    ClassTarget("kind", tuple(FEW[2:4]), "probability", 1, False),
    4,
)
ROWS = [[3.0, 1, "red", 40], [None, 2, None, 41], [4.5, 3, FEW[1], 42], [4.75, 4, "green", 43]]

MAIN = """
#include <stdio.h>
#include "things.h"
#include "things_table.h"

static int64_t arena[(THINGS_ARENA_BYTES + 7) / 8];

int main(void) {
    static const double rows[4][THINGS_COLUMNS] = {
        {3, 1, 0, 0, 0, 40}, {NAN, NAN, NAN, NAN, NAN, 41}, {4.5, 0, 1, 0, 0, 42}, {4.75, 0, 0, 0, 1, 43}};
    for (int row = 0; row < 4; row++) {
        float x[THINGS_COLUMNS], output[1];
        for (int i = 0; i < THINGS_COLUMNS; i++) {
            const double value = isnan(rows[row][i]) ? things_missing[i] : rows[row][i];
            x[i] = (float)((value - things_means[i]) / things_spreads[i]);
        }
        things_predict(x, output, arena);
        printf("%a\\n", (double)output[0]);
    }
    for (int i = 0; i < THINGS_COLUMNS; i++) printf("%s\\n", things_columns[i]);
    for (int i = 0; i < THINGS_CLASSES; i++) printf("%s\\n", things_classes[i]);
    return isnan(things_missing[THINGS_COLUMNS - 1]) ? 0 : 1;
}
"""


@pytest.fixture(scope="module")
def things():
    model = nnc.Sequential(
        [nnc.Input((6,)), nnc.layers.Dense(3, "tanh"), nnc.layers.Dense(1, "sigmoid")], name="things"
    )
    generator = numpy.random.default_rng(0)
    model.set_weights([generator.normal(size=weight.shape) for weight in model.get_weights()])
    program = nnc.compile(model)
    program.table = SCHEMA
    return program


@pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler")
def test_c_has_a_header_for_the_table(things, tmp_path):
    written = export(things, "c", tmp_path, batch=1)
    assert written[-1].name == "things_table.h"
    (tmp_path / "main.c").write_text(MAIN)
    assert not run("cc", *STRICT, "-o", "main", "main.c", "things.c", "-lm", cwd=tmp_path).stdout
    printed = run("./main", cwd=tmp_path).stdout.splitlines()
    outputs = [float.fromhex(line) for line in printed[:4]]
    odds = things.predict_table(ROWS, probabilities=True)
    numpy.testing.assert_allclose(outputs, odds[:, 1], rtol=1e-5)
    assert len(printed) == 4 + 6 + 2
    assert things.predict_table(ROWS).tolist() == [SCHEMA.classes[output > 0.5] for output in outputs]


def test_python_has_constants_for_the_table(things, tmp_path):
    export(things, "python", tmp_path / "things.py")
    module = runpy.run_path(str(tmp_path / "things.py"))
    assert module["CLASSES"] == SCHEMA.classes
    assert tuple(module["COLUMNS"]) == SCHEMA.labels
    means, spreads, missing = numpy.array(list(module["COLUMNS"].values()), "float64").T
    values = numpy.array([[3, 1, 0, 0, 0, 40], [numpy.nan] * 5 + [41], [4.5, 0, 1, 0, 0, 42], [4.75, 0, 0, 0, 1, 43]])
    x = (numpy.where(numpy.isnan(values), missing, values) - means) / spreads
    numpy.testing.assert_array_equal(x, SCHEMA.encode(as_columns(ROWS, SCHEMA.names)))
    assert list(module["COLUMNS"].values())[-1] == (0.0, 1.0, None)
    numpy.testing.assert_array_equal(module["predict"](x), things.predict(x))
