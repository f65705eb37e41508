"""Well-known models that write their own training steps, as a user of Keras writes them, on either engine."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy

Engine = Any
"""Keras, or nnc: both have `keras`'s names, `Tape` and `function`."""
ROWS, BATCH, EPOCHS = 40, 8, 4
"""Twenty steps."""


def numbers(*shape: int, seed: int = 0) -> Any:
    return numpy.random.default_rng(seed).normal(size=shape).astype("float32")


def begin_equal(*models: Any) -> None:
    """Give models the same weights on every engine."""
    generator = numpy.random.default_rng(3)
    for model in models:
        model.set_weights(
            [
                (generator.normal(size=weight.shape) * 0.3).astype("float32") if weight.ndim > 1 else weight
                for weight in model.get_weights()
            ]
        )


def fitted(model: Any, *data: Any, weights_of: Any = None, **options: Any) -> dict[str, Any]:
    """Train for twenty steps; return what was shown of them, and a sum of each weight."""
    history = model.fit(*data, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0, **options)
    weights = {f"weight {n}": numpy.abs(item).sum() for n, item in enumerate((weights_of or model).get_weights())}
    return {**history.history, **weights}


def variational_autoencoder(nn: Engine) -> dict[str, Any]:
    keras, layers, ops = nn.keras, nn.keras.layers, nn.keras.ops

    class Sampling(layers.Layer):
        def call(self, inputs):
            mean, log_variance, noise = inputs
            return mean + ops.exp(0.5 * log_variance) * noise

    class VAE(keras.Model):
        def __init__(self, encoder, decoder, **kwargs):
            super().__init__(**kwargs)
            self.encoder, self.decoder, self.sampling = encoder, decoder, Sampling()
            self.total_loss_tracker = keras.metrics.Mean(name="total_loss")
            self.reconstruction_loss_tracker = keras.metrics.Mean(name="reconstruction_loss")
            self.kl_loss_tracker = keras.metrics.Mean(name="kl_loss")

        @property
        def metrics(self):
            return [self.total_loss_tracker, self.reconstruction_loss_tracker, self.kl_loss_tracker]

        def train_step(self, data):
            images, noise = data
            with nn.Tape() as tape:
                mean, log_variance = self.encoder(images)
                reconstruction = self.decoder(self.sampling([mean, log_variance, noise]))
                reconstruction_loss = ops.mean(
                    ops.sum(keras.losses.binary_crossentropy(images, reconstruction), axis=(1, 2))
                )
                kl_loss = -0.5 * (1 + log_variance - ops.square(mean) - ops.exp(log_variance))
                kl_loss = ops.mean(ops.sum(kl_loss, axis=1))
                total_loss = reconstruction_loss + kl_loss
            grads = tape.gradient(total_loss, self.trainable_weights)
            self.optimizer.apply_gradients(zip(grads, self.trainable_weights))
            self.total_loss_tracker.update_state(total_loss)
            self.reconstruction_loss_tracker.update_state(reconstruction_loss)
            self.kl_loss_tracker.update_state(kl_loss)
            return {
                "loss": self.total_loss_tracker.result(),
                "reconstruction_loss": self.reconstruction_loss_tracker.result(),
                "kl_loss": self.kl_loss_tracker.result(),
            }

    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(4, 3, activation="relu", strides=2, padding="same")(inputs)
    x = layers.Dense(8, activation="relu")(layers.Flatten()(x))
    encoder = keras.Model(inputs, [layers.Dense(2, name="mean")(x), layers.Dense(2, name="log_variance")(x)])
    latent = keras.Input((2,))
    x = layers.Reshape((4, 4, 4))(layers.Dense(64, activation="relu")(latent))
    x = layers.Conv2DTranspose(4, 3, activation="relu", strides=2, padding="same")(x)
    decoder = keras.Model(latent, layers.Conv2DTranspose(1, 3, activation="sigmoid", padding="same")(x))
    begin_equal(encoder, decoder)
    model = nn.chosen(VAE(encoder, decoder))
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    images = numpy.random.default_rng(0).random((ROWS, 8, 8, 1)).astype("float32")
    return fitted(model, images, numbers(ROWS, 2))


