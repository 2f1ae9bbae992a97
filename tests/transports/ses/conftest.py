"""An AWS configuration of the test's own: nothing of this machine's is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


class Aws:
    """The files of `~/.aws` and the environment, as AWS programs find them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.env = monkeypatch

    def config(self, text: str) -> None:
        """Write `~/.aws/config`."""
        (self.folder / "config").write_text(text)

    def credentials(self, text: str) -> None:
        """Write `~/.aws/credentials`."""
        (self.folder / "credentials").write_text(text)


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """Give an empty configuration, without an instance to ask."""
    pytest.importorskip("botocore", reason="NOT CHECKED: credentials are found by botocore, which is missing")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return Aws(tmp_path, monkeypatch)
