"""Keep a pole upright by policy gradients: what was done is trained, weighted by what came of it."""

import keras
import numpy as np
from keras import layers
from simulated_cart import Cart


def discounted(rewards, gamma=0.95):
    returns, total = np.zeros(len(rewards), "float32"), 0.0
    for step in reversed(range(len(rewards))):
        total = rewards[step] + gamma * total
        returns[step] = total
    return (returns - returns.mean()) / (returns.std() + 1e-7)


def main():
    keras.utils.set_random_seed(11)
    rng = np.random.default_rng(0)
    env = Cart(seed=0)
    model = keras.Sequential(
        [
            keras.Input(shape=(4,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.Adam(learning_rate=0.01))
    lengths = []
    for _ in range(5):
        states, actions, rewards = [], [], []
        state, done = env.reset(), False
        while not done:
            probabilities = model.predict(state[np.newaxis], verbose=0)[0]
            action = int(rng.random() > probabilities[0])
            states.append(state)
            actions.append(action)
            state, reward, done = env.step(action)
            rewards.append(reward)
        loss = model.train_on_batch(np.array(states), np.array(actions), sample_weight=discounted(rewards))
        lengths.append(len(rewards))
    print("lengths of the episodes:", lengths, "last loss:", round(float(loss), 4))


if __name__ == "__main__":
    main()
