"""Files are read below the allowed folder and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailbridge.errors import MessageInvalid
from mailbridge.message import rooted_file
from mailbridge.message.rooted_file import read


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make an allowed folder with a file, beside a secret and links to it."""
    root = tmp_path / "allowed"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_bytes(b"a")
    (root / "sub" / "b.txt").write_bytes(b"b")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "allowed-too").mkdir()
    (tmp_path / "allowed-too" / "secret").write_bytes(b"secret")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "inner").symlink_to(root / "a.txt")
    (root / "up").symlink_to(tmp_path)
    return root


@pytest.mark.parametrize("path", ["a.txt", "./a.txt", "sub/../a.txt"])
def test_a_plain_path_is_read_and_one_that_turns_back_is_not(root: Path, path: str) -> None:
    if ".." in path:
        with pytest.raises(MessageInvalid, match="leads out"):
            read(path, root, 10)
    else:
        assert read(path, root, 10) == b"a"


def test_a_path_may_be_absolute_and_an_object(root: Path) -> None:
    assert read(root / "sub" / "b.txt", root, 10) == b"b"
    assert read(str(root / "sub" / "b.txt"), f"{root}/", 10) == b"b"


def test_the_root_may_be_relative_and_a_link(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root.parent / "alias").symlink_to(root)
    monkeypatch.chdir(root.parent)
    assert read("a.txt", "alias", 10) == b"a"
    assert read(root.parent / "alias" / "a.txt", "alias", 10) == b"a"
    assert read(root / "a.txt", "alias", 10) == b"a"


@pytest.mark.catalogue("A19")
@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../secret",
        "sub/../../secret",
        "../allowed-too/secret",
        "link",
        "inner",
        "up/secret",
        "up",
        "file:///etc/passwd",
        "FILE:a.txt",
        "http://169.254.169.254/",
        "https://example.com/a.txt",
        "ftp://x/y",
        "",
        ".",
        "sub",
        "sub/",
        "missing.txt",
        "a.txt/b",
        "a.txt\0",
        "~/a.txt",
        b"a.txt",
        "/",
        "sub/missing/x",
    ],
    ids=lambda path: f"A19-{path!a}",
)
def test_every_other_path_is_refused_by_name(root: Path, path: str) -> None:
    with pytest.raises(MessageInvalid, match="cannot be attached") as refusal:
        read(path, root, 10)
    assert refusal.value.field == "attachments"
    assert "secret\n" not in str(refusal.value)


@pytest.mark.catalogue("A19")
def test_a_neighbour_that_begins_like_the_root_is_not_below_it(root: Path) -> None:
    with pytest.raises(MessageInvalid, match="not below the allowed folder"):
        read(root.parent / "allowed-too" / "secret", root, 10)


@pytest.mark.catalogue("A19")
@pytest.mark.parametrize("path", ["link", "inner", "up/secret", "a.txt/b"])
def test_without_openat_links_are_refused_too(root: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooted_file.os, "supports_dir_fd", set())
    assert read("sub/b.txt", root, 10) == b"b"
    with pytest.raises(MessageInvalid, match="cannot be attached"):
        read(path, root, 10)


def test_a_fifo_does_not_hold_us_up(root: Path) -> None:
    os.mkfifo(root / "fifo")
    with pytest.raises(MessageInvalid, match="not a regular file"):
        read("fifo", root, 10)


def test_a_file_over_the_limit_is_refused(root: Path) -> None:
    (root / "large").write_bytes(b"x" * 11)
    with pytest.raises(MessageInvalid, match="11 bytes, more than the limit of 10"):
        read("large", root, 10)


def test_a_file_that_is_not_as_long_as_it_says_is_refused() -> None:
    with pytest.raises(MessageInvalid, match="changed while it was read"):
        read("version", "/proc", 10_000)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_an_unreadable_file_is_refused_with_the_cause(root: Path) -> None:
    (root / "a.txt").chmod(0)
    with pytest.raises(MessageInvalid, match="permission denied"):
        read("a.txt", root, 10)


def test_no_descriptor_is_left_open(root: Path) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    for path in ("sub/b.txt", "up/secret", "link", "missing/x", "sub"):
        try:
            read(path, root, 10)
        except MessageInvalid:
            continue
    assert sorted(os.listdir("/proc/self/fd")) == before
