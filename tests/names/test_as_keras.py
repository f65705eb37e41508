"""The shim: a script that imports Keras runs on nnc, and what is not there is one readable error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys

import keras
import keras.ops
import numpy as np
import tensorflow as tf
import tensorflow.keras.backend as K
from tensorflow.data import Dataset
from keras import layers, ops
from keras.optimizers.schedules import ExponentialDecay
from tensorflow import keras as inner
from tensorflow.keras.datasets import mnist
from tensorflow.keras.layers import Dense
from tensorflow.keras.utils import to_categorical

keras.utils.set_random_seed(1)
model = keras.Sequential([layers.Input((3,)), tf.keras.layers.Dense(4, "relu"), Dense(2, "softmax")])
model.compile(keras.optimizers.SGD(ExponentialDecay(0.1, 5, 0.9)), "categorical_crossentropy", metrics=["accuracy"])
x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
y = to_categorical(x.argmax(1) > 0, 2)
rows = Dataset.from_tensor_slices((x, tf.constant(y))).shuffle(16).batch(8).prefetch(tf.data.AUTOTUNE)
history = model.fit(rows, epochs=3, verbose=0)
assert tf.config.list_physical_devices("GPU") == [] and tf.reduce_mean(tf.math.square(x)).numpy() > 0
assert len(history.history["loss"]) == 3
assert K.get_value(model.layers[0].kernel).shape == (3, 4)
assert inner.layers.Dense is layers.Dense is keras.layers.Dense is Dense
assert ops is keras.ops
assert keras.__version__ == "3.15.0"
import nnc
assert Dense is nnc.layers.Dense
assert callable(mnist.load_data)
assert "Dense" in dir(layers) and "Dense" in dir(keras.layers)
found = [name for name in sys.modules if name.startswith(("keras.src", "tensorflow.python"))]
print(__name__, sys.argv[1:], found, type(keras).__name__)
"""


def run(*arguments, code=0):
    command = [sys.executable, "-W", "error", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stderr
    return done


def test_a_script(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    (tmp_path / "beside.py").write_text("")
    script.write_text(f"import beside\n{SCRIPT}")
    assert run("-m", "nnc.as_keras", script, "a", "-b").stdout == "__main__ ['a', '-b'] [] Answer\n"


def test_a_module(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__main__.py").write_text(SCRIPT)
    command = [sys.executable, "-W", "error", "-m", "nnc.as_keras", "-m", "package", "a"]
    environment = {**__import__("os").environ, "PYTHONPATH": f"{Path(__file__).parents[2]}:{tmp_path}"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path, env=environment
    )
    assert done.stdout == "__main__ ['a'] [] Answer\n", done.stderr


def test_imported_first(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(f"import nnc.as_keras\n{SCRIPT}")
    assert run(script).stdout == "__main__ [] [] Answer\n"


REFUSED = {
    "tf.Tensor": "tensorflow.Tensor is not there: nnc is a Keras without TensorFlow; write keras.KerasTensor instead",
    "from tensorflow import scan": "write keras.ops.scan instead",
    "tf.nn.conv": "tensorflow.nn.conv is not there: nnc is a Keras without TensorFlow; write keras.ops.conv instead",
    "tf.math.bincount": "write keras.ops.bincount instead",
    "from tensorflow.linalg import svd": "write keras.ops.svd instead",
    "tf.random.stateless_normal": "write functions of keras.random instead",
    "tf.data.TFRecordDataset": "write functions of keras.utils instead",
    "tf.config.run_functions_eagerly": "nnc is a Keras without TensorFlow; leave it out",
    "import tensorflow.io": "write Python's open instead",
    "import keras.src.layers": "keras.src is not there: it is the inside of Keras, of which nnc has nothing",
    "from tensorflow.python.keras import layers": "import the name from keras",
    "from keras.layers import Densest": "keras.layers.Densest is not there: module 'nnc.layers' has no attribute",
    "keras.layers.Densest": "keras.layers.Densest is not there",
    "keras.StatelessScope": "nnc has no StatelessScope: a compiled model has its state in a program",
    "from keras import distribution": "nnc has no distribution: train on several processes",
    "keras.passes": "keras.passes is not there",
}


def test_what_is_not_there(tmp_path):
    lines = ["import keras", "import tensorflow as tf", "found = []"]
    for line in REFUSED:
        lines += ["try:", f"    {line}", "except Exception as error:", "    found.append(str(error))"]
        lines += ["else:", "    found.append('')"]
    script = tmp_path / "script.py"
    script.write_text("\n".join([*lines, "print('\\n'.join(found))"]))
    shown = run("-m", "nnc.as_keras", script).stdout.splitlines()
    assert len(shown) == len(REFUSED)
    for (line, text), error in zip(REFUSED.items(), shown, strict=True):
        assert text in error, line


def test_command_line(tmp_path):
    assert "usage: python -m nnc.as_keras" in run("-m", "nnc.as_keras", code=2).stderr
    assert "there is no script" in run("-m", "nnc.as_keras", tmp_path / "none.py", code=2).stderr


@pytest.mark.slow  # importing TensorFlow takes longest
def test_keras_itself_was_imported_before():
    code = "import keras\ntry:\n    import nnc.as_keras\nexcept ImportError as error:\n    print(error)"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    ).stdout
    assert shown == "keras itself is imported already; import nnc.as_keras before it\n"


@pytest.mark.parametrize("module", ["nnc", "nnc.layers"])
def test_nothing_happens_without_it(module):
    code = f"import sys, {module}; print(any(hasattr(item, 'answers_keras') for item in sys.meta_path))"
    assert run("-c", code).stdout == "False\n"
