"""Ray gives the files that one process gives, also where a worker is killed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nnc.cli.app import app
from nnc.distribute import part_files, ray_data
from nnc.errors import DataError, NncError
from tests.distribute.tables import program, write_parts

ray = pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("ray_here"),
    pytest.mark.filterwarnings("ignore:`use_.*deprecated:DeprecationWarning:ray"),  # of itself
]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(("replicas", "backend"), [(None, "numpy"), (3, "c")])
def test_both_engines_give_equal_files(tmp_path, replicas, backend):
    rows = write_parts(tmp_path / "parts")
    made = program(2, replicas, backend)
    pattern = tmp_path / "parts" / "*.parquet"
    seen: list[str] = []
    total = ray_data.predict_parts(
        made, pattern, tmp_path / "ray", done=lambda part, count: seen.append(f"{part.source.name} {count}")
    )
    assert total == part_files.predict_parts(made, pattern, tmp_path / "local") == sum(map(len, rows))
    assert seen == [f"part-{number}.parquet {len(part)}" for number, part in enumerate(rows)]
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")


def test_on_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_parts(tmp_path / "parts", 4)
    program().save("small.nnc")
    for engine in ("ray", "local"):
        arguments = ["predict", "small.nnc", "--input", "parts/*.parquet", "--output", engine, "--engine", engine]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        assert f"wrote {engine}: 4 files, 86 rows\n" in done.output
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")


def test_a_damaged_part_is_named(tmp_path):
    write_parts(tmp_path / "parts", 3)
    (tmp_path / "parts" / "part-1.parquet").write_bytes(b"half")
    with pytest.raises(DataError, match=r"part-1.parquet: expected a .parquet file, found damaged data"):
        ray_data.predict_parts(program(), tmp_path / "parts", tmp_path / "out")


class Killed(ray_data.PartPredictor):
    """A worker that is killed at one part, so many times."""

    times = 1

    def predict(self, source, target):
        mark = target.parent / "times"
        if source.name == "part-2.parquet":
            before = int(mark.read_text()) if mark.exists() else 0
            if before < self.times:
                mark.write_text(str(before + 1))
                os.kill(os.getpid(), 9)
        return super().predict(source, target)


class AlwaysKilled(Killed):
    times = 100


def test_a_part_whose_worker_is_killed_is_begun_anew(tmp_path, monkeypatch):
    write_parts(tmp_path / "parts", 5)
    made = program()
    part_files.predict_parts(made, tmp_path / "parts", tmp_path / "local")
    monkeypatch.setattr(ray_data, "PartPredictor", Killed)
    ray_data.predict_parts(made, tmp_path / "parts", tmp_path / "ray")
    assert (tmp_path / "ray" / "times").read_text() == "1"
    (tmp_path / "ray" / "times").unlink()
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")


def test_a_part_that_kills_every_worker_is_named(tmp_path, monkeypatch):
    write_parts(tmp_path / "parts", 3)
    monkeypatch.setattr(ray_data, "PartPredictor", AlwaysKilled)
    with pytest.raises(DataError, match=r"part-2.parquet: 4 workers died while they predicted it"):
        ray_data.predict_parts(program(), tmp_path / "parts", tmp_path / "out")


def test_a_connection_is_not_changed(tmp_path):
    write_parts(tmp_path / "parts", 1)
    with pytest.raises(NncError, match=r"Ray is connected already; leave out the address 'auto'"):
        ray_data.predict_parts(program(), tmp_path / "parts", tmp_path / "out", address="auto")
    assert ray.is_initialized()