def _networks(nn: Engine) -> tuple[Any, Any]:
    """Return a discriminator of images and a generator of them from three numbers."""
    keras, layers = nn.keras, nn.keras.layers
    images = keras.Input((8, 8, 1))
    x = layers.LeakyReLU(negative_slope=0.2)(layers.Conv2D(4, 3, strides=2, padding="same")(images))
    discriminator = keras.Model(images, layers.Dense(1)(layers.Flatten()(x)), name="discriminator")
    latent = keras.Input((3,))
    x = layers.LeakyReLU()(layers.BatchNormalization()(layers.Dense(64, use_bias=False)(latent)))
    x = layers.UpSampling2D()(layers.Reshape((4, 4, 4))(x))
    generator = keras.Model(latent, layers.Conv2D(1, 3, padding="same", activation="tanh")(x), name="generator")
    begin_equal(discriminator, generator)
    return discriminator, generator


def generative_adversarial_network(nn: Engine) -> dict[str, Any]:
    keras, ops = nn.keras, nn.keras.ops

    class GAN(keras.Model):
        def __init__(self, discriminator, generator):
            super().__init__()
            self.discriminator, self.generator = discriminator, generator

        def compile(self, d_optimizer, g_optimizer, loss_fn):
            super().compile()
            self.d_optimizer, self.g_optimizer, self.loss_fn = d_optimizer, g_optimizer, loss_fn
            self.d_loss_metric = keras.metrics.Mean(name="d_loss")
            self.g_loss_metric = keras.metrics.Mean(name="g_loss")

        @property
        def metrics(self):
            return [self.d_loss_metric, self.g_loss_metric]

        def train_step(self, data):
            real_images, latent = data
            batch_size = ops.shape(real_images)[0]
            combined_images = ops.concatenate([self.generator(latent), real_images], axis=0)
            labels = ops.concatenate([ops.ones((batch_size, 1)), ops.zeros((batch_size, 1))], axis=0)
            with nn.Tape() as tape:
                d_loss = self.loss_fn(labels, self.discriminator(combined_images))
            grads = tape.gradient(d_loss, self.discriminator.trainable_weights)
            self.d_optimizer.apply_gradients(zip(grads, self.discriminator.trainable_weights))
            misleading_labels = ops.zeros((batch_size, 1))
            with nn.Tape() as tape:
                g_loss = self.loss_fn(misleading_labels, self.discriminator(self.generator(latent)))
            grads = tape.gradient(g_loss, self.generator.trainable_weights)
            self.g_optimizer.apply_gradients(zip(grads, self.generator.trainable_weights))
            self.d_loss_metric.update_state(d_loss)
            self.g_loss_metric.update_state(g_loss)
            return {"d_loss": self.d_loss_metric.result(), "g_loss": self.g_loss_metric.result()}

    model = nn.chosen(GAN(*_networks(nn)))
    model.compile(
        keras.optimizers.Adam(0.002), keras.optimizers.RMSprop(0.001), keras.losses.BinaryCrossentropy(from_logits=True)
    )
    return fitted(model, numbers(ROWS, 8, 8, 1), numbers(ROWS, 3, seed=1))


