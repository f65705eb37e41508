"""Keep a pole upright by Q-learning: a memory of what happened, and a second network that follows the first."""

from collections import deque

import keras
import numpy as np
from keras import layers
from simulated_cart import Cart

GAMMA, BATCH_SIZE = 0.95, 16


def build_q_network():
    model = keras.Sequential(
        [
            keras.Input(shape=(4,)),
            layers.Dense(24, activation="elu"),
            layers.Dense(24, activation="elu"),
            layers.Dense(2),
        ]
    )
    model.compile(loss=keras.losses.Huber(), optimizer=keras.optimizers.Nadam(learning_rate=1e-2))
    return model


def replay(model, target, memory, rng):
    rows = [memory[index] for index in rng.integers(len(memory), size=BATCH_SIZE)]
    states, actions, rewards, next_states, dones = (np.array(column) for column in zip(*rows, strict=True))
    next_q = target.predict(next_states, verbose=0).max(axis=1)
    q_values = model.predict_on_batch(states)
    q_values = np.array(q_values)
    q_values[np.arange(BATCH_SIZE), actions] = rewards + (1 - dones) * GAMMA * next_q
    return model.train_on_batch(states, q_values)


def main():
    keras.utils.set_random_seed(12)
    rng = np.random.default_rng(1)
    env, memory = Cart(seed=1, longest=20), deque(maxlen=200)
    model = build_q_network()
    target = keras.models.clone_model(model)
    target.set_weights(model.get_weights())
    losses, steps = [], 0
    for episode in range(4):
        state, done = env.reset(), False
        while not done:
            epsilon = max(1 - episode / 4, 0.1)
            if rng.random() < epsilon:
                action = int(rng.integers(2))
            else:
                action = int(np.argmax(model.predict(state[np.newaxis], verbose=0)[0]))
            next_state, reward, done = env.step(action)
            memory.append((state, action, reward, next_state, done))
            state, steps = next_state, steps + 1
            if len(memory) >= BATCH_SIZE and steps % 4 == 0:
                losses.append(float(replay(model, target, memory, rng)))
            if steps % 20 == 0:
                target.set_weights(model.get_weights())
    print(steps, "steps, losses", [round(loss, 3) for loss in losses[-3:]])


if __name__ == "__main__":
    main()
