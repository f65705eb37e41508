"""Training under ``mpiexec``: the same files as one process, and what becomes of it when a process dies or hangs."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy
import pytest

import nnc
from nnc.utils import set_random_seed

pytest.importorskip("mpi4py")
MPIEXEC = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
if MPIEXEC is None:
    pytest.skip("there is no mpiexec", allow_module_level=True)

ROOT = Path(__file__).parents[2]
SECONDS = 60
MODEL = ROOT / "examples" / "base.yaml"


def environment(**others: str) -> dict[str, str]:
    """Return the environment of processes: more of them than cores, on this machine alone, also for root."""
    found = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    found |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_btl": "self,sm"}
    found |= {"PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe", "OMPI_MCA_rmaps_base_oversubscribe": "1"}
    return found | others


def started(count: int, *arguments: str, cwd: Path, **others: str) -> subprocess.Popen[str]:
    """Return ``mpiexec`` with a number of Python processes."""
    command = [str(MPIEXEC), "-n", str(count), sys.executable, *arguments]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=cwd, env=environment(**others), start_new_session=True, **pipes)


def ended(process: subprocess.Popen[str], seconds: float = SECONDS) -> tuple[int, str, str]:
    """Return exit code and output of a process, which ends in time."""
    try:
        out, error = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return process.returncode, out, error


def run(count: int, *arguments: str, cwd: Path, **others: str) -> tuple[int, str, str]:
    return ended(started(count, *arguments, cwd=cwd, **others))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    generator = numpy.random.default_rng(0)
    x = generator.normal(size=(500, 2)).astype("float32")
    numpy.savez(tmp_path / "points.npz", x=x, y=(x[:, 0] * x[:, 1] > 0).astype("float32"))
    return tmp_path


def train(*others: str) -> list[str]:
    return ["-m", "nnc", "train", str(MODEL), "--data", "points.npz", "--seed", "2", *others]


def losses(path: Path, data: Path) -> dict[str, float]:
    with numpy.load(data) as arrays:
        return nnc.load(path).evaluate(arrays["x"], arrays["y"])


def test_two_processes_train_as_one(folder: Path):
    options = ("--epochs", "5", "--validation-split", "0.2")
    subprocess.run([sys.executable, *train(*options, "-o", "one.nnc")], cwd=folder, env=environment(), check=True)
    code, out, error = run(2, *train(*options, "-o", "two.nnc"), cwd=folder)
    assert code == 0, error
    assert error.count("2 processes train together") == 1
    assert error.count("saved two.nnc") == 1
    assert out.count("After 5 epochs") == 1
    data = folder / "points.npz"
    assert losses(folder / "two.nnc", data) == pytest.approx(losses(folder / "one.nnc", data), rel=1e-6)


def test_two_processes_go_on_with_a_saved_program(folder: Path):
    with numpy.load(folder / "points.npz") as arrays:
        x, y = arrays["x"], arrays["y"]
    program = nnc.compile(MODEL)
    program.fit(x, y, epochs=2, verbose=0)
    program.save(folder / "begun.nnc")
    alone = nnc.load(folder / "begun.nnc")
    alone.fit(x, y, epochs=2, verbose=0)
    words = ["-m", "nnc", "train", "begun.nnc", "--data", "points.npz", "--epochs", "2", "-o", "two.nnc"]
    code, _, error = run(2, *words, cwd=folder)
    assert code == 0, error
    assert losses(folder / "two.nnc", folder / "points.npz") == pytest.approx(alone.evaluate(x, y, verbose=0), rel=1e-6)


COUNTING = """
from pathlib import Path
from mpi4py import MPI
from nnc.cli import main
from nnc.data.row_parts import RowParts

asked, read = [], RowParts.read

def counting(self, rows):
    asked.append(len(rows))
    return read(self, rows)

RowParts.read = counting
try:
    main()
finally:
    Path(f"asked-{MPI.COMM_WORLD.rank}.txt").write_text(str(sum(asked)))
