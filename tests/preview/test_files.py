"""Rendered templates as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailbridge.content import Content
from mailbridge.errors import ConfigError, TemplateError
from mailbridge.preview import Proof
from mailbridge.preview.files import write


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_each_part_is_a_file(tmp_path: Path) -> None:
    write(Proof("shop/bill", "default", "de", Content("S", "T", "<p>H")), tmp_path)
    assert names(tmp_path) == [
        "shop/bill/default.de.html",
        "shop/bill/default.de.subject.txt",
        "shop/bill/default.de.txt",
    ]
    assert (tmp_path / "shop/bill/default.de.html").read_text() == "<p>H"


def test_what_an_earlier_run_wrote_goes(tmp_path: Path) -> None:
    write(Proof("bill", "default", "", Content("S", "T", "<p>H")), tmp_path)
    write(Proof("bill", "default", "", error=TemplateError("It is broken.")), tmp_path)
    assert names(tmp_path) == ["bill/default.error.txt"]
    assert (tmp_path / "bill/default.error.txt").read_text() == "It is broken."


@pytest.mark.parametrize("sample", ["../../x", "..", "/etc/x", "a/b", "a\\b", ".", "a\n"])
def test_the_name_of_a_sample_leads_nowhere_else(tmp_path: Path, sample: str) -> None:
    write(Proof("bill", sample, "", Content("S", None, None)), tmp_path / "out")
    (written,) = names(tmp_path)
    assert Path(written).parent == Path("out/bill")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ConfigError, match=r"out/bill cannot be written: Not a directory\."):
        write(Proof("bill", "default", "", Content("S", "T")), tmp_path / "out")
