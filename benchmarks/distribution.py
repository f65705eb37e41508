"""Steps of a training that processes divide, beside one process: ``python -m benchmarks.distribution``.

Needs ``nnc-keras[mpi]`` and an MPI library. With ``--link 1,100`` each process is behind a network of its own, of 1 ms
of delay and 100 Mbit/s, in a network namespace: that takes root, a C compiler, and MPICH (``pip install mpich``).
Processes take turns: the sum behind the backward pass, and in pieces beside it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

NETWORKS = ("base", "perceptron", "convolutions")
EPOCHS = 5
MACHINES = (1, 2, 4, 8, 16, 32, 64)
NAMESPACE = "nncbench"
OVERLAP = "NNC_MPI_OVERLAP"


@dataclass(frozen=True)
class Network:
    """A network to train.

    Args:
        model: the compiled model.
        x: inputs of all rows.
        y: targets.
        batch: rows of a batch in all processes.
    """

    model: Any
    x: Any
    y: Any
    batch: int


def make(name: str, rows: int | None = None) -> Network:
    """Return a network, with the rows of a batch that one of several processes has."""
    import numpy

    import nnc
    from nnc import layers

    nnc.utils.set_random_seed(1)
    random = numpy.random.default_rng(1)
    if name == "base":
        inside = [layers.Input((2,)), layers.Dense(2, "sigmoid"), layers.Dense(1, "sigmoid")]
        loss, shape, classes, batch, steps = "binary_crossentropy", (2,), 2, 32, 200
    elif name == "perceptron":
        inside = [
            layers.Input((784,)),
            layers.Dense(512, "relu"),
            layers.Dense(512, "relu"),
            layers.Dense(10, "softmax"),
        ]
        loss, shape, classes, batch, steps = "sparse_categorical_crossentropy", (784,), 10, 128, 20
    else:
        inside = [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, "relu"),
            layers.Dense(10, "softmax"),
        ]
        loss, shape, classes, batch, steps = "sparse_categorical_crossentropy", (28, 28, 1), 10, 128, 8
    model = nnc.Sequential(inside)
    model.compile("adam", loss, metrics=["accuracy"])
    model.backend = "c"
    batch = rows or batch
    x = random.normal(size=(batch * steps, *shape)).astype("float32")
    return Network(model, x, random.integers(0, classes, len(x)), batch)


# ---------------------------------------------------------------------- what runs in each process


def worker(name: str, distributes: bool, rows: int | None) -> None:
    """Train, and print the seconds of a step and of summing up its gradient, as JSON."""
    import numpy

    from nnc import callbacks

    network = make(name, rows)
    communicator = None
    if distributes:
        from nnc.distribute.mpi import world

        communicator = world()
    options = {"batch_size": network.batch, "verbose": 0, "distribute": communicator}
    ends: list[float] = []
    timer = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(perf_counter()))
    network.model.fit(network.x, network.y, epochs=EPOCHS + 1, callbacks=[timer], **options)
    steps = len(network.x) // network.batch
    seconds = [(end - begin) / steps for begin, end in pairwise(ends)]
    found = {"step": statistics.median(seconds), "parameters": network.model.count_params(), "batch": network.batch}
    if communicator is not None:
        for key, count in (("short", 16), ("long", network.model.count_params())):
            summands, sums = numpy.ones(count, "float32"), numpy.empty(count, "float32")
            times = []
            for _ in range(30):
                begin = perf_counter()
                communicator.all_reduce(summands, sums)
                times.append(perf_counter() - begin)
            found[key] = statistics.median(times)
    if communicator is None or communicator.rank == 0:
        print(json.dumps(found))


# ---------------------------------------------------------------------- what starts them


@contextmanager
def slow_network(count: int, link: tuple[float, float]) -> Iterator[list[str]]:
    """Make a namespace for each process, behind a network of some milliseconds and Mbit/s; yield their names."""
    names = [f"{NAMESPACE}{number}" for number in range(1, count + 1)]
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "slow_link")
        source = Path(__file__).parent / "slow_link.c"
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", str(program), str(source)], check=True)
        for name in names:
            subprocess.run(["ip", "netns", "add", name], check=True)
        relay = None
        try:
            delay, rate = str(link[0] * 1e3), str(link[1] * 1e6)
            relay = subprocess.Popen([str(program), delay, rate, *names], stdout=subprocess.PIPE)
            assert relay.stdout is not None
            relay.stdout.readline()
            for number, name in enumerate(names, 1):
                for words in ("link set lo up", f"addr add 10.9.0.{number}/24 dev nnc0", "link set nnc0 up"):
                    subprocess.run(["ip", "-n", name, *words.split()], check=True)
            yield names
        finally:
            if relay is not None:
                relay.kill()
                relay.wait()
            for name in names:
                subprocess.run(["ip", "netns", "del", name], check=False)


def measured(
    name: str,
    count: int,
    threads: int = 1,
    rows: int | None = None,
    spaces: Sequence[str] = (),
    overlaps: bool = False,
) -> Any:
    """Return what the first of so many processes prints.

    Args:
        name: the network.
        count: number of processes; 0 for one that divides nothing.
        threads: threads of each.
        rows: rows of a batch, by default the network's.
        spaces: names of a network namespace for each.
        overlaps: whether they add up while they compute.
    """
    own = [sys.executable, "-m", "benchmarks.distribution", "--worker", name, *(["--rows", str(rows)] if rows else [])]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    environment |= {"OMPI_MCA_btl": "self,sm", "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    environment |= {"PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe", OVERLAP: "on" if overlaps else "off"}
    command = own
    if count:
        found = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
        command, own = [found or "mpiexec"], [*own, "--distribute"]
        if spaces:
            environment |= {"UCX_TLS": "tcp", "UCX_NET_DEVICES": "nnc0", "MPIR_CVAR_NOLOCAL": "1"}
            for number, space in enumerate(spaces):
                command += [*([":"] if number else []), "-n", "1", "ip", "netns", "exec", space, *own]
        else:
            command += ["-n", str(count), *own]
    text = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return json.loads(text.splitlines()[-1])


def medians(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def summing_seconds(count: int, size: float, latency: float, bandwidth: float) -> float:
    """Return the time of an all-reduce by the usual model of its cost.

    Rabenseifner's algorithm: 2 log2(n) messages, 2 (n - 1) / n of the vector (R. Thakur, R. Rabenseifner, W. Gropp,
    "Optimization of collective communication operations in MPICH", 2005).

    Args:
        count: number of processes.
        size: bytes of the vector.
        latency: seconds of a message.
        bandwidth: bytes a second.
    """
    return 2 * math.log2(count) * latency + 2 * (count - 1) / count * size / bandwidth


def report(name: str, processes: Sequence[int], link: tuple[float, float] | None, rounds: int) -> None:
    """Measure a network in turns; print what a step takes, and what the model of its cost says for more machines."""
    runs: dict[Any, list[Any]] = {}
    batch = int(measured(name, 0)["batch"])
    for _ in range(rounds):
        for threads in (1, 2):
            runs.setdefault(("alone", threads), []).append(measured(name, 0, threads))
        for count in processes:
            with nullcontext(()) if link is None else slow_network(count, link) as spaces:
                runs.setdefault(count, []).append(measured(name, count, spaces=spaces))
                if count > 1 and name != "base":
                    beside = measured(name, count, spaces=spaces, overlaps=True)
                    runs.setdefault((count, "beside"), []).append(beside)
    found = {key: medians(values) for key, values in runs.items()}
    alone = found["alone", 1]
    print(f"\n{name}: {int(alone['parameters']):,} parameters, batch {batch}" + (f", link {link}" if link else ""))
    for threads in (1, 2):
        print(f"  one process, {threads} thread(s): {found['alone', threads]['step'] * 1e6:,.0f} µs a step")
    size = 4 * alone["parameters"]
    for count in processes:
        own = found[count]
        sums = f"sums: {own['short'] * 1e6:,.0f} µs of 64 bytes, {own['long'] * 1e6:,.0f} µs of {size / 1e6:.2f} MB"
        print(f"  {count} processes: {own['step'] * 1e6:,.0f} µs a step; {sums}")
        if beside := found.get((count, "beside")):
            print(f"    in pieces beside the backward pass: {beside['step'] * 1e6:,.0f} µs a step")
    pair = found.get(2)
    if pair is None:
        return
    latency = pair["short"] / 2
    bandwidth = size / max(pair["long"] - pair["short"], 1e-9)
    print("  model: a step of the rows that each has, and 2 log2(n) messages, 2 (n - 1) / n of the vector")
    for count in MACHINES:
        rows = max(1, batch // count)
        step = statistics.median(measured(name, 0, rows=rows)["step"] for _ in range(3))
        total = step + (summing_seconds(count, size, latency, bandwidth) if count > 1 else 0.0)
        known = f", measured {found[count]['step'] * 1e6:,.0f}" if count in found else ""
        print(f"    {count:2} machines, {rows:3} rows each: {total * 1e6:,.0f} µs{known}")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", nargs="+", choices=NETWORKS, default=NETWORKS)
    parser.add_argument("--processes", nargs="+", type=int, default=(1, 2, 4))
    parser.add_argument("--rounds", type=int, default=5, help="runs of each kind, in turns; medians are shown")
    parser.add_argument("--link", help="milliseconds and Mbit/s, such as 1,100")
    parser.add_argument("--worker", choices=NETWORKS, help=argparse.SUPPRESS)
    parser.add_argument("--distribute", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        worker(given.worker, given.distribute, given.rows)
        return
    link = None
    if given.link:
        delay, _, rate = given.link.partition(",")
        link = float(delay), float(rate or 0)
    for name in given.network:
        report(name, given.processes, link, given.rounds)


if __name__ == "__main__":
    main()
