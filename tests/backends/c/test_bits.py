"""The same bits again: in a second run, after a restart, from the cache, for any number of threads."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.usefixtures("compiler")
SCRIPT = """
import hashlib, numpy, nnc
from nnc import layers
generator = numpy.random.default_rng(0)
digest = hashlib.sha256()
image, dense = generator.normal(size=(64, 20, 20, 3)), generator.normal(size=(256, 300))
series = generator.integers(0, 50, (64, 12))
networks = [
    (image, [layers.Conv2D(24, 3, activation="relu"), layers.MaxPooling2D(), layers.BatchNormalization(),
             layers.SeparableConv2D(40, 3), layers.GlobalAveragePooling2D(), layers.Dropout(0.2)]),
    (dense, [layers.Dense(500, activation="tanh"), layers.Dropout(0.5), layers.Dense(300, activation="gelu")]),
    (series, [layers.Embedding(50, 32), layers.LSTM(64, return_sequences=True), layers.GRU(48)]),
]
for x, items in networks:
    nnc.utils.set_random_seed(3)
    x = x.astype("int32" if x.dtype.kind == "i" else "float32")
    kind = str(x.dtype)
    model = nnc.Sequential([nnc.Input(x.shape[1:], dtype=kind), *items, layers.Dense(7, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, generator.integers(0, 7, len(x)), batch_size=32, epochs=2, verbose=0)
    digest.update(model.predict(x, verbose=0).tobytes())
    for label, array in model.program.states.items():
        digest.update(label.encode() + array.tobytes())
print(digest.hexdigest())
"""


@pytest.mark.slow
def test_neither_a_restart_nor_threads_change_a_bit(folder):
    found = []
    for threads in ("1", "1", "2"):
        environment = {
            **os.environ,
            "NNC_BACKEND": "c",
            "NNC_C_LEVEL": "1",
            "OPENBLAS_NUM_THREADS": "1",  # which computes products where there is no AVX2, to bits that depend on it
            "OMP_NUM_THREADS": threads,
            "PYTHONPATH": os.getcwd(),
        }
        command = [sys.executable, "-c", SCRIPT]
        found.append(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
        if len(found) == 1:
            entries = sorted(folder.rglob("*.so"))
    assert found[0] == found[1] == found[2]
    assert entries and sorted(folder.rglob("*.so")) == entries  # the first one compiled, the others did not
