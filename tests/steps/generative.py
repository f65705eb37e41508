"""Generative models that write their own training steps, as a user of Keras writes them, on either engine."""

from __future__ import annotations

from typing import Any

import numpy

from tests.steps.engines import ROWS, Engine, begin_equal, fitted, numbers


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
