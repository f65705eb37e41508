"""Sort tickets: texts, titles and tags in, a priority and a department out, by the names of inputs and outputs."""

import keras
import numpy as np
from keras import layers

NUM_TAGS, NUM_WORDS, NUM_DEPARTMENTS = 6, 200, 4


def main():
    keras.utils.set_random_seed(8)
    title_input = keras.Input(shape=(None,), name="title", dtype="int32")
    body_input = keras.Input(shape=(None,), name="body", dtype="int32")
    tags_input = keras.Input(shape=(NUM_TAGS,), name="tags")
    title_features = layers.LSTM(8)(layers.Embedding(NUM_WORDS, 16)(title_input))
    body_features = layers.LSTM(8)(layers.Embedding(NUM_WORDS, 16)(body_input))
    x = layers.concatenate([title_features, body_features, tags_input])
    priority_pred = layers.Dense(1, name="priority")(x)
    department_pred = layers.Dense(NUM_DEPARTMENTS, name="department")(x)
    model = keras.Model(
        inputs=[title_input, body_input, tags_input],
        outputs={"priority": priority_pred, "department": department_pred},
    )
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-3),
        loss={
            "priority": keras.losses.BinaryCrossentropy(from_logits=True),
            "department": keras.losses.CategoricalCrossentropy(from_logits=True),
        },
        loss_weights={"priority": 1.0, "department": 0.2},
        metrics={"priority": ["mae"], "department": ["accuracy"]},
    )

    rng = np.random.default_rng(0)
    count = 160
    title_data = rng.integers(NUM_WORDS, size=(count, 5))
    body_data = rng.integers(NUM_WORDS, size=(count, 20))
    tags_data = rng.integers(2, size=(count, NUM_TAGS)).astype("float32")
    priority_targets = tags_data[:, :1] * 0.7 + 0.1
    dept_targets = np.eye(NUM_DEPARTMENTS)[(title_data[:, 0] % NUM_DEPARTMENTS)]
    history = model.fit(
        {"title": title_data, "body": body_data, "tags": tags_data},
        {"priority": priority_targets, "department": dept_targets},
        epochs=2,
        batch_size=32,
        verbose=0,
    )
    for name, values in history.history.items():
        print(name, [round(value, 4) for value in values])
    found = model.predict({"title": title_data[:2], "body": body_data[:2], "tags": tags_data[:2]}, verbose=0)
    print({name: values.round(3).tolist() for name, values in found.items()})


if __name__ == "__main__":
    main()
