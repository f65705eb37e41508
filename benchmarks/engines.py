"""The peers by the names that ``--against`` takes: what they need, their environment, and what limits their vectors."""

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


def _limits(*, onednn: str, xla: str, aten: str, mkl: str, openblas: str) -> Mapping[str, str]:
    return {
        "ONEDNN_MAX_CPU_ISA": onednn,
        "XLA_FLAGS": f"--xla_cpu_max_isa={xla}",
        "ATEN_CPU_CAPABILITY": aten,
        "MKL_ENABLE_INSTRUCTIONS": mkl,
        "OPENBLAS_CORETYPE": openblas,
    }


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
LIMITS = {
    "x86-64": _limits(onednn="SSE41", xla="SSE4_2", aten="default", mkl="SSE4_2", openblas="Nehalem"),
    "x86-64-v2": _limits(onednn="SSE41", xla="SSE4_2", aten="default", mkl="SSE4_2", openblas="Nehalem"),
    "x86-64-v3": _limits(onednn="AVX2", xla="AVX2", aten="avx2", mkl="AVX2", openblas="Haswell"),
    "x86-64-v4": _limits(onednn="AVX512_CORE", xla="AVX512", aten="avx512", mkl="AVX512", openblas="SkylakeX"),
}
"""What keeps libraries to a level of x86-64 as ``$NNC_CPU`` keeps nnc, or to the lowest that they know above it.

oneDNN is in OpenVINO, PyTorch and TensorFlow, OpenBLAS in NumPy. XNNPACK (in LiteRT) and MLAS (in ONNX Runtime, and for
products in OpenVINO) take the vectors that they see; there is no variable that they would read, see `cpuid_masking`.
"""

UNLIMITED = ("LiteRT", "ONNX Runtime")
"""The titles of those that `LIMITS` do not keep to anything: they are kept to a level only by masking."""


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
