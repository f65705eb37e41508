"""Files appear whole or not at all, under the name the user gave."""

import os

import pytest

from nnc.files import write_atomically


def test_file_is_replaced_and_a_link_stays_one(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    link.symlink_to(real)
    for data in (b"first", memoryview(b"second")):
        write_atomically(link, data)
        assert real.read_bytes() == bytes(data)
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [link, real]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch, step, failure):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*arguments):
        raise failure

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(failure)):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("folder", "error"), [("nowhere", FileNotFoundError), ("file", NotADirectoryError)])
def test_errors_name_the_file_and_not_the_temporary_one(tmp_path, folder, error):
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / folder / "name"
    with pytest.raises(error) as raised:
        write_atomically(path, b"")
    assert raised.value.filename == str(path)
