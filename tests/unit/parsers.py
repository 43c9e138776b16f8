"""The parsers of documents that others can write, each with a document that it takes."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.unit.published.entries import full
from tests.unit.published.test_manifest import listing

from rezup_api.builder.failures import read_failure
from rezup_api.bundles.archive import MANIFEST, examine_bundle, unpack
from rezup_api.cache.content_store import parse_listing
from rezup_api.configuration.machine_file import read_machine
from rezup_api.disk.documents import parse_json, parse_moment, parse_toml
from rezup_api.errors import InstallError, RezupError
from rezup_api.hooks.hook_log import read_hook_failures
from rezup_api.packages.pylock import parse_lock
from rezup_api.published.log_entry import parse_entry
from rezup_api.published.manifest import parse_manifest
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.recipe.dump import dump
from rezup_api.recipe.load import load_recipe
from rezup_api.selfupdate.state import read_memory
from rezup_api.store.history import act_of_making, newest_acts_first, parse_act
from rezup_api.store.labels import parse_label
from rezup_api.store.layout import ContainerFolder
from rezup_api.store.metadata import parse_metadata
from rezup_api.store.names import parse_target
from rezup_api.store.pin import parse_pin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

A = "1700000001.000000"
HASH = "ab" * 32

METADATA = {
    "format": 1,
    "rezup_version": "3",
    "creator": "ana",
    "hostname": "ws12",
    "created": "2026-01-31T10:00:00+00:00",
    "message": "m",
    "platform": "linux-x86_64",
    "venvs": ["rez"],
    "libraries": ["a"],
    "data": [],
    "remote": "/s",
    "environments": [
        {"name": "rez", "python": "3.11.7", "interpreter": "/p", "rez": "3.4.0", "size": 1, "editable": ["a"]}
    ],
}
ACT = {"act": "pin", "revision": A, "who": "ana", "host": "ws", "when": "2026-01-31T10:00:00+00:00", "message": "m"}
HOOK_FAILURE = dict.fromkeys(("where", "event", "container", "revision", "why", "said"), "1.5") | {
    "when": "2026-01-31T10:00:00+00:00"
}
LISTING = {"format": 1, "files": {"a/b.py": [HASH, 3, 0, 5]}, "links": {"c": "b"}}
BUNDLE = {
    "format": 1,
    "revision": "dev@1.0",
    "rezup_version": "3",
    "targets": {"rez": [["linux", "x86_64", [3, 11]]]},
    "files": {"rezup.toml": HASH, "revision.json": HASH, "pylock.rez.toml": HASH},
}
RECIPE = """description = "d"
[root]
remote = "/share"
[rez]
name = "rez"
url = "rez>=2.83"
python = 3.11
lib = ["numpy"]
[[extension]]
name = "maya"
url = "/a/b"
isolation = true
[shared]
name = "common"
requires = ["numpy"]
[env]
A = "b${C}"
N = 5
[dotenv.linux]
1 = "/a.env"
[retention]
keep = 3
older_than = "30d"
[lock]
platforms = ["linux"]
[[check]]
name = "n"
command = "rez --version"
timeout = 5.5
"""
LOCK = f"""lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.9"
environments = ["sys_platform == 'linux'"]
[[packages]]
name = "rez"
version = "3.4.0"
marker = "python_full_version < '4' and sys_platform != 'win32'"
requires-python = ">=3.7"
index = "https://ana:secret@pypi.studio/simple"
sdist = {{ url = "https://a/rez-3.4.0.tar.gz", upload-time = 2024-01-01T00:00:00Z, hashes = {{ sha256 = "{HASH}" }} }}
wheels = [{{ name = "rez-3.4.0-py3-none-any.whl", url = "https://a/x", size = 5, hashes = {{ sha256 = "{HASH}" }} }}]
[packages.tool.rezup]
local = "mine"
[[packages]]
name = "tool"
vcs = {{ type = "git", url = "https://git/tool", commit-id = "{"0" * 40}", subdirectory = "python" }}
[[packages]]
name = "arc"
archive = {{ url = "https://git/arc-1.zip", hashes = {{ sha256 = "{HASH}" }} }}
"""


def recipe(data: bytes, folder: Path) -> None:
    """A published recipe, loaded as strictly and as tolerantly as rezup does, and written again."""
    path = folder / "rezup.dev.toml"
    path.write_bytes(data)
    for tolerant in (False, True):
        try:
            loaded = load_recipe("dev", path, tolerant=tolerant)
        except RezupError:
            continue
        dump(loaded)


def lock(data: bytes, _: Path) -> None:
    """A lock, asked for all that is made of it."""
    read = parse_lock(data.decode("utf-8"))
    used = (read.local, read.renamed, read.editable)
    del used
    try:
        read.versions(host_interpreter())
    except InstallError:
        return


def metadata(data: bytes, _: Path) -> None:
    """The metadata of a revision, written again."""
    read = parse_metadata(data)
    assert parse_metadata(read.to_json()) == read
    act_of_making(A, read)
    used = (read.loose, read.rez_version, read.size)
    del used


def act(data: bytes, _: Path) -> None:
    """An act, sorted among others and written again."""
    read = parse_act(data)
    newest_acts_first([read, parse_act(json.dumps(ACT))])
    assert parse_act(read.to_json().encode("utf-8")) == read


def bundle(data: bytes, folder: Path) -> None:
    """A file that may be a bundle; any error of ours will do."""
    path = folder / "dev.zip"
    path.write_bytes(data)
    for use in (examine_bundle, lambda path: unpack(path, folder)):
        try:
            use(path)
        except RezupError:
            continue


def members(data: bytes, folder: Path) -> None:
    """A bundle whose manifest is damaged."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, content in {
            MANIFEST: data,
            "rezup.toml": b"",
            "revision.json": b"{}",
            "pylock.rez.toml": data,
        }.items():
            packed.writestr(name, content)
    bundle(stream.getvalue(), folder)


