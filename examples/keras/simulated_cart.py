"""A pole on a cart that moves: the state is place, speed, angle and its speed; a fall ends an episode."""

import numpy as np


class Cart:
    """An environment with the physics of CartPole.

    Args:
        seed: of the first states.
        longest: steps after which an episode ends.
    """

    def __init__(self, seed=0, longest=60):
        self.rng = np.random.default_rng(seed)
        self.longest = longest

    def reset(self):
        """Begin an episode and return its first state."""
        self.state = self.rng.uniform(-0.05, 0.05, 4)
        self.steps = 0
        return self.state.astype("float32")

    def step(self, action):
        """Push to the left (0) or right (1); return the next state, the reward and whether the episode is over."""
        place, speed, angle, turn = self.state
        push = (10.0 if action == 1 else -10.0) + 0.05 * turn**2 * np.sin(angle)
        inertia = 0.5 * (4 / 3 - 0.1 * np.cos(angle) ** 2 / 1.1)
        turning = (9.8 * np.sin(angle) - np.cos(angle) * push / 1.1) / inertia
        moving = push / 1.1 - 0.05 * turning * np.cos(angle) / 1.1
        self.state = np.array([place + 0.02 * speed, speed + 0.02 * moving, angle + 0.02 * turn, turn + 0.02 * turning])
        self.steps += 1
        has_fallen = abs(self.state[0]) > 2.4 or abs(self.state[2]) > 0.21
        return self.state.astype("float32"), 1.0, bool(has_fallen or self.steps >= self.longest)
