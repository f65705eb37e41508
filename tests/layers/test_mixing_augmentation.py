"""Images and labels of a batch are mixed in the same shares, by Keras's law."""

from __future__ import annotations

import numpy
import pytest
import scipy.stats

import nnc
from nnc import layers
from nnc.errors import ModelError
from nnc.ir import Graph, TensorType
from nnc.layers.lowering import lowering
from tests.layers.training import trained
from tests.running import run_graph

ROWS, HEIGHT, WIDTH = 400, 6, 8
CODES = numpy.arange(ROWS, dtype="float64")
LABELS = numpy.eye(ROWS)
IMAGES = numpy.broadcast_to(CODES[:, None, None, None], (ROWS, HEIGHT, WIDTH, 1))
"""Each image has its own number in all pixels, so that one can see what a pixel is made of."""


def mixed(layer, images=IMAGES, labels=LABELS, key: int = 0):
    """Return images and labels that a layer makes while training."""
    graph = Graph("mixing")
    x = graph.input("x", TensorType("float64", images.shape))
    y = graph.input("y", TensorType(str(labels.dtype), labels.shape))
    with lowering(graph, training=True, dtype="float64"):
        found = layer.lower({"labels": y, "images": x})
    assert list(found) == ["labels", "images"]
    for name, value in found.items():
        graph.output(name, value)
    states = {"random": numpy.array([key, 0], "uint32")}
    outputs, _ = run_graph(graph, {"x": images, "y": labels}, states)
    return outputs["images"], outputs["labels"]


def partners(labels):
    """Return for each row the share it kept of itself, and the number of the row it was mixed with."""
    numpy.testing.assert_allclose(labels.sum(1), 1.0, rtol=1e-6)
    others = labels * (1 - LABELS)
    assert ((others > 0).sum(1) <= 1).all()
    return labels.diagonal(), others.argmax(1)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_mix_up(alpha):
    images, labels = mixed(layers.MixUp(alpha))
    share, partner = partners(labels)
    expected = share * CODES + (1.0 - share) * partner
    is_mixed = (labels > 0).sum(1) == 2
    numpy.testing.assert_allclose(images[is_mixed], expected[is_mixed, None, None, None] + 0 * images[is_mixed])
    assert len(numpy.unique(partner[is_mixed])) == is_mixed.sum()  # a permutation
    low = share[is_mixed & (share < 0.5)]
    beta = scipy.stats.beta(alpha, alpha)
    assert scipy.stats.kstest(low, lambda x: 2.0 * beta.cdf(x)).pvalue > 1e-3
    assert is_mixed.mean() > (0.5 if alpha < 1 else 0.95)


@pytest.mark.parametrize("factor", [1.0, (0.9, 1.0)])
def test_cut_mix(factor):
    images, labels = mixed(layers.CutMix(factor))
    shares = []
    for row, (image, label) in enumerate(zip(images[..., 0], labels, strict=True)):
        foreign = image != CODES[row]
        others = numpy.flatnonzero(label * (1 - LABELS[row]))
        if foreign.any():
            rows, columns = foreign.any(1), foreign.any(0)
            assert (foreign == rows[:, None] & columns[None]).all()
            assert numpy.ptp(numpy.flatnonzero(rows)) == rows.sum() - 1
            assert numpy.ptp(numpy.flatnonzero(columns)) == columns.sum() - 1
            assert list(numpy.unique(image[foreign])) == list(others)
        # edges of rectangles lie between pixels, areas are those of the edges
        share = 1.0 - label[row] if len(others) else 0.0
        sides = numpy.sqrt(share) * numpy.array([HEIGHT, WIDTH])
        if others.size and not foreign.any():
            assert sides.min() < 1
        elif others.size:
            assert abs(foreign.any(1).sum() - sides[0]) < 1 and abs(foreign.any(0).sum() - sides[1]) < 1
        shares.append(share)
    assert min(shares) < 0.1 and max(shares) > 0.9
    if factor != 1.0:
        assert scipy.stats.kstest(shares, "uniform").pvalue > 1e-4  # the beta distribution of about 1 and 1