def gradient_penalty(nn: Engine) -> dict[str, Any]:
    keras, ops = nn.keras, nn.keras.ops

    class WGAN(keras.Model):
        def __init__(self, discriminator, generator, discriminator_extra_steps=3, gp_weight=10.0):
            super().__init__()
            self.discriminator, self.generator = discriminator, generator
            self.d_steps, self.gp_weight = discriminator_extra_steps, gp_weight

        def compile(self, d_optimizer, g_optimizer, d_loss_fn, g_loss_fn):
            super().compile()
            self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer
            self.d_loss_fn, self.g_loss_fn = d_loss_fn, g_loss_fn

        def gradient_penalty(self, alpha, real_images, fake_images):
            interpolated = real_images + alpha * (fake_images - real_images)
            with nn.Tape() as gp_tape:
                gp_tape.watch(interpolated)
                pred = self.discriminator(interpolated, training=True)
            grads = gp_tape.gradient(pred, [interpolated])[0]
            norm = ops.sqrt(ops.sum(ops.square(grads), axis=[1, 2, 3]))
            return ops.mean((norm - 1.0) ** 2)

        def train_step(self, data):
            real_images, (latent, alpha) = data
            for _ in range(self.d_steps):
                with nn.Tape() as tape:
                    fake_images = self.generator(latent, training=True)
                    fake_logits = self.discriminator(fake_images, training=True)
                    real_logits = self.discriminator(real_images, training=True)
                    d_cost = self.d_loss_fn(real_img=real_logits, fake_img=fake_logits)
                    d_loss = d_cost + self.gradient_penalty(alpha, real_images, fake_images) * self.gp_weight
                d_gradient = tape.gradient(d_loss, self.discriminator.trainable_variables)
                self.d_optimizer.apply_gradients(zip(d_gradient, self.discriminator.trainable_variables))
            with nn.Tape() as tape:
                gen_img_logits = self.discriminator(self.generator(latent, training=True), training=True)
                g_loss = self.g_loss_fn(gen_img_logits)
            gen_gradient = tape.gradient(g_loss, self.generator.trainable_variables)
            self.g_optimizer.apply_gradients(zip(gen_gradient, self.generator.trainable_variables))
            return {"d_loss": d_loss, "g_loss": g_loss}

    model = nn.chosen(WGAN(*_networks(nn)))
    model.compile(
        keras.optimizers.Adam(0.0002, beta_1=0.5, beta_2=0.9),
        keras.optimizers.Adam(0.0002, beta_1=0.5, beta_2=0.9),
        lambda real_img, fake_img: ops.mean(fake_img) - ops.mean(real_img),
        lambda fake_img: -ops.mean(fake_img),
    )
    alpha = numpy.random.default_rng(2).random((ROWS, 1, 1, 1)).astype("float32")
    return fitted(model, numbers(ROWS, 8, 8, 1), (numbers(ROWS, 3, seed=1), alpha))


def _classifier(nn: Engine, units: int) -> Any:
    keras, layers = nn.keras, nn.keras.layers
    return keras.Sequential([keras.Input((6,)), layers.Dense(units, activation="relu"), layers.Dense(3)])


def distillation(nn: Engine) -> dict[str, Any]:
    keras, ops = nn.keras, nn.keras.ops

    class Distiller(keras.Model):
        def __init__(self, student, teacher):
            super().__init__()
            self.teacher, self.student = teacher, student

        def compile(self, optimizer, metrics, student_loss_fn, distillation_loss_fn, alpha=0.1, temperature=3):
            super().compile(optimizer=optimizer, metrics=metrics)
            self.student_loss_fn, self.distillation_loss_fn = student_loss_fn, distillation_loss_fn
            self.alpha, self.temperature = alpha, temperature

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, allow_empty=False):
            teacher_pred = self.teacher(x, training=False)
            student_loss = self.student_loss_fn(y, y_pred)
            distillation_loss = self.distillation_loss_fn(
                ops.softmax(teacher_pred / self.temperature, axis=1), ops.softmax(y_pred / self.temperature, axis=1)
            ) * (self.temperature**2)
            return self.alpha * student_loss + (1 - self.alpha) * distillation_loss

        def call(self, x):
            return self.student(x)

    student, teacher = _classifier(nn, 4), _classifier(nn, 16)
    begin_equal(student, teacher)
    teacher.trainable = False
    model = nn.chosen(Distiller(student, teacher))
    model.compile(
        keras.optimizers.Adam(0.01),
        [keras.metrics.SparseCategoricalAccuracy()],
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        keras.losses.KLDivergence(),
    )
    x, y = numbers(ROWS, 6), numpy.random.default_rng(4).integers(0, 3, ROWS)
    found = fitted(model, x, y, validation_data=(x[:8], y[:8]), weights_of=student)
    return {**found, "evaluation": model.evaluate(x, y, verbose=0), "prediction": model.predict(x, verbose=0)}