"""


@pytest.mark.parametrize("data", ["points.npz", "part-*.npz"])
def test_each_of_two_processes_reads_its_rows(folder: Path, data: str):
    with numpy.load(folder / "points.npz") as arrays:
        x, y = arrays["x"], arrays["y"]
    numpy.savez(folder / "part-9.npz", x=x[:123], y=y[:123])
    numpy.savez_compressed(folder / "part-10.npz", x=x[123:], y=y[123:])
    set_random_seed(2)
    alone = nnc.compile(MODEL)
    alone.fit(x, y, epochs=5, verbose=0)
    words = train("--epochs", "5", "-o", "two.nnc")[2:]
    words[words.index("points.npz")] = data
    code, _, error = run(2, "-c", COUNTING, *words, cwd=folder)
    assert code == 0, error
    assert losses(folder / "two.nnc", folder / "points.npz") == pytest.approx(alone.evaluate(x, y, verbose=0), rel=1e-6)
    own, compared = 250, 64
    # Inputs are looked at for NaN, targets for that and for their range, and some tell whether all have the same.
    expected = 2 * 5 * own + own + 2 * own + 2 * compared
    assert [int((folder / f"asked-{rank}.txt").read_text()) for rank in range(2)] == [expected] * 2


@pytest.mark.slow
def test_four_processes_have_the_same_bits_twice(folder: Path):
    for name in ("first.nnc", "second.nnc"):
        code, _, error = run(4, *train("--epochs", "3", "-o", name), cwd=folder)
        assert code == 0, error
    assert (folder / "first.nnc").read_bytes() == (folder / "second.nnc").read_bytes()


def test_a_missing_file_is_one_error(folder: Path):
    code, _, error = run(2, "-m", "nnc", "train", str(MODEL), "--data", "pointz.npz", cwd=folder)
    assert code == 1
    assert error.count("error: ") == 1
    assert "error: pointz.npz: cannot be read: No such file or directory" in error


DIFFERENT = """
import numpy, nnc
from mpi4py import MPI
rank = MPI.COMM_WORLD.rank
nnc.utils.set_random_seed(1)
model = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1)])
model.compile("sgd", "mse")
x = numpy.ones((8, 2)) * (1 + rank)
model.fit(x, x[:, :1], verbose=0, distribute="mpi")
"""


def test_different_data_is_refused_before_the_first_step(folder: Path):
    code, _, error = run(2, "-c", DIFFERENT, cwd=folder)
    assert code == 1
    assert "DistributionError: processes 0 and 1 do not train the same: data " in error


HANGS = """
import time
import numpy, nnc
from mpi4py import MPI
from nnc import callbacks
class Hangs(callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if MPI.COMM_WORLD.rank == 1:
            time.sleep(300)
model = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1)])
model.compile("sgd", "mse")
x = numpy.ones((8, 2))
model.fit(x, x[:, :1], verbose=0, epochs=3, callbacks=[Hangs()], distribute="mpi")
"""


def test_a_process_that_hangs_ends_all_with_the_name_of_its_host(folder: Path):
    begin = time.monotonic()
    code, _, error = run(2, "-c", HANGS, cwd=folder, NNC_MPI_TIME_LIMIT="2")
    assert code != 0
    assert time.monotonic() - begin < 30
    host = os.uname().nodename
    assert f"nnc: process 0 on {host}: waited 2 s for process 1 on {host}; NNC_MPI_TIME_LIMIT sets how long" in error


def test_a_time_limit_that_is_no_number_is_refused(folder: Path):
    code, _, error = run(1, *train("--distribute", "mpi"), cwd=folder, NNC_MPI_TIME_LIMIT="soon")
    assert code == 1
    assert "error: NNC_MPI_TIME_LIMIT must be a number of seconds, got 'soon'" in error


OVERLAPS = """
import threading, zlib
import numpy, nnc
from nnc import callbacks
from nnc.distribute.mpi import world
communicator = world()
nnc.utils.set_random_seed(1)
model = nnc.Sequential([nnc.Input((64,)), *(nnc.layers.Dense(256, "relu") for _ in range(3)), nnc.layers.Dense(1)])
model.compile("adam", "mse")
x = numpy.random.default_rng(2).normal(size=(300, 64))
names = set()
watch = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: names.update(t.name for t in threading.enumerate()))
model.fit(x, x[:, :1], verbose=0, epochs=2, callbacks=[watch], distribute=communicator)
pieces = len(model.program.executor.parts["train"][0].pieces)
weights = b"".join(weight.tobytes() for weight in model.get_weights())
if communicator.rank == 0:
    print(communicator.overlaps, "nnc-overlap" in names, pieces, zlib.crc32(weights))
