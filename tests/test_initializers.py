"""Initializers: shapes, distributions after Keras's formulae, configs equal to Keras's, and mistakes."""

import importlib
import inspect

import numpy
import pytest

import nnc
from nnc import initializers
from nnc.initializers import INITIALIZERS, Initializer, RandomInitializer, compute_fans
from tests.registry_battery import check_import_is_light, check_mistake, check_round_trip

CLASSES = sorted({cls.__name__ for cls in INITIALIZERS.values()})
RANDOM = sorted({cls.__name__ for cls in INITIALIZERS.values() if issubclass(cls, RandomInitializer)})

CONFIGS = [
    *[(name, {}) for name in CLASSES],
    *[(name, {"seed": 7}) for name in RANDOM],
    ("Constant", {"value": 2.5}),
    ("Constant", {"value": [1.0, 2.0]}),
    ("Orthogonal", {"gain": 2}),
    ("RandomNormal", {"mean": 1, "stddev": 0.5, "seed": -3}),
    ("RandomUniform", {"minval": -2, "maxval": 3.0}),
    ("TruncatedNormal", {"mean": -1.0, "stddev": 2.0, "seed": 0}),
    ("VarianceScaling", {"scale": 3, "mode": "fan_out", "distribution": "normal"}),
    ("VarianceScaling", {"mode": "fan_avg", "distribution": "Untruncated_Normal"}),
    ("VarianceScaling", {"distribution": "uniform", "input_axes": [0], "output_axes": [1, 2]}),
    ("GlorotUniform", {"seed": 1, "input_axes": [0, 1], "output_axes": [2]}),
]


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


# ---------------------------------------------------------------------- names and configs


def test_names_and_signatures_are_those_of_keras(keras):
    names = importlib.import_module("keras.src.initializers").ALL_OBJECTS_DICT
    left_out = {"Initializer", "initializer", "STFT", "STFTInitializer", "stft"}
    assert set(INITIALIZERS) == set(names) - left_out
    for name, cls in INITIALIZERS.items():
        assert cls.__name__ == names[name].__name__
        expected = [(item.name, item.default) for item in inspect.signature(names[name]).parameters.values()]
        found = inspect.signature(cls).parameters.values()
        assert [(item.name, item.default) for item in found if item.kind is item.POSITIONAL_OR_KEYWORD] == [
            item for item in expected if item[0] not in ("args", "kwargs")
        ], name
        assert type(initializers.get(name)) is cls


@pytest.mark.parametrize(("name", "arguments"), CONFIGS)
def test_config_round_trip_is_that_of_keras(keras, name, arguments):
    check_round_trip(initializers, keras.initializers, name, arguments)


def test_array_constant_round_trip(keras):
    value = numpy.array([[1.5], [2.5]], "float32")
    ours, theirs = initializers.Constant(value), keras.initializers.Constant(value)
    assert ours.get_config() == theirs.get_config()
    copy = initializers.deserialize(initializers.serialize(ours))
    numpy.testing.assert_array_equal(copy((2, 3)), [[1.5] * 3, [2.5] * 3])


def test_identity_keeps_its_gain():
    copy = initializers.deserialize(initializers.serialize(initializers.Identity(3.0)))
    numpy.testing.assert_array_equal(copy((2, 2)), [[3.0, 0.0], [0.0, 3.0]])


def test_seed_generator_of_keras_counts_as_its_seed(keras):
    config = keras.initializers.serialize(keras.initializers.HeNormal(seed=keras.random.SeedGenerator(11)))
    initializer = initializers.deserialize(config)
    numpy.testing.assert_array_equal(initializer((4, 4)), initializers.HeNormal(seed=11)((4, 4)))
    assert initializers.serialize(initializer) == config


# ---------------------------------------------------------------------- numbers


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "shape"),
    [(name, shape) for name in CLASSES for shape in [(3, 4), (5, 1)]]
    + [(name, (2, 2, 3, 4)) for name in CLASSES if name != "Identity"],
)
def test_shape_and_dtype(name, shape, dtype):
    array = INITIALIZERS[name]()(shape, dtype)
    assert (array.shape, str(array.dtype)) == (shape, dtype)
    assert array.flags.writeable
    assert numpy.isfinite(array).all()


@pytest.mark.parametrize("name", sorted(set(RANDOM) - {"Orthogonal"}))
@pytest.mark.parametrize("shape", [(), (3,), (0, 3)])
def test_small_shapes(name, shape):
    assert INITIALIZERS[name]()(shape).shape == shape


def moments(low, high, mean, stddev, bounded=True):
    return {"low": low, "high": high, "mean": mean, "stddev": stddev, "bounded": bounded}