def siamese_network(nn: Engine) -> dict[str, Any]:
    keras, layers, ops = nn.keras, nn.keras.layers, nn.keras.ops

    class DistanceLayer(layers.Layer):
        def call(self, anchor, positive, negative):
            ap_distance = ops.sum(ops.square(anchor - positive), -1)
            an_distance = ops.sum(ops.square(anchor - negative), -1)
            return ap_distance, an_distance

    class SiameseModel(keras.Model):
        def __init__(self, siamese_network, margin=0.5):
            super().__init__()
            self.siamese_network, self.margin = siamese_network, margin
            self.loss_tracker = keras.metrics.Mean(name="loss")

        def call(self, inputs):
            return self.siamese_network(inputs)

        def train_step(self, data):
            with nn.Tape() as tape:
                loss = self._compute_loss(data)
            gradients = tape.gradient(loss, self.siamese_network.trainable_weights)
            self.optimizer.apply_gradients(zip(gradients, self.siamese_network.trainable_weights))
            self.loss_tracker.update_state(loss)
            return {"loss": self.loss_tracker.result()}

        def test_step(self, data):
            self.loss_tracker.update_state(self._compute_loss(data))
            return {"loss": self.loss_tracker.result()}

        def _compute_loss(self, data):
            data = data[0] if len(data) == 1 else data
            ap_distance, an_distance = self.siamese_network(data)
            return ops.maximum(ap_distance - an_distance + self.margin, 0.0)

        @property
        def metrics(self):
            return [self.loss_tracker]

    embedding = _classifier(nn, 8)
    begin_equal(embedding)
    inputs = [keras.Input((6,), name=name) for name in ("anchor", "positive", "negative")]
    distances = DistanceLayer()(*[embedding(item) for item in inputs])
    model = nn.chosen(SiameseModel(keras.Model(inputs, distances)))
    model.compile(optimizer=keras.optimizers.SGD(0.01))
    triplets = [numbers(ROWS, 6, seed=n) for n in range(3)]
    found = fitted(model, triplets, weights_of=embedding)
    return {**found, "evaluation": model.evaluate(triplets, verbose=0)}


def customised_fit(nn: Engine) -> dict[str, Any]:
    keras, layers = nn.keras, nn.keras.layers

    class CustomModel(keras.Model):
        def train_step(self, data):
            if len(data) == 3:
                x, y, sample_weight = data
            else:
                sample_weight = None
                x, y = data
            with nn.Tape() as tape:
                y_pred = self(x, training=True)
                loss = self.compute_loss(y=y, y_pred=y_pred, sample_weight=sample_weight)
            trainable_vars = self.trainable_variables
            gradients = tape.gradient(loss, trainable_vars)
            self.optimizer.apply(gradients, trainable_vars)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred, sample_weight=sample_weight)
            return {m.name: m.result() for m in self.metrics}

    inputs = keras.Input((6,))
    x = layers.BatchNormalization()(inputs)
    outputs = layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.01), kernel_constraint="max_norm")(x)
    model = nn.chosen(CustomModel(inputs, outputs))
    begin_equal(model)
    model.compile(optimizer=keras.optimizers.SGD(0.05, momentum=0.9), loss="mse", metrics=["mae"])
    weights = numpy.linspace(0.5, 1.5, ROWS).astype("float32")
    x, y = numbers(ROWS, 6), numbers(ROWS, 1, seed=5)
    found = fitted(model, x, y, sample_weight=weights)
    return {**found, "evaluation": model.evaluate(x, y, verbose=0), "prediction": model.predict(x, verbose=0)}


def momentum_teacher(nn: Engine) -> dict[str, Any]:
    """Contrastive learning, in which a second encoder follows the first one slowly, and a counter of steps."""
    keras, ops = nn.keras, nn.keras.ops

    class Momentum(keras.Model):
        def __init__(self, encoder, follower):
            super().__init__()
            self.encoder, self.follower = encoder, follower
            self.temperature = self.add_weight(
                shape=(), initializer=keras.initializers.Constant(0.5), name="temperature"
            )
            self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False, name="seen")

        def train_step(self, data):
            first, second = data
            with nn.Tape() as tape:
                queries = keras.utils.normalize(self.encoder(first, training=True))
                keys = ops.stop_gradient(keras.utils.normalize(self.follower(second, training=False)))
                similarities = ops.matmul(queries, ops.transpose(keys)) / self.temperature
                labels = ops.arange(ops.shape(first)[0])
                loss = ops.mean(keras.losses.sparse_categorical_crossentropy(labels, similarities, from_logits=True))
            variables = [*self.encoder.trainable_variables, self.temperature]
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            for weight, slow in zip(self.encoder.weights, self.follower.weights):
                slow.assign(0.9 * slow + 0.1 * weight)
            self.seen.assign_add(1.0)
            return {"loss": loss, "seen": self.seen, "temperature": self.temperature}

    encoder, follower = _classifier(nn, 5), _classifier(nn, 5)
    begin_equal(encoder)
    follower.set_weights(encoder.get_weights())
    model = nn.chosen(Momentum(encoder, follower))
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    return fitted(model, numbers(ROWS, 6), numbers(ROWS, 6, seed=7))


