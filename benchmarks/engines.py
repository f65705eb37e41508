"""The peers by the names that ``--against`` takes: what they need, and the environment of their processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec

from nnc.errors import NncError, nearest


@dataclass(frozen=True)
class Engine:
    """A peer.

    Args:
        title: as the report calls it.
        packages: what pip calls the packages that it needs, by the name that Python imports.
        environment: variables of its processes.
    """

    title: str
    packages: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)

    def missing(self) -> list[str]:
        """Return the packages that are not installed, as pip calls them."""
        return [package for module, package in self.packages.items() if find_spec(module) is None]


_CONVERTING = {"KERAS_BACKEND": "tensorflow"}
"""For those who take networks from Keras on TensorFlow; what only converting needs is missed where it is done."""
ENGINES = {
    "keras-tf": Engine(
        "Keras on TensorFlow", {"keras": "keras", "tensorflow": "tensorflow"}, {"KERAS_BACKEND": "tensorflow"}
    ),
    "keras-jax": Engine("Keras on JAX", {"keras": "keras", "jax": "jax"}, {"KERAS_BACKEND": "jax"}),
    "keras-torch": Engine("Keras on PyTorch", {"keras": "keras", "torch": "torch"}, {"KERAS_BACKEND": "torch"}),
    "torch": Engine("PyTorch", {"torch": "torch"}),
    "jax": Engine("JAX", {"jax": "jax"}),
    "onnxruntime": Engine("ONNX Runtime", {"onnxruntime": "onnxruntime", "onnx": "onnx"}, _CONVERTING),
    "openvino": Engine("OpenVINO", {"openvino": "openvino", "onnx": "onnx"}, _CONVERTING),
    "litert": Engine(
        "LiteRT",
        {"ai_edge_litert": "ai-edge-litert", "keras": "keras", "tensorflow": "tensorflow"},
        _CONVERTING,
    ),
    "sklearn": Engine("scikit-learn", {"sklearn": "scikit-learn"}),
}


def installed() -> tuple[str, ...]:
    """Return the names of the engines that are installed."""
    return tuple(name for name, engine in ENGINES.items() if not engine.missing())


def find_engines(names: Sequence[str]) -> tuple[str, ...]:
    """Return the engines of these names, in the order of the table.

    Raises:
        NncError: a name is unknown, or what it needs is not installed.
    """
    for name in names:
        if name not in ENGINES:
            raise NncError(f"unknown peer {name!r}; there are {', '.join(ENGINES)}.{nearest(name, ENGINES)}")
    found = tuple(name for name in ENGINES if name in names)
    if missing := {name: ENGINES[name].missing() for name in found if ENGINES[name].missing()}:
        packages = dict.fromkeys(package for absent in missing.values() for package in absent)
        raise NncError(
            f"{' and '.join(missing)} cannot take part, for {' and '.join(packages)} cannot be imported: run "
            f"'pip install {' '.join(packages)}'; 'pip install -e .[bench]' in the repository brings all peers"
        )
    return found