TRUNCATED = 0.87962566103423978  # standard deviation of a standard normal number cut off at 2
WIDE, TALL = (40, 2500), (3, 5, 8, 800)  # fans 40 and 2500, 120 and 12000


def scaled(variance, distribution):
    stddev = variance**0.5
    bound = {"uniform": 3**0.5 * stddev, "truncated": 2 * stddev / TRUNCATED, "normal": 6 * stddev}[distribution]
    return moments(-bound, bound, 0.0, stddev, bounded=distribution != "normal")


@pytest.mark.parametrize(
    ("name", "arguments", "shape", "expected"),
    [
        ("RandomNormal", {}, WIDE, moments(-0.3, 0.3, 0.0, 0.05, bounded=False)),
        ("RandomNormal", {"mean": 2.0, "stddev": 3.0}, WIDE, moments(-16, 20, 2.0, 3.0, bounded=False)),
        ("RandomUniform", {}, WIDE, moments(-0.05, 0.05, 0.0, 0.1 / 12**0.5)),
        ("RandomUniform", {"minval": 1.0, "maxval": 4.0}, WIDE, moments(1.0, 4.0, 2.5, 3.0 / 12**0.5)),
        ("TruncatedNormal", {}, WIDE, moments(-0.1, 0.1, 0.0, 0.05 * TRUNCATED)),
        ("TruncatedNormal", {"mean": 1.0, "stddev": 2.0}, WIDE, moments(-3.0, 5.0, 1.0, 2.0 * TRUNCATED)),
        ("VarianceScaling", {}, WIDE, scaled(1 / 40, "truncated")),
        ("VarianceScaling", {"scale": 5.0, "mode": "fan_out"}, WIDE, scaled(5 / 2500, "truncated")),
        ("VarianceScaling", {"mode": "fan_avg", "distribution": "uniform"}, TALL, scaled(1 / 6060, "uniform")),
        ("VarianceScaling", {"distribution": "untruncated_normal"}, TALL, scaled(1 / 120, "normal")),
        ("VarianceScaling", {"input_axes": [0, 1], "output_axes": [2, 3]}, TALL, scaled(1 / 15, "truncated")),
        ("VarianceScaling", {"input_axes": [0]}, TALL, scaled(1 / 120, "truncated")),
        ("VarianceScaling", {"scale": 9.0}, (100_000,), scaled(9 / 100_000, "truncated")),
        ("GlorotUniform", {}, WIDE, scaled(2 / 2540, "uniform")),
        ("GlorotNormal", {}, WIDE, scaled(2 / 2540, "truncated")),
        ("HeUniform", {}, TALL, scaled(2 / 120, "uniform")),
        ("HeNormal", {}, TALL, scaled(2 / 120, "truncated")),
        ("LecunUniform", {}, WIDE, scaled(1 / 40, "uniform")),
        ("LecunNormal", {}, TALL, scaled(1 / 120, "truncated")),
    ],
)
def test_distribution(name, arguments, shape, expected):
    array = INITIALIZERS[name](**arguments)(shape, "float64", numpy.random.default_rng(1))
    count = array.size
    assert expected["low"] <= array.min()
    assert array.max() <= expected["high"]
    assert array.mean() == pytest.approx(expected["mean"], abs=5 * expected["stddev"] / count**0.5)
    assert array.std() == pytest.approx(expected["stddev"], rel=0.012)
    if expected["bounded"]:  # and comes close to both bounds
        margin = 0.03 * (expected["high"] - expected["low"])
        assert array.min() < expected["low"] + margin
        assert array.max() > expected["high"] - margin


def test_distributions_agree_with_samples_of_keras(keras):
    for name in sorted(set(RANDOM) - {"Orthogonal"}):
        ours = INITIALIZERS[name](seed=1)((60, 500), "float64")
        theirs = getattr(keras.initializers, name)(seed=1)((60, 500)).numpy()
        points = [0.5, 5, 25, 50, 75, 95, 99.5]
        spread = theirs.std()
        numpy.testing.assert_allclose(
            numpy.percentile(ours, points) / spread, numpy.percentile(theirs, points) / spread, atol=0.06, err_msg=name
        )


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((), {}),
        ((7,), {}),
        ((3, 4), {}),
        ((0, 4), {}),
        ((5, 3, 4), {}),
        ((2, 5, 3, 4), {}),
        ((2, 5, 3, 4), {"input_axes": [0, -1], "output_axes": [1]}),
        ((2, 5, 3), {"input_axes": [0]}),
    ],
)
def test_fans_are_those_of_keras(keras, shape, axes):
    theirs = importlib.import_module("keras.src.initializers.random_initializers").compute_fans
    assert compute_fans(shape, **axes) == theirs(shape, **axes)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (2, 3, 4), (2, 2, 9)])