def neural_style(nn: Engine) -> dict[str, Any]:
    keras, layers, ops = nn.keras, nn.keras.layers, nn.keras.ops
    images = keras.Input((8, 8, 3))
    first = layers.Conv2D(4, 3, activation="relu", padding="same")(images)
    second = layers.Conv2D(6, 3, strides=2, activation="relu", padding="same")(first)
    features = keras.Model(images, {"style": first, "content": second})
    begin_equal(features)

    def gram_matrix(x):
        flat = ops.reshape(ops.transpose(x, (2, 0, 1)), (ops.shape(x)[2], -1))
        return ops.matmul(flat, ops.transpose(flat))

    @nn.function
    def compute_loss_and_grads(combination, base, style):
        with nn.Tape() as tape:
            found = features(ops.concatenate([base, style, combination], axis=0))
            loss = ops.sum(ops.square(found["content"][2] - found["content"][0]))
            difference = gram_matrix(found["style"][1]) - gram_matrix(found["style"][2])
            loss = loss + ops.sum(ops.square(difference)) / 100.0
        return loss, tape.gradient(loss, combination)

    optimizer = keras.optimizers.SGD(
        keras.optimizers.schedules.ExponentialDecay(initial_learning_rate=0.001, decay_steps=5, decay_rate=0.9)
    )
    combination = nn.Variable(numbers(1, 8, 8, 3))
    losses = []
    for _ in range(20):
        loss, grads = compute_loss_and_grads(combination, numbers(1, 8, 8, 3, seed=1), numbers(1, 8, 8, 3, seed=2))
        optimizer.apply_gradients([(grads, combination)])
        losses.append(float(loss))
    return {"loss": losses, "image": numpy.asarray(combination)}


def deep_dream(nn: Engine) -> dict[str, Any]:
    keras, layers, ops = nn.keras, nn.keras.layers, nn.keras.ops
    images = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, activation="relu")(images)
    extractor = keras.Model(images, layers.Conv2D(6, 3, activation="relu")(x))
    begin_equal(extractor)

    @nn.function
    def gradient_ascent_step(image, learning_rate):
        with nn.Tape() as tape:
            tape.watch(image)
            activation = extractor(image)
            loss = ops.mean(ops.square(activation[:, 2:-2, 2:-2, :]))
        grads = tape.gradient(loss, image)
        grads = grads / ops.maximum(ops.mean(ops.abs(grads)), 1e-6)
        return loss, image + learning_rate * grads

    image, losses = numbers(1, 12, 14, 3), []
    for size in ((12, 14), (16, 18)):
        image = ops.image.resize(image, size)
        for _ in range(10):
            loss, image = gradient_ascent_step(nn.tensor(image), 0.01)
            losses.append(float(loss))
    return {"loss": losses, "image": numpy.asarray(image)}


def plain_loop(nn: Engine) -> dict[str, Any]:
    """A loop over batches that computes at once."""
    return _loop(nn, lambda step: step)


def compiled_loop(nn: Engine) -> dict[str, Any]:
    """The same with its body compiled, the last batch being smaller."""
    return _loop(nn, nn.function)


