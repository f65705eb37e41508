"""Recommend films by vectors of people and of films, in a model that is a class of its own."""

import keras
import numpy as np
from keras import layers, ops

EMBEDDING_SIZE = 8


class RecommenderNet(keras.Model):
    """The product of a person's vector and a film's, plus a bias of each."""

    def __init__(self, num_users, num_movies, embedding_size, **kwargs):
        super().__init__(**kwargs)
        self.user_embedding = layers.Embedding(
            num_users,
            embedding_size,
            embeddings_initializer="he_normal",
            embeddings_regularizer=keras.regularizers.l2(1e-6),
        )
        self.user_bias = layers.Embedding(num_users, 1)
        self.movie_embedding = layers.Embedding(
            num_movies,
            embedding_size,
            embeddings_initializer="he_normal",
            embeddings_regularizer=keras.regularizers.l2(1e-6),
        )
        self.movie_bias = layers.Embedding(num_movies, 1)

    def call(self, inputs):
        user_vector = self.user_embedding(inputs[:, 0])
        user_bias = self.user_bias(inputs[:, 0])
        movie_vector = self.movie_embedding(inputs[:, 1])
        movie_bias = self.movie_bias(inputs[:, 1])
        dot_user_movie = ops.sum(user_vector * movie_vector, axis=1, keepdims=True)
        x = dot_user_movie + user_bias + movie_bias
        return ops.nn.sigmoid(x)


def make_ratings(count, num_users, num_movies):
    rng = np.random.default_rng(0)
    tastes, kinds = rng.normal(size=(num_users, 3)), rng.normal(size=(num_movies, 3))
    pairs = np.stack([rng.integers(0, num_users, count), rng.integers(0, num_movies, count)], axis=1)
    liked = np.sum(tastes[pairs[:, 0]] * kinds[pairs[:, 1]], axis=1) + rng.normal(0, 0.3, count)
    return pairs.astype("int32"), ((liked - liked.min()) / (liked.max() - liked.min())).astype("float32")


def main():
    keras.utils.set_random_seed(4)
    num_users, num_movies = 40, 60
    x, y = make_ratings(600, num_users, num_movies)
    x_train, x_val, y_train, y_val = x[:540], x[540:], y[:540], y[540:]
    model = RecommenderNet(num_users, num_movies, EMBEDDING_SIZE)
    model.compile(loss=keras.losses.BinaryCrossentropy(), optimizer=keras.optimizers.Adam(learning_rate=0.001))
    history = model.fit(x=x_train, y=y_train, batch_size=64, epochs=3, verbose=0, validation_data=(x_val, y_val))
    print("losses", [round(loss, 4) for loss in history.history["val_loss"]])
    unseen = np.stack([np.full(num_movies, 7), np.arange(num_movies)], axis=1)
    ratings = model.predict(unseen, verbose=0).flatten()
    print("films for person 7:", ratings.argsort()[-5:][::-1])


if __name__ == "__main__":
    main()