def test_orthogonal(shape):
    matrix = initializers.Orthogonal(gain=2.0)(shape, "float64").reshape(-1, shape[-1])
    rows, columns = matrix.shape
    product = matrix.T @ matrix if rows >= columns else matrix @ matrix.T
    numpy.testing.assert_allclose(product, 4.0 * numpy.eye(min(rows, columns)), atol=1e-12)


def test_orthogonal_is_evenly_distributed():
    generator = numpy.random.default_rng(2)
    corners = [initializers.Orthogonal()((3, 3), "float64", generator)[0, 0] for _ in range(2000)]
    assert numpy.mean(corners) == pytest.approx(0.0, abs=0.05)  # without the signs of R it is far from 0
    assert numpy.mean(numpy.square(corners)) == pytest.approx(1 / 3, abs=0.03)


def test_constants():
    numpy.testing.assert_array_equal(initializers.get("zeros")((2, 3)), numpy.zeros((2, 3)))
    numpy.testing.assert_array_equal(initializers.get("one")((2,), "int32"), [1, 1])
    numpy.testing.assert_array_equal(initializers.Constant([1.0, 2.0])((2, 2)), [[1.0, 2.0], [1.0, 2.0]])
    numpy.testing.assert_array_equal(initializers.Identity(gain=2.0)((2, 3)), [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]])


# ---------------------------------------------------------------------- determinism


@pytest.mark.parametrize("name", RANDOM)
def test_determinism(name):
    shape, cls = (3, 4), INITIALIZERS[name]
    seeded = cls(seed=5)
    numpy.testing.assert_array_equal(seeded(shape), seeded(shape))
    numpy.testing.assert_array_equal(seeded(shape), cls(seed=5)(shape, "float32", numpy.random.default_rng(1)))
    numpy.testing.assert_array_equal(seeded(shape), seeded(shape, "float64").astype("float32"))
    generator = numpy.random.default_rng(1)
    first, second = cls()(shape, "float32", generator), cls()(shape, "float32", generator)
    assert (first != second).any()
    numpy.testing.assert_array_equal(first, cls()(shape, "float32", numpy.random.default_rng(1)))
    assert (cls()(shape) != cls()(shape)).any()
    assert (cls(seed=-5)(shape) != seeded(shape)).any()


# ---------------------------------------------------------------------- a user's own


class Ramp(Initializer):
    def __init__(self, step=1.0):
        self.step = step

    def __call__(self, shape, dtype="float32", generator=None):
        return (self.step * numpy.arange(numpy.prod(shape))).reshape(shape).astype(dtype)

    def get_config(self):
        return {"step": self.step}


class KerasStyle(Initializer):
    def __call__(self, shape, dtype=None):
        return numpy.full(shape, 4, dtype)


class Coin(RandomInitializer):
    def draw(self, shape, generator):
        return generator.integers(0, 2, shape).astype(float)


def sevens(shape, dtype=None):
    return numpy.full(shape, 7, dtype)


def drawn(shape, dtype, generator):
    return generator.standard_normal(shape)


def test_own_initializers():
    assert initializers.get(Ramp)((3,)).tolist() == [0.0, 1.0, 2.0]
    ramp = Ramp(2.0)
    assert initializers.get(ramp) is ramp
    copy = initializers.get(initializers.serialize(ramp), {"Ramp": Ramp})
    assert copy((2,)).tolist() == [0.0, 2.0]
    assert initializers.get(KerasStyle)((2,), "float64", numpy.random.default_rng()).tolist() == [4.0, 4.0]
    assert initializers.serialize(initializers.get(KerasStyle()))["class_name"] == "KerasStyle"
    coin = Coin(seed=3)((100,))
    assert set(coin.tolist()) == {0.0, 1.0}
    assert initializers.serialize(Coin(seed=3))["config"] == {"seed": 3}