"""


def test_sums_in_pieces_beside_the_backward_pass_have_the_bits_of_sums_behind_it(folder: Path):
    """Of two numbers, which have one sum; by default one machine has nothing to overlap."""
    found = {}
    for word in ("on", "auto"):
        code, out, error = run(2, "-c", OVERLAPS, cwd=folder, NNC_MPI_OVERLAP=word)
        assert code == 0, error
        found[word] = out.split()
    assert found["on"][:2] == ["True", "True"]
    assert found["auto"][:2] == ["False", "False"]
    assert found["on"][2:] == found["auto"][2:]
    assert int(found["on"][2]) > 1


def test_a_word_for_overlap_that_is_none_is_refused(folder: Path):
    code, _, error = run(1, *train("--distribute", "mpi"), cwd=folder, NNC_MPI_OVERLAP="maybe")
    assert code == 1
    assert "error: NNC_MPI_OVERLAP must be on, off or auto, got 'maybe'" in error


@pytest.mark.slow
def test_a_process_that_hangs_is_named_where_sums_overlap_as_well(folder: Path):
    hangs = "on_train_batch_begin=lambda batch, logs: communicator.rank == 1 and batch == 2 and time.sleep(300)"
    script = OVERLAPS.replace("import threading", "import time, threading").replace(
        "Callback(on", f"Callback({hangs}, on"
    )
    code, _, error = run(2, "-c", script, cwd=folder, NNC_MPI_OVERLAP="on", NNC_MPI_TIME_LIMIT="2")
    assert code != 0
    host = os.uname().nodename
    assert f"nnc: process 0 on {host}: waited 2 s for process 1 on {host}; NNC_MPI_TIME_LIMIT sets how long" in error


DIVIDES = """
import sys, zlib
import numpy, nnc
from nnc import callbacks
from nnc.distribute.mpi import world
communicator = world()
communicator.divides &= sys.argv[1] == "divided"
nnc.utils.set_random_seed(1)
model = nnc.Sequential([nnc.Input((64,)), *(nnc.layers.Dense(256, "relu") for _ in range(3)), nnc.layers.Dense(1)])
model.compile("adam", "mse")
x = numpy.random.default_rng(2).normal(size=(300, 64))
history = model.fit(x, x[:, :1], verbose=0, epochs=3, callbacks=[], distribute=communicator).history
states = sorted(model.program.executor.state.arrays.items())
crc = [zlib.crc32(array.tobytes()) for label, array in states if not label.startswith("metrics/")]
graphs = [name for _, name in model.program.executor.local.graphs]
if communicator.rank == communicator.size - 1:
    print(*history["loss"], *crc, any(name.startswith("apply[") for name in graphs))