def failure(data: bytes, folder: Path) -> None:
    """What is remembered of failed builds, which is never an error."""
    place = ContainerFolder(folder, "dev")
    (place.path / "failures").mkdir(parents=True, exist_ok=True)
    (place.path / "failures" / f"{A}.json").write_bytes(data)
    read = read_failure(place, A)
    if read is not None:
        read.is_due(5.0)


def memory(data: bytes, folder: Path) -> None:
    """What rezup remembers of its own releases, which is never an error."""
    (folder / "memory").write_bytes(data)
    read = read_memory(folder / "memory")
    read.is_news("4.0.0", 5.0)


def machine_configuration(data: bytes, folder: Path) -> None:
    """The configuration of a machine, which is never an error: what is wrong is among its problems."""
    path = folder / "config.toml"
    path.write_bytes(data)
    read = read_machine({}, (path,))
    assert all(hook.on and hook.command and hook.timeout > 0 for hook in read.hooks)
    assert [str(problem) for problem in read.problems if problem.where != str(path)] == []


def hook_failures(data: bytes, folder: Path) -> None:
    """The failures of hooks, which are never an error either."""
    path = folder / "hooks.log"
    path.write_bytes(data)
    path.chmod(0o600)
    for one in read_hook_failures(path):
        parse_moment(one.when)


def target(data: bytes, _: Path) -> None:
    """What a user types."""
    try:
        parse_target(data.decode("utf-8", "surrogateescape"))
    except RezupError:
        return


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(MANIFEST, json.dumps(BUNDLE))
        packed.writestr("rezup.toml", RECIPE)
        packed.writestr("pylock.rez.toml", LOCK)
    return stream.getvalue()


@dataclass(frozen=True)
class Parser:
    """A parser, and a document that it takes."""

    parse: Callable[[bytes, Path], object]
    good: bytes


def of(document: object) -> bytes:
    return json.dumps(document).encode("utf-8")


PARSERS = {
    "json": Parser(lambda data, _: parse_json(data), of(METADATA)),
    "toml": Parser(lambda data, _: parse_toml(data.decode("utf-8")), LOCK.encode()),
    "moment": Parser(lambda data, _: parse_moment(data.decode("utf-8")), b"2026-01-31T10:00:00+00:00"),
    "metadata": Parser(metadata, of(METADATA)),
    "act": Parser(act, of(ACT)),
    "entry": Parser(lambda data, _: parse_entry(data), full().data),
    "manifest": Parser(lambda data, _: parse_manifest(data), listing()),
    "listing": Parser(lambda data, _: parse_listing(data.decode("utf-8")).digest, of(LISTING)),
    "label": Parser(lambda data, _: parse_label(data), f"{A}\n".encode()),
    "pin": Parser(lambda data, _: parse_pin(data).to_text(), f"{A}\n{A}\n{A}\n".encode()),
    "lock": Parser(lock, LOCK.encode()),
    "recipe": Parser(recipe, RECIPE.encode()),
    "failure": Parser(failure, of({"tries": 1, "last": 1.5, "message": "m", "hint": "h", "code": "install"})),
    "memory": Parser(memory, of({"refused": {"a": "b"}, "announced": {"4.0.0": 5.0}})),
    "machine configuration": Parser(
        machine_configuration,
        b'[[hook]]\non = ["added", "failed"]\ncommand = "a"\ntimeout = 2.5\n[[hook]]\non = "pulled"\n',
    ),
    "failures of hooks": Parser(hook_failures, of(HOOK_FAILURE)),
    "bundle": Parser(bundle, zipped()),
    "manifest of a bundle": Parser(members, of(BUNDLE)),
    "target": Parser(target, b"dev@1700000001.000000"),
}