def test_own_functions(keras):
    assert initializers.get(sevens)((2,), "float64", numpy.random.default_rng()).tolist() == [7.0, 7.0]
    assert initializers.get("sevens", {"sevens": sevens})((1,)).tolist() == [7.0]
    config = initializers.serialize(initializers.get(sevens))
    assert config == keras.initializers.serialize(sevens)
    assert initializers.get(config, {"sevens": sevens})((1,)).tolist() == [7.0]
    array = initializers.get(drawn)((3,), "float32", numpy.random.default_rng(1))
    numpy.testing.assert_array_equal(array, numpy.random.default_rng(1).standard_normal(3).astype("float32"))
    values = numpy.arange(3.0)
    result = initializers.get(values)((3,))
    assert (result.tolist(), str(result.dtype)) == ([0.0, 1.0, 2.0], "float32")
    result[0] = 9.0
    assert values[0] == 0.0
    assert initializers.get(None) is None


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: initializers.get("he_norml"), "unknown initializer 'he_norml'. Did you mean 'he_normal'?"),
        (
            lambda: initializers.get(3),
            "an initializer must be a name, a config, an Initializer, an array or a function",
        ),
        (lambda: initializers.get({"class_name": "HeNormal", "config": {"sed": 1}}), "Did you mean 'seed'?"),
        (lambda: initializers.get({"class_name": "HeNormal", "config": 3}), "needs 'class_name' and 'config'"),
        (lambda: initializers.get({"config": {}}), "needs 'class_name' and 'config'"),
        (lambda: initializers.get({"class_name": "s", "config": {"a": 1}}, {"s": sevens}), "'s' takes no config"),
        (
            lambda: initializers.VarianceScaling(scale=0),
            "VarianceScaling: Argument `scale` must be positive float, a finite one, got",
        ),
        (
            lambda: initializers.VarianceScaling(scale="2"),
            "Argument `scale` must be positive float, a finite one, got '2'",
        ),
        (lambda: initializers.VarianceScaling(mode="fan_inn"), "got 'fan_inn'. Did you mean 'fan_in'?"),
        (lambda: initializers.VarianceScaling(distribution="gauss"), "distribution must be one of truncated_normal"),
        (lambda: initializers.VarianceScaling(distribution=1), "got 1"),
        (lambda: initializers.HeNormal(input_axes="01"), "HeNormal: input_axes must be whole numbers or None"),
        (lambda: initializers.HeNormal(input_axes=[0], output_axes=[2])((2, 2)), "axis 2 of input_axes or output_axes"),
        (
            lambda: initializers.HeNormal(seed=1.5),
            "HeNormal: seed must be a whole number, a SeedGenerator or None, got 1.5",
        ),
        (
            lambda: initializers.HeNormal(seed={"class_name": "x"}),
            "seed must be a whole number, a SeedGenerator or None",
        ),
        (lambda: initializers.HeNormal(seed=True), "seed must be a whole number, a SeedGenerator or None, got True"),
        (lambda: initializers.RandomNormal(stddev=-1.0), "stddev must be a finite number of at least 0, got -1.0"),
        (lambda: initializers.RandomNormal(mean=float("nan")), "mean must be a finite number, got nan"),
        (lambda: initializers.RandomUniform(minval=2.0), "minval 2.0 must not be above maxval 0.05"),
        (lambda: initializers.RandomUniform(maxval="1"), "maxval must be a finite number, got '1'"),
        (lambda: initializers.Orthogonal()((3,)), "Orthogonal needs a shape of two axes or more, got (3,)"),
        (lambda: initializers.Identity()((2, 2, 2)), "Identity makes matrices, got shape (2, 2, 2)"),
        (lambda: initializers.Identity(gain=None), "Identity: gain must be a finite number, got None"),
        (lambda: initializers.Constant("one"), "Constant: value must be a number or an array of numbers, got 'one'"),
        (lambda: initializers.Constant([[1], [1, 2]]), "value must be a number or an array of numbers"),
        (lambda: initializers.Constant([1, 2])((3,)), "a value of shape (2,) cannot be repeated to (3,)"),
        (lambda: initializers.Constant.from_config({"value": {"class_name": "Evil"}}), "value must be a number"),
        (
            lambda: initializers.Constant.from_config(
                {"value": {"class_name": "__numpy__", "config": {"value": [1], "dtype": "flaot"}}}
            ),
            "Constant: value cannot be read",
        ),
        (lambda: initializers.get(numpy.ones(3))((2, 3)), "Expected `shape` to be (3,), which initializer"),
        (
            lambda: initializers.get(lambda shape, dtype: numpy.ones(2))((3,)),
            "Expected `shape` to be (2,), which initializer",
        ),
        (lambda: initializers.serialize(initializers.get(lambda shape, dtype: 0)), "cannot be saved"),
        (lambda: Initializer()((2,)), "initializer Initializer must define __call__"),
        (lambda: RandomInitializer()((2,)), "initializer RandomInitializer must define draw"),
    ],
)
def test_mistakes_are_named(action, message):
    check_mistake(action, message)


def test_import_is_light():
    check_import_is_light("nnc.initializers")


def test_a_seed_generator_gives_each_call_other_numbers():
    make = [initializers.RandomNormal(seed=nnc.random.SeedGenerator(seed)) for seed in (1, 1, 2)]
    first, second, other = (initializer((3, 4)) for initializer in make)
    numpy.testing.assert_array_equal(first, second)
    assert (first != other).any()
    assert (first != make[0]((3, 4))).any()
    config = make[0].get_config()
    assert initializers.RandomNormal.from_config(config).get_config() == config
