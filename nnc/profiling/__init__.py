"""Measures where the time of a training step or a prediction goes: by layer, by operation and by step of the plan."""

from nnc.profiling.machine_limits import Machine, measure_machine
from nnc.profiling.measurement import profile
from nnc.profiling.part import Part, Step
from nnc.profiling.profile import Profile

__all__ = ["Machine", "Part", "Profile", "Step", "measure_machine", "profile"]