"""


def test_two_processes_divide_the_update_and_find_the_bits_of_one_that_is_not_divided(folder: Path):
    """The sum of two numbers is the same in any order; all slots are in the last process too."""
    found = {}
    for word in ("divided", "whole"):
        code, out, error = run(2, "-c", DIVIDES, word, cwd=folder)
        assert code == 0, error
        *found[word], divides = out.split()
        assert divides == str(word == "divided")
    assert found["divided"] == found["whole"]


@pytest.mark.slow
def test_four_processes_that_divide_the_update_have_the_same_bits_twice(folder: Path):
    found = []
    for word in ("divided", "divided", "whole"):
        code, out, error = run(4, "-c", DIVIDES, word, cwd=folder)
        assert code == 0, error
        found.append(out.split())
    assert found[0] == found[1]
    assert list(map(float, found[0][:3])) == pytest.approx(list(map(float, found[2][:3])), rel=1e-6)


@pytest.mark.slow
def test_a_process_that_hangs_is_named_where_the_update_is_divided(folder: Path):
    hangs = "on_epoch_begin=lambda epoch, logs: communicator.rank == 1 and epoch == 2 and time.sleep(300)"
    script = DIVIDES.replace("import sys", "import sys, time").replace("=[]", f"=[callbacks.LambdaCallback({hangs})]")
    code, _, error = run(2, "-c", script, "divided", cwd=folder, NNC_MPI_TIME_LIMIT="2")
    assert code != 0
    host = os.uname().nodename
    assert f"nnc: process 0 on {host}: waited 2 s for process 1 on {host}; NNC_MPI_TIME_LIMIT sets how long" in error


def ranks_of(launcher: subprocess.Popen[str]) -> list[int]:
    """Return the process numbers of what ``mpiexec`` has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            program, words = (path / "exe").resolve(), (path / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has ended
            continue
        if program == Path(sys.executable).resolve() and b"train" in words and _descends(int(path.name), launcher.pid):
            found.append(int(path.name))
    return found


def _descends(number: int, ancestor: int) -> bool:
    while number > 1:
        if number == ancestor:
            return True
        try:
            number = int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


def cut_and_resumed(folder: Path, generator: random.Random, cuts: int) -> int:
    """Kill a process of a training at any moment, start it again with --resume, and return how often that was."""
    options = ("--epochs", "200", "--backup", "copies", "--backup-every", "7", "--resume", "-o", "cut.nnc")
    (folder / "cut.nnc").unlink(missing_ok=True)
    shutil.rmtree(folder / "copies", ignore_errors=True)
    for done in range(cuts + 1):
        process = started(2, *train(*options), cwd=folder)
        if done < cuts:
            until = time.monotonic() + generator.uniform(0.2, 2.5)
            while (time.monotonic() < until or not ranks_of(process)) and process.poll() is None:
                time.sleep(0.01)
            ranks = ranks_of(process)
            if ranks and process.poll() is None:
                os.kill(generator.choice(ranks), signal.SIGKILL)
                code, _, error = ended(process, 10 + 5)
                assert code != 0, error
                continue
        code, _, error = ended(process)
        assert code == 0, error
        return done
    raise AssertionError("the last one was not to be cut")


@pytest.mark.slow
def test_a_process_that_is_killed_ends_all_and_the_training_goes_on_to_the_bit(folder: Path):
    code, _, error = run(2, *train("--epochs", "200", "-o", "whole.nnc"), cwd=folder)
    assert code == 0, error
    assert cut_and_resumed(folder, random.Random(1), 4) > 0
    assert (folder / "cut.nnc").read_bytes() == (folder / "whole.nnc").read_bytes()


HELD = """
import time
from pathlib import Path

def on_epoch_begin(epoch, logs):
    Path(f"epoch-{epoch}").touch()
    while "held" in sys.argv and epoch == 140:  # until it is killed, however fast the machine
        time.sleep(1)
"""


@pytest.mark.slow
def test_a_training_with_a_divided_update_that_is_killed_goes_on_to_the_bit(folder: Path):
    both = "[callbacks.BackupAndRestore('copies'), callbacks.LambdaCallback(on_epoch_begin)]"
    script = HELD + DIVIDES.replace("callbacks=[]", f"callbacks={both}").replace("epochs=3", "epochs=150")
    words = ("-c", script, "divided", "train")
    code, whole, error = run(2, *words, cwd=folder)
    assert code == 0, error
    for path in folder.glob("epoch-*"):
        path.unlink()
    shutil.rmtree(folder / "copies", ignore_errors=True)
    generator = random.Random(2)
    for begun in (20, 70, 120):
        process = started(2, *words, "held", cwd=folder)
        while not (folder / f"epoch-{begun}").exists():
            assert process.poll() is None, ended(process)
            time.sleep(0.001)
        time.sleep(generator.uniform(0, 0.05))
        os.kill(generator.choice(ranks_of(process)), signal.SIGKILL)
        code, _, error = ended(process, 10 + 5)
        assert code != 0, error
    assert not (folder / "epoch-149").exists()
    code, out, error = run(2, *words, cwd=folder)
    assert code == 0, error
    states, divides = out.split()[-8:-1], out.split()[-1]
    assert divides == "True"
    assert states == whole.split()[-8:-1]
