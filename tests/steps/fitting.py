"""Models with steps, losses or a `call` of their own that are fitted, as Keras users write them, on either engine."""

from __future__ import annotations

from typing import Any

import numpy

from tests.steps.engines import BATCH, ROWS, Engine, begin_equal, classifier, fitted, numbers


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

    student, teacher = classifier(nn, 4), classifier(nn, 16)
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

    embedding = classifier(nn, 8)
    begin_equal(embedding)
    inputs = [keras.Input((6,), name=name) for name in ("anchor", "positive", "negative")]
    distances = DistanceLayer()(*[embedding(item) for item in inputs])
    model, of_triples = (nn.chosen(SiameseModel(keras.Model(inputs, distances))) for _ in range(2))
    model.compile(optimizer=keras.optimizers.SGD(0.01))
    of_triples.compile(optimizer=keras.optimizers.SGD(0.01))
    triplets = [numbers(ROWS, 6, seed=n) for n in range(3)]
    found = fitted(model, triplets, weights_of=embedding)

    class Triples(keras.utils.PyDataset):
        def __len__(self):
            return ROWS // BATCH

        def __getitem__(self, index):
            return tuple(item[index * BATCH : (index + 1) * BATCH] for item in triplets)

    evaluation = model.evaluate(triplets, verbose=0)
    history = of_triples.fit(Triples(), shuffle=False, validation_data=tuple(triplets), verbose=0).history
    return {
        **found,
        "evaluation": evaluation,
        **{f"{key} of triples": item for key, item in history.items()},
        "evaluation of triples": of_triples.evaluate(Triples(), verbose=0),
        "batch of triples": of_triples.train_on_batch(*Triples()[0]),
    }


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

    encoder, follower = classifier(nn, 5), classifier(nn, 5)
    begin_equal(encoder)
    follower.set_weights(encoder.get_weights())
    model = nn.chosen(Momentum(encoder, follower))
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    return fitted(model, numbers(ROWS, 6), numbers(ROWS, 6, seed=7))


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


def batches_of_one_size(nn: Engine) -> dict[str, Any]:
    """A step that is written for the rows of a batch, as those are that draw noise of a fixed shape."""
    keras, ops = nn.keras, nn.keras.ops
    noise = numbers(BATCH, 3, seed=7)

    class Denoiser(keras.Model):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def measured(self, x):
            return ops.mean(ops.square(self.network(x + ops.concatenate([noise, noise], axis=1)) - noise))

        def train_step(self, data):
            with nn.Tape() as tape:
                loss = self.measured(data)
            weights = self.network.trainable_weights
            self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            return {"n_loss": loss}

        def test_step(self, data):
            return {"n_loss": self.measured(data)}

    network = classifier(nn, 8)
    begin_equal(network)
    model = nn.chosen(Denoiser(network))
    model.compile(keras.optimizers.Adam(0.01))
    x = numbers(ROWS, 6)
    return fitted(model, x, validation_data=x[: 2 * BATCH], weights_of=network)


def weights_of_steps(nn: Engine) -> dict[str, Any]:
    """A loss of its own that is given a weight for each step of a row, as models of masked words are."""
    keras, layers, ops = nn.keras, nn.keras.layers, nn.keras.ops

    class MaskedModel(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, **options):
            return ops.sum(ops.square(y - y_pred) * sample_weight) / ops.sum(sample_weight)

    inputs = keras.Input((5, 6))
    model = nn.chosen(MaskedModel(inputs, ops.squeeze(layers.Dense(1)(inputs), axis=-1)))
    begin_equal(model)
    model.compile(keras.optimizers.Adam(0.01))
    x, y = numbers(ROWS, 5, 6), numbers(ROWS, 5, seed=1)
    weights = (numbers(ROWS, 5, seed=2) > 0).astype("float64")
    found = fitted(model, x, y, sample_weight=weights, validation_data=(x, y, weights))
    return {**found, "evaluation": model.evaluate(x, y, sample_weight=weights, verbose=0)}
