"""Keras's learning-rate schedules by name, and the way between schedules and their configs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from nnc.errors import nearest
from nnc.objects import Registry
from nnc.optimizers.schedules.schedule import LearningRateSchedule

SCHEDULES: Mapping[str, type[LearningRateSchedule]] = MappingProxyType(LearningRateSchedule.registered)
"""Schedules by class name."""


class _Schedules(Registry[LearningRateSchedule]):
    def unknown(self, name: str, known: Iterable[str]) -> str:
        return f"unknown learning-rate schedule '{name}'; known are {', '.join(sorted(known))}.{nearest(name, known)}"


_REGISTRY = _Schedules(
    "learning-rate schedule",
    LearningRateSchedule,
    SCHEDULES,
    "keras.optimizers.schedules",
    "a LearningRateSchedule",
)
get = _REGISTRY.get
serialize = _REGISTRY.serialize
deserialize = _REGISTRY.deserialize
