"""Schedule-free AdamW."""

from __future__ import annotations

from nnc.arguments import number, whole
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.optimizers.optimizer import LearningRate, Optimizer, step_size
from nnc.optimizers.state import OptimizerState


class ScheduleFreeAdamW(Optimizer, names=("schedulefreeadamw",)):
    """Adam whose steps z are averaged, instead of a schedule of the learning rate.

    z ← z - η g / (√(v / (1 - β₂ᵗ)) + ε), x ← (1 - 1/t) x + z / t, and the parameter is (1 - β₁) z + β₁ x, between the
    steps and their mean (keras.io/api/optimizers/schedule_free_adamw; Defazio et al. 2024, arxiv.org/abs/2405.15682).
    The slots are ``momentum``, which is z and begins as the parameter, and ``velocity``, the running mean v of squares.

    Args:
        learning_rate: step size η.
        beta_1: share β₁ of the mean in the parameter, above 0 and at most 1.
        beta_2: decay β₂ of the mean of squares, from 0 to below 1.
        epsilon: keeps the division finite.
        warmup_steps: steps in which the learning rate grows to its full size.

    Raises:
        ModelError: an argument is wrong.
    """

    _learning_rate_given: LearningRate = step_size(default=0.0025, alias="learning_rate")
    beta_1: float = number(0.0, 1.0, default=0.9)
    beta_2: float = number(0.0, below=1.0, default=0.999)
    epsilon: float = number(0.0, default=1e-8)
    warmup_steps: int = whole(0, default=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.beta_1 == 0.0:
            raise ModelError(f"{self._where}: beta_1 must be above 0, got {self.beta_1!r}; with 0 use RMSprop")

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Names of the slots."""
        return (("momentum", "velocity"),)

    def update_step(self, parameter: Value, gradient: Value, state: OptimizerState) -> Value:
        """Return the parameter after one step."""
        graph, step = parameter.graph, state.step
        beta_1, beta_2 = (graph.constant(number, parameter.dtype) for number in (self.beta_1, self.beta_2))
        rate = state.learning_rate
        if self.warmup_steps:
            rate = rate * ops.minimum(step / float(self.warmup_steps), 1.0)
        velocity = state.slot("velocity")  # 1 - β₂ in the element type of the weights, as Keras has it
        square = state.of_parts(ops.square, gradient)
        velocity = state.assign("velocity", velocity + (square - velocity) * (1.0 - beta_2))
        is_first = ops.equal(state.clock.steps_done, 0.0)
        before = ops.where(is_first, ops.reshape(graph.states[state.label], state.type.shape), state.slot("momentum"))
        change = gradient * rate / (ops.sqrt(velocity / (1.0 - beta_2**step)) + self.epsilon)
        after = state.assign("momentum", before - change)
        mean = (parameter - before * (1.0 - beta_1)) / beta_1
        mean = mean * (1.0 - 1.0 / step) + after * (1.0 / step)
        return after * (1.0 - beta_1) + mean * beta_1
