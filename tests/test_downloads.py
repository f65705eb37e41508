"""Files that are downloaded once: checksums, archives, and what cannot be had. No network: addresses are ``file:``."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from nnc import downloads
from nnc.downloads import get_file
from nnc.errors import DataError

TEXT = b"a file of some length" * 9_000


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    path = tmp_path / "source.bin"
    path.write_bytes(TEXT)
    return path


def left_over(folder):
    return [path.name for path in Path(folder).iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_a_file_is_downloaded_once(source, tmp_path, kind):
    checksum = hashlib.new(kind, TEXT).hexdigest()
    path = get_file(origin=source.as_uri(), file_hash=checksum)
    assert path == str(tmp_path / "home" / "datasets" / "source.bin")
    assert Path(path).read_bytes() == TEXT
    source.unlink()
    assert get_file(origin=source.as_uri(), file_hash=checksum) == path
    assert get_file("source.bin", source.as_uri(), md5_hash=hashlib.md5(TEXT).hexdigest()) == path
    assert left_over(tmp_path / "home" / "datasets") == []


def test_another_checksum(source, tmp_path):
    path = Path(get_file("other", source.as_uri(), cache_subdir="folder"))
    assert path == tmp_path / "home" / "folder" / "other"
    path.write_bytes(b"outdated")
    checksum = hashlib.sha256(TEXT).hexdigest()
    assert get_file("other", source.as_uri(), file_hash=checksum, cache_subdir="folder") == str(path)
    assert path.read_bytes() == TEXT
    with pytest.raises(DataError, match=r"expected a file with the checksum 0000.*, got one with "):
        get_file("other", source.as_uri(), file_hash="0" * 64, cache_subdir="folder")
    assert path.read_bytes() == TEXT
    path.write_bytes(b"edited")
    assert Path(get_file("other", source.as_uri(), cache_subdir="folder")).read_bytes() == b"edited"
    get_file("other", source.as_uri(), cache_subdir="folder", force_download=True)
    assert path.read_bytes() == TEXT
    assert left_over(path.parent) == []


def test_what_cannot_be_had_says_which_file_to_put_where(source, tmp_path):
    source.unlink()
    place = tmp_path / "home" / "datasets" / "source.bin"
    with pytest.raises(DataError, match=rf"cannot be downloaded: .*; or put the file there yourself: {place}"):
        get_file(origin=source.as_uri())
    assert list(place.parent.iterdir()) == []


def test_a_cache_that_cannot_be_written(source, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads.os, "access", lambda path, mode: False)
    monkeypatch.setattr(downloads.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    assert get_file(origin=source.as_uri()) == str(tmp_path / "temporary" / ".keras" / "datasets" / "source.bin")


def packed(path, kind, names):
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, name)
        return
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(name)
            archive.addfile(info, io.BytesIO(name.encode()))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.parametrize(
    ("fname", "folder", "archive"),
    [
        ("things", "things", "things_archive"),
        ("things.tgz", "things_extracted", "things.tgz"),
        (None, "source.pack", "source.pack_archive"),
    ],
)
def test_archives_lie_where_keras_puts_them(source, tmp_path, kind, fname, folder, archive):
    source = source.with_name("source.pack")
    packed(source, kind, ["a.txt", "inner/b.txt"])
    found = Path(get_file(fname, source.as_uri(), extract=True))
    assert found == tmp_path / "home" / "datasets" / folder
    assert sorted(str(path.relative_to(found)) for path in found.rglob("*")) == ["a.txt", "inner", "inner/b.txt"]
    assert (found / "inner" / "b.txt").read_text() == "inner/b.txt"
    assert (found.parent / archive).exists()
    (found / "a.txt").write_text("mine")
    source.unlink()
    assert get_file(fname, source.as_uri(), extract=True) == str(found)
    assert (found / "a.txt").read_text() == "mine"  # nothing is extracted again
    assert left_over(found.parent) == []


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.parametrize("name", ["../outside", "/outside", "inner/../../outside"])
def test_nothing_is_written_elsewhere(source, tmp_path, kind, name):
    packed(source, kind, ["a.txt", name])
    with pytest.raises(DataError, match=r"would be written elsewhere"):
        get_file("things", source.as_uri(), extract=True)
    assert not (tmp_path / "home" / "datasets" / "things").exists()
    assert not list(tmp_path.rglob("outside"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"origin": None}, "get_file needs origin"),
        ({"fname": "a/b"}, "fname must be a name without folders, got 'a/b'"),
        ({"hash_algorithm": "crc"}, "hash_algorithm must be auto, sha256 or md5, got 'crc'"),
        ({"extract": True, "archive_format": "rar"}, "archive_format must be tar, zip or auto, got 'rar'"),
        ({"extract": True}, "expected an archive, tar or zip"),
        ({"untar": True}, "expected an archive, tar"),
        ({"extract": True, "archive_format": None}, "expected an archive, and no format was given"),
    ],
)
def test_arguments_that_are_none(source, options, message):
    with pytest.raises(DataError, match=message):
        get_file(**{"origin": source.as_uri(), **options})


def test_a_damaged_archive(source):
    packed(source, "tar", ["a.txt"] * 100)
    source.write_bytes(source.read_bytes()[:-400])
    with pytest.raises(DataError, match="the archive is damaged"):
        get_file("things", source.as_uri(), extract=True)