def test_labels_alone_say_what_keras_says():
    keras = pytest.importorskip("keras")
    rows = 5
    order, share = numpy.array([3, 0, 1, 4, 2]), numpy.linspace(0.1, 0.9, rows).astype("float32")
    images, labels = numpy.random.default_rng(0).uniform(size=(2, rows, 4, 3, 2)).astype("float32")
    labels = labels[:, 0, 0]
    transformation = {"mix_weight": share, "permutation_order": order}
    theirs = keras.layers.MixUp()
    graph = Graph("mix")
    names = {"x": images, "y": labels, "order": order.astype("int32"), "share": share}
    values = [graph.input(name, TensorType(str(array.dtype), array.shape)) for name, array in names.items()]
    for name, value in zip("xy", values[:2], strict=True):
        graph.output(name, nnc.layers.mixing_augmentation.mix(value, *values[2:]))
    found, _ = run_graph(graph, names)
    expected = numpy.asarray(theirs.transform_images(images, transformation))
    numpy.testing.assert_allclose(found["x"], expected, rtol=1e-6)
    numpy.testing.assert_allclose(found["y"], theirs.transform_labels(labels, transformation), rtol=1e-6)


@pytest.mark.parametrize("layer", [layers.MixUp(), layers.CutMix(), layers.CutMix(data_format="channels_first")])
def test_images_alone(layer):
    images = numpy.random.default_rng(1).uniform(1.0, 2.0, (6, 4, 5, 3))
    found, slope = trained(layer, images)
    assert found.shape == images.shape and found.min() >= 1.0 and found.max() <= 2.0
    numpy.testing.assert_allclose(slope.sum(), images.size, rtol=1e-6)
    numpy.testing.assert_array_equal(layer(images, training=False), images.astype("float32"))
    assert numpy.abs(trained(layer, images, 1)[0] - found).max() > 1e-3


def test_whole_labels_are_mixed_as_numbers_and_others_pass():
    classes = numpy.eye(ROWS, dtype="int32")
    images, labels = mixed(layers.MixUp(1.0), labels=classes)
    assert labels.dtype.kind == "f" and ((labels > 0) & (labels < 1)).any()
    images, labels = mixed(layers.RandomBrightness((0.1, 0.1)))
    numpy.testing.assert_array_equal(labels, LABELS)
    numpy.testing.assert_allclose(images, (IMAGES + 25.5).clip(0, 255))


def test_a_model_mixes_images_and_labels_while_training():
    x, y = nnc.Input((4, 4, 1)), nnc.Input((3,))
    found = layers.MixUp(1.0)({"images": x, "labels": y})
    scores = layers.Dense(3)(layers.Flatten()(found["images"]))
    model = nnc.Model([x, y], layers.Subtract()([scores, found["labels"]]))
    model.compile("sgd", "mse")
    images, classes = numpy.random.default_rng(0).uniform(size=(9, 4, 4, 1)), numpy.eye(3)[numpy.arange(9) % 3]
    model.fit([images, classes], numpy.zeros((9, 3)), epochs=2, verbose=0)
    dense = model.layers[-2] if isinstance(model.layers[-2], layers.Dense) else model.layers[-3]
    kernel, bias = dense.get_weights()
    expected = images.reshape(9, -1) @ kernel + bias - classes
    numpy.testing.assert_allclose(model.predict([images, classes]), expected, rtol=1e-4, atol=1e-5)


def test_what_does_not_fit():
    x = nnc.Input((4, 4, 1))
    with pytest.raises(ModelError, match="must have images, and may have labels, got images, bounding_boxes"):
        layers.MixUp()({"images": x, "bounding_boxes": nnc.Input((2, 4))})
    with pytest.raises(ModelError, match="got labels"):
        layers.CutMix()({"labels": nnc.Input((2,))})
    with pytest.raises(ModelError, match="MixUp: alpha must be a finite number of at least 0, got -1"):
        layers.MixUp(-1)
