"""Walks the ways of five users, each in a bare environment: ``python -m tests.walks DIST [NAME ...]``.

Each script beside this file has the commands that a person types, the installation first. It runs in a folder of its
own with the files that this person has; pip takes nnc from the folder DIST, in which wheels lie, and all else from the
index. Prints what the commands print, and ends with 1 where one fails.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"


def trained_model(folder: Path) -> None:
    """Write a model that Keras has trained, and rows with what Keras predicts of them."""
    import keras

    keras.utils.set_random_seed(0)
    x = numpy.random.default_rng(0).normal(size=(200, 8, 8, 1)).astype("float32")
    y = (x.mean((1, 2, 3)) > 0).astype("float32")[:, None]
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=2, verbose=0)
    model.save(folder / "model.keras")
    numpy.savez(folder / "rows.npz", x=x, y=y, expected=model.predict(x, verbose=0))


def measurements(folder: Path) -> None:
    """Write a table of numbers as a logger does."""
    generator = numpy.random.default_rng(1)
    numbers = generator.normal([20, 1013, 40], [5, 8, 15], (300, 3))
    is_wet = numbers[:, 2] + generator.normal(0, 4, 300) > 45
    table = numpy.column_stack([numbers, is_wet])
    numpy.savetxt(
        folder / "measurements.csv", table, "%.2f", ",", header="temperature,pressure,humidity,wet", comments=""
    )


def passengers(folder: Path) -> None:
    """Write a table of texts, gaps and semicolons."""
    generator = numpy.random.default_rng(2)
    lines = ["id;name;sex;age;fare;port;survived"]
    for row in range(1, 401):
        sex = generator.choice(["female", "male"])
        age = "" if generator.random() < 0.2 else f"{generator.uniform(1, 80):.1f}".replace(".", ",")
        fare = f"{numpy.exp(generator.normal(3, 1)):.2f}".replace(".", ",")
        port = "" if generator.random() < 0.02 else generator.choice(["Cherbourg", "Queenstown", "Southampton"])
        survived = "yes" if generator.random() < (0.75 if sex == "female" else 0.2) else "no"
        lines.append(f'{row};"Passenger {row}; Mx";{sex};{age};{fare};{port};{survived}')
    (folder / "passengers.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def notebook(folder: Path) -> None:
    """Copy the notebook for classes."""
    shutil.copy(EXAMPLES / "see_through.ipynb", folder)


WALKS: dict[str, Callable[[Path], None] | None] = {
    "keras_engineer": trained_model,
    "student": None,
    "embedded_engineer": measurements,
    "table": passengers,
    "teacher": notebook,
}


def walk(name: str, wheels: Path) -> int:
    """Run a script in a new environment, and return its exit code."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "folder"
        folder.mkdir()
        environment = Path(place) / "environment"
        if (make := WALKS[name]) is not None:
            make(folder)
        venv.create(environment, with_pip=True)
        variables = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "NNC_"))}
        variables |= {
            "PATH": f"{environment / 'bin'}{os.pathsep}{variables['PATH']}",
            "VIRTUAL_ENV": str(environment),
            "PIP_FIND_LINKS": str(wheels.resolve()),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_QUIET": "1",
            "NNC_CACHE_DIR": str(Path(place) / "cache"),
        }
        return subprocess.run(
            ["bash", "-euxo", "pipefail", HERE / f"{name}.sh"], cwd=folder, env=variables, check=False
        ).returncode


def main() -> int:
    """Walk those that the command line names, by default all, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("wheels", metavar="DIST", type=Path, help="folder with a wheel of nnc")
    parser.add_argument("names", metavar="NAME", nargs="*", choices=[*WALKS, []], help=f"of {', '.join(WALKS)}")
    arguments = parser.parse_args()
    failed = []
    for name in arguments.names or WALKS:
        print(f"== {name}", flush=True)
        start = perf_counter()
        if walk(name, arguments.wheels):
            failed.append(name)
        print(f"== {name}: {'failed' if name in failed else 'done'} after {perf_counter() - start:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
