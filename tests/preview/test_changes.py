"""Whether files have changed."""

from __future__ import annotations

import os
from pathlib import Path

from mailbridge.preview.changes import Watched


def test_the_same_files_have_the_same_stamp(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    assert Watched([tmp_path]).stamp() == Watched([tmp_path]).stamp()


def test_whatever_happens_to_a_file_changes_it(tmp_path: Path) -> None:
    watched = Watched([tmp_path])
    seen = [watched.stamp()]
    file = tmp_path / "deep/er/a.txt"
    file.parent.mkdir(parents=True)
    for happens in (
        lambda: file.write_text("a"),
        lambda: file.write_text("ab"),
        lambda: os.utime(file, ns=(1, 1)),
        lambda: file.rename(tmp_path / "b.txt"),
        lambda: (tmp_path / "b.txt").unlink(),
    ):
        happens()
        seen.append(watched.stamp())
    assert seen[0] == seen[-1]
    assert len(set(seen)) == len(seen) - 1


def test_a_single_file_may_be_watched_and_may_not_exist_yet(tmp_path: Path) -> None:
    watched = Watched([tmp_path / "x.json"])
    before = watched.stamp()
    (tmp_path / "x.json").write_text("{}")
    assert watched.stamp() != before


def test_hidden_folders_and_circles_of_links_are_left_out(tmp_path: Path) -> None:
    watched = Watched([tmp_path])
    before = watched.stamp()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/index").write_text("x")
    (tmp_path / "circle").symlink_to(tmp_path)
    assert watched.stamp() == before
