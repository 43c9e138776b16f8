"""Describe the platforms and Pythons of a lock: their environment markers (PEP 508), and the wheels they take (PEP 425)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rezup_api.errors import UsageError
from rezup_api.store.layout import platform_name

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from packaging.markers import Environment
    from packaging.tags import Tag

    from rezup_api.pythons.interpreter import Interpreter

# The platforms as recipes name them, each with its `sys_platform`, `os_name` and `platform_system`, and with the machines that
# are meant where the user names no machine.
_SYSTEMS = {
    "linux": ("linux", "posix", "Linux", ("x86_64",)),
    "macos": ("darwin", "posix", "Darwin", ("arm64", "x86_64")),
    "windows": ("win32", "nt", "Windows", ("amd64",)),
}
PLATFORMS = tuple(_SYSTEMS)
_MACHINES = {"linux": ("x86_64", "aarch64"), "macos": ("arm64", "x86_64"), "windows": ("amd64", "arm64")}
# A bundle may hold wheels for C libraries and systems up to these. rezup cannot know which one the target machine has.
_NEWEST_GLIBC = 45
_NEWEST_MACOS = (26, 0)
_OLDER_LINUX = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


@dataclass(frozen=True, slots=True)
class PlatformTarget:
    """A platform and a Python version for which this machine collects packages, although it may have neither of them.

    Args:
        platform: linux, macos or windows.
        machine: x86_64, aarch64, arm64 or amd64.
        python: the version of Python, of which only the first two numbers count.
    """

    platform: str
    machine: str
    python: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.platform}-{self.machine} with Python {'.'.join(map(str, self.python[:2]))}"


def here() -> str:
    """This platform, as recipes name it."""
    return {"darwin": "macos"}.get(platform_name(), platform_name())


def known_platforms() -> tuple[str, ...]:
    """All names by which a user may ask for a platform, with and without its machine."""
    return (*PLATFORMS, *(f"{name}-{machine}" for name in PLATFORMS for machine in _MACHINES[name]))


def parse_platforms(words: Sequence[str]) -> list[tuple[str, str]]:
    """The platforms that a user has named (`linux`, `linux-aarch64`), as pairs of platform and machine.

    Raises:
        UsageError: there is no such platform.
    """
    found: dict[tuple[str, str], None] = {}
    for word in words:
        name, mark, machine = word.partition("-")
        if name not in _SYSTEMS or (mark and machine not in _MACHINES[name]):
            raise UsageError(f"there is no platform {word!r}", f"name one of {', '.join(known_platforms())}")
        found |= dict.fromkeys((name, kind) for kind in ((machine,) if mark else _SYSTEMS[name][3]))
    return list(found)


def checked_target(platform: object, machine: object, python: Any) -> PlatformTarget:
    """A platform and Python that somebody else has named.

    Raises:
        ValueError: there is no such platform or Python.
    """
    if not isinstance(platform, str) or platform not in _SYSTEMS or machine not in _MACHINES[platform]:
        raise ValueError(f"{platform!r:.40} on {machine!r:.40} is not a platform")
    # The tags of a Python are counted from its second number down to 0.
    fits = isinstance(python, list) and 2 <= len(python) <= 3 and all(type(one) is int for one in python)
    if not fits or python[0] not in (2, 3) or not all(0 <= one < 100 for one in python):
        raise ValueError(f"{python!r:.40} is not a version of Python")
    return PlatformTarget(platform, str(machine), tuple(python))


def marker(platforms: Collection[str]) -> str:
    """The environment marker that is true on these platforms only (PEP 508)."""
    return " or ".join(f"sys_platform == '{_SYSTEMS[name][0]}'" for name in PLATFORMS if name in platforms)


def limited(line: str, platforms: Collection[str]) -> str:
    """A line of a requirements file, limited to some platforms.

    Args:
        line: the line, which may have a marker of its own.
        platforms: the platforms; an empty collection means all.
    """
    if not platforms:
        return line
    body, mark, options = line.partition(" --hash")
    # In a line with an address a bare ";" may belong to the address; there only " ;" begins a marker (PEP 508).
    requirement, separator, own = body.partition(" ;" if " ;" in body or "://" in body else ";")
    condition = f"({own.strip()}) and ({marker(platforms)})" if separator else marker(platforms)
    return f"{requirement.strip()} ; {condition}{mark}{options}"


def environment_here(interpreter: Interpreter) -> Environment:
    """The values of environment markers for an interpreter of this machine."""
    from packaging.markers import default_environment

    return _with_python(default_environment(), interpreter.version_text, interpreter.implementation)


def marker_environment(target: PlatformTarget) -> Environment:
    """The values of environment markers for a Python of another machine."""
    environment = environment_values(target)
    return _with_python(environment, ".".join(map(str, (*target.python, 0)[:3])), "CPython")


def environment_values(target: PlatformTarget) -> Environment:
    """The marker values of a platform without those of a Python; values that differ between its releases are empty."""
    from packaging.markers import default_environment

    environment = default_environment()
    sys_platform, os_name, system, _ = _SYSTEMS[target.platform]
    environment["sys_platform"], environment["os_name"], environment["platform_system"] = sys_platform, os_name, system
    environment["platform_machine"] = "AMD64" if target.machine == "amd64" else target.machine
    environment["platform_release"] = environment["platform_version"] = ""
    return environment


def _with_python(environment: Environment, version: str, implementation: str) -> Environment:
    environment["python_version"] = ".".join(version.split(".")[:2])
    environment["python_full_version"] = environment["implementation_version"] = version
    environment["implementation_name"] = implementation.lower()
    environment["platform_python_implementation"] = implementation
    return environment


def tags_here(interpreter: Interpreter) -> list[Tag]:
    """The wheels that an interpreter of this machine takes, the best first."""
    return _tags(interpreter.version, None)


def tags_of(target: PlatformTarget) -> list[Tag]:
    """The wheels that a Python of another machine takes, the best first, including those that only the newest systems take."""
    return _tags(target.python, _platform_tags(target))


def _tags(version: tuple[int, ...], platforms: list[str] | None) -> list[Tag]:
    from packaging.tags import compatible_tags, cpython_tags

    short = version[:2]
    abis = None if platforms is None else [f"cp{short[0]}{short[1]}{'m' if short < (3, 8) else ''}"]
    implementation = f"cp{short[0]}{short[1]}"
    return [*cpython_tags(short, abis, platforms), *compatible_tags(short, implementation, platforms)]


def fits(file: str, tags: Collection[Tag]) -> bool:
    """Whether a wheel, given by the name of its file, can be installed where these tags hold."""
    from packaging.utils import parse_wheel_filename

    return not parse_wheel_filename(file)[3].isdisjoint(tags)


def pip_options(target: PlatformTarget) -> list[str]:
    """The options that let pip download for a Python of another machine, with the tags of the oldest systems first."""
    short = target.python[:2]
    words = ["--implementation", "cp", "--python-version", ".".join(map(str, short)), "--only-binary", ":all:"]
    for abi in (f"cp{short[0]}{short[1]}", "abi3", "none"):
        words += ["--abi", abi]
    for platform in reversed(_platform_tags(target)):
        words += ["--platform", platform]
    return words


def _platform_tags(target: PlatformTarget) -> list[str]:
    """The platform tags of the wheels for a target, the best first."""
    from packaging.tags import mac_platforms

    if target.platform == "windows":
        return [f"win_{target.machine}"]
    if target.platform == "macos":
        return list(mac_platforms(_NEWEST_MACOS, target.machine))
    found = []
    for minor in range(_NEWEST_GLIBC, 4, -1):
        found.append(f"manylinux_2_{minor}_{target.machine}")
        if minor in _OLDER_LINUX:
            found.append(f"{_OLDER_LINUX[minor]}_{target.machine}")
    return [*found, f"linux_{target.machine}"]
