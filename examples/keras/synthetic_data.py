"""Small data made from a seed, of the shapes of well-known data sets, with something in them to learn."""

import numpy as np


def digits(count, seed=0, size=28, classes=10):
    """Return grey pictures of 0 to 255 like MNIST's: each class has strokes of its own, moved a little and with noise.

    Args:
        count: number of pictures.
        seed: of the pictures; the strokes of a class are always the same.
        size: pixels of a side.
        classes: number of classes.
    """
    strokes = np.random.default_rng(12345).integers(size // 5, size - size // 5, (classes, 3, 4))
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    images = np.zeros((count, size, size), "float32")
    steps = np.linspace(0, 1, 2 * size)[:, None]
    for image, label in zip(images, labels, strict=True):
        for x0, y0, x1, y1 in strokes[label] + rng.integers(-1, 2, 4):
            points = ((1 - steps) * (x0, y0) + steps * (x1, y1)).astype(int)
            image[points[:, 1], points[:, 0]] = 200
            image[points[:, 1] + 1, points[:, 0]] = 120
    noisy = images + rng.integers(0, 55, images.shape)
    return noisy.astype("uint8"), labels.astype("uint8")


def photographs(count, seed=0, size=32, classes=10):
    """Return coloured pictures of 0 to 255 like CIFAR's: each class has a colour and waves of its own direction."""
    looks = np.random.default_rng(54321)
    colours, directions = looks.uniform(0.2, 0.8, (classes, 3)), looks.uniform(-0.8, 0.8, (classes, 2))
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    rows, columns = np.mgrid[:size, :size]
    waves = directions[labels, 0, None, None] * rows + directions[labels, 1, None, None] * columns
    waves = np.sin(waves + rng.uniform(0, 6, (count, 1, 1)))
    images = colours[labels][:, None, None] + 0.25 * waves[..., None] + rng.normal(0, 0.08, (count, size, size, 3))
    return (255 * images.clip(0, 1)).astype("uint8"), labels[:, None].astype("uint8")


def reviews(count, seed=0, words=1000, longest=60):
    """Return lists of word numbers like IMDB's, and whether praising words (10 to 59) outnumber others (60 to 109)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    texts = []
    for label in labels:
        length = rng.integers(longest // 3, longest + 10)
        text = rng.integers(110, words, length)
        places = rng.choice(length, length // 4, replace=False)
        text[places] = rng.integers(10, 60, len(places)) + 50 * (rng.random(len(places)) < (0.15 if label else 0.85))
        texts.append([1, *text.tolist()])
    return texts, labels


def weather(hours, seed=0):
    """Return temperature, pressure and humidity of hours: a year, days, and weather that lasts."""
    rng = np.random.default_rng(seed)
    time = np.arange(hours)
    lasting = np.zeros(hours)
    for hour in range(1, hours):
        lasting[hour] = 0.97 * lasting[hour - 1] + rng.normal(0, 0.5)
    temperature = 10 + 8 * np.sin(time / 24 / 365 * 2 * np.pi) + 4 * np.sin(time / 24 * 2 * np.pi) + lasting
    pressure = 1013 - 2 * lasting + rng.normal(0, 0.5, hours)
    humidity = 70 - 2 * (temperature - 10) + rng.normal(0, 2, hours)
    return np.stack([temperature, pressure, humidity], axis=-1).astype("float32")


def engine_noise(count, seed=0, length=120):
    """Return series like FordA's of shape (count, length, 1), and whether a fast vibration is in them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    time = np.arange(length)
    slow = np.sin(time / 9 + rng.uniform(0, 6, (count, 1)))
    fast = np.sin(time / 2 + rng.uniform(0, 6, (count, 1)))
    series = slow + 0.6 * labels[:, None] * fast + rng.normal(0, 0.3, (count, length))
    return series[..., None].astype("float32"), labels


def houses(count, seed=0, features=8):
    """Return measurements of houses on different scales like those of California, and their prices."""
    rng = np.random.default_rng(seed)
    scales = 10.0 ** (np.arange(features) % 4)
    x = rng.normal(size=(count, features))
    prices = 2 + x[:, 0] - 0.5 * x[:, 1] + 0.4 * x[:, 2] * x[:, 3] + rng.normal(0, 0.1, count)
    return (x * scales + 3 * scales).astype("float32"), prices.astype("float32")