def _loop(nn: Engine, decorate: Callable[..., Any]) -> dict[str, Any]:
    keras, layers = nn.keras, nn.keras.layers
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(8, activation="relu"), layers.LayerNormalization(), layers.Dense(3)]
    )
    begin_equal(model)
    optimizer = keras.optimizers.Adam(0.01, clipnorm=1.0)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    accuracy, mean, auc = keras.metrics.SparseCategoricalAccuracy(), keras.metrics.Mean(), keras.metrics.AUC()

    def train_step(x, y):
        with nn.Tape() as tape:
            logits = model(x, training=True)
            loss_value = loss_fn(y, logits)
        grads = tape.gradient(loss_value, model.trainable_weights)
        optimizer.apply(grads, model.trainable_weights)
        accuracy.update_state(y, logits)
        mean.update_state(loss_value)
        auc.update_state(nn.keras.ops.one_hot(y, 3), nn.keras.ops.softmax(logits))
        return loss_value

    step = decorate(train_step)
    x, y = numbers(ROWS, 6), numpy.random.default_rng(4).integers(0, 3, ROWS).astype("int32")
    found: dict[str, Any] = {"loss": [], "accuracy": [], "mean": [], "auc": []}
    for _ in range(4):
        for first in range(0, ROWS, 9):
            found["loss"].append(float(step(nn.tensor(x[first : first + 9]), nn.tensor(y[first : first + 9]))))
        for name, metric in (("accuracy", accuracy), ("mean", mean), ("auc", auc)):
            found[name].append(float(metric.result()))
            metric.reset_state()
    weights = {f"weight {n}": numpy.abs(item).sum() for n, item in enumerate(model.get_weights())}
    return {**found, **weights, "iterations": int(optimizer.iterations)}


def subclassed_model(nn: Engine) -> dict[str, Any]:
    """A model without inputs and outputs, trained by `compile` and `fit` with a loss and a metric of its author's."""
    keras, layers, ops = nn.keras, nn.keras.layers, nn.keras.ops

    class Block(layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.dense, self.norm = layers.Dense(units), layers.LayerNormalization()

        def call(self, x):
            return ops.relu(self.norm(self.dense(x)))

    class Ratings(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = [Block(6), Block(5)]
            self.user = layers.Embedding(7, 4)
            self.head = layers.Dense(1)

        def call(self, inputs, training=False):
            x = inputs["features"]
            for block in self.blocks:
                x = block(x)
            user = layers.Flatten()(self.user(inputs["user"]))
            return self.head(ops.concatenate([x, user], axis=-1))

    class Bias(keras.metrics.Metric):
        def __init__(self, name="bias", **kwargs):
            super().__init__(name=name, **kwargs)
            self.total = self.add_variable(shape=(), initializer="zeros", name="total")
            self.count = self.add_weight(shape=(), initializer="zeros", name="count")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.total.assign_add(ops.sum(y_pred - ops.cast(y_true, y_pred.dtype)))
            self.count.assign(self.count + ops.cast(ops.shape(y_pred)[0], "float32"))

        def result(self):
            return self.total / self.count

    def cubic(y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)

    x = {
        "features": numbers(ROWS, 6),
        "user": numpy.random.default_rng(1).integers(0, 7, (ROWS, 1)).astype("int32"),
    }
    y = numbers(ROWS, 1, seed=2)
    model = nn.chosen(Ratings())
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=cubic, metrics=[Bias()])
    model({key: item[:2] for key, item in x.items()})
    begin_equal(model)
    found = fitted(model, x, y)
    return {**found, "evaluation": model.evaluate(x, y, verbose=0), "prediction": model.predict(x, verbose=0)}


TASKS: tuple[Callable[[Engine], dict[str, Any]], ...] = (
    variational_autoencoder,
    generative_adversarial_network,
    gradient_penalty,
    distillation,
    siamese_network,
    customised_fit,
    momentum_teacher,
    neural_style,
    deep_dream,
    plain_loop,
    compiled_loop,
    subclassed_model,
)


def keras_engine() -> Engine:
    import keras
    import tensorflow

    return SimpleNamespace(
        keras=keras,
        Tape=tensorflow.GradientTape,
        function=tensorflow.function,
        Variable=tensorflow.Variable,
        tensor=tensorflow.convert_to_tensor,
        chosen=lambda model: model,
    )


def nnc_engine(backend: str) -> Engine:
    import nnc

    def chosen(model: Any) -> Any:
        model.backend = backend
        return model

    return SimpleNamespace(
        keras=nnc,
        Tape=nnc.GradientTape,
        function=lambda python: nnc.function(backend=backend)(python),
        Variable=nnc.Variable,
        tensor=numpy.asarray,
        chosen=chosen,
    )
