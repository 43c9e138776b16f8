"""What a user writes as a root: paths, URLs, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import UsageError
from rezup_api.storage.address import folder_of_root, open_root

if TYPE_CHECKING:
    from pathlib import Path

ENVIRON = {"HOME": "/home/ana", "SHARE": "/mnt/studio"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("/studio/rezup", "/studio/rezup"),
        ("~/rezup", "/home/ana/rezup"),
        ("$SHARE/rezup", "/mnt/studio/rezup"),
        ("file:///studio/rezup", "/studio/rezup"),
        ("FILE:///studio/rezup", "/studio/rezup"),
        ("file://localhost/studio/my%20rez", "/studio/my rez"),
        ("/odd/a://b", "/odd/a:/b"),
    ],
)
def test_a_folder(text: str, place: str) -> None:
    assert open_root(text, ENVIRON).place == place


@pytest.mark.parametrize("text", ["s3://studio/rezup", "gs://b", "https://ana:secret@studio/rezup", "S3+x://b/c"])
@pytest.mark.parametrize("which", ["local", "remote"])
def test_a_url_of_another_kind_is_refused(text: str, which: str) -> None:
    with pytest.raises(UsageError) as caught:
        folder_of_root(text, ENVIRON, which)
    assert f"{text.partition('://')[0]}://" in caught.value.message
    assert which in caught.value.message
    assert "secret" not in caught.value.message
    assert "folder" in caught.value.hint


def test_a_relative_path_is_one_of_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder_of_root("rezup", ENVIRON, "remote") == tmp_path / "rezup"
    assert folder_of_root("C:/rezup", ENVIRON, "remote") == tmp_path / "C:" / "rezup"
