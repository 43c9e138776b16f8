"""Write and read the text of a launcher: a small file on PATH that runs a tool in what `use NAME` gives at that moment.

A launcher is a Python script that calls the command with the first words already there, so that it costs what `rezup use` costs.
It names a container, and nothing below a root. Its second line says that rezup wrote it, and what it is for:

    #!/usr/local/bin/python3.11
    # rezup launcher: {"format": 1, "launcher": "maya", "target": "prod", "tool": "maya", "packages": ["maya-2024"]}
"""

from __future__ import annotations

import json
import os
import re
import shlex
from contextlib import suppress

from rezup_api.disk.documents import parse_json
from rezup_api.errors import UsageError
from rezup_api.frozen import dataclass

FORMAT = 1
MARK = "# rezup launcher: "
# How often a launcher may stand above itself. A tool that is gone from its container would otherwise start its launcher, which is
# on PATH too, and that the tool, for ever.
DEEPEST = 8
# Linux reads so many bytes of the first line (execve(2)); older kernels read half of that.
LONGEST_INTERPRETER = 120

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_SAFE_INTERPRETER = re.compile(rf"[!-~]{{1,{LONGEST_INTERPRETER}}}")
_BODY = f"""\
import os
import sys

if not getattr(sys.flags, "safe_path", False):
    del sys.path[0]  # a module in this folder is none of rezup's
try:
    from rezup.__main__ import main
except ImportError:
    sys.stderr.write(LOST)
    sys.exit(125)

passed = os.environ.get("REZUP_LAUNCHERS", "").split(":")
if passed.count(NAME) >= {DEEPEST}:
    sys.stderr.write(GONE)
    sys.exit(127)
os.environ["REZUP_LAUNCHERS"] = ":".join(filter(None, [*passed, NAME]))
sys.exit(main([*WORDS, *sys.argv[1:]]))
"""


@dataclass(frozen=True, slots=True)
class Launcher:
    """What a launcher runs.

    Args:
        name: of its file.
        target: the revision that it enters, as `use` takes it: `NAME` or `NAME@REV`.
        tool: the program that it runs.
        packages: the request of the `rez-env` in which it runs that; empty for none.
        interpreter: the Python that runs the launcher.
    """

    name: str
    target: str
    tool: str
    packages: tuple[str, ...]
    interpreter: str

    @property
    def words(self) -> tuple[str, ...]:
        """The words of `rezup` for which it stands."""
        inside = ("rez-env", *self.packages, "--") if self.packages else ()
        return ("use", self.target, "--", *inside, self.tool)

    @property
    def broken(self) -> bool:
        """Whether the Python that should run it is gone."""
        return not os.path.exists(self.interpreter)


def launcher_name(name: str) -> str:
    """Return `name` if a launcher can have it.

    Raises:
        UsageError: it cannot.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be the name of a launcher", "use letters, digits, '_', '-', '+' and '.'")
    if name == "rezup":
        raise UsageError("a launcher named rezup would hide rezup itself", "choose another name: --as LAUNCHER")
    return name


def launcher_text(launcher: Launcher) -> str:
    """The content of the file of a launcher.

    Raises:
        UsageError: the path of its interpreter has characters that a script cannot name.
    """
    told = {
        "format": FORMAT,
        "launcher": launcher.name,
        "target": launcher.target,
        "tool": launcher.tool,
        "packages": list(launcher.packages),
        "interpreter": launcher.interpreter,
    }
    gone = f"rezup: {launcher.name} runs itself over and over: there is no {launcher.tool} but this launcher\n"
    gone += f"  -> see what the container has: rezup status {launcher.target.partition('@')[0]}\n"
    gone += f"  -> or remove the launcher: rezup unexpose {launcher.name}\n"
    lost = f"rezup: {launcher.interpreter}, which runs this launcher, has no rezup any more\n"
    lost += f"  -> install rezup, then expose it again: {shlex.join(_exposing(launcher))}\n"
    lines = [
        *_first_lines(launcher.interpreter),
        MARK + json.dumps(told),
        f"# It stands for: {ascii(shlex.join(['rezup', *launcher.words]))[1:-1]}",
        f"NAME = {launcher.name!a}",
        f"WORDS = {launcher.words!a}",
        f"GONE = {gone!a}",
        f"LOST = {lost!a}",
    ]
    return "\n".join(lines) + "\n" + _BODY


def _exposing(launcher: Launcher) -> list[str]:
    """The command line that writes a launcher."""
    words = ["rezup", "expose", launcher.target, launcher.tool]
    words += ["--request", shlex.join(launcher.packages)] if launcher.packages else []
    return [*words, *(["--as", launcher.name] if launcher.name != launcher.tool else [])]


def _first_lines(interpreter: str) -> list[str]:
    """How the system finds the interpreter; where its path has blanks, or is too long for the kernel, by way of sh."""
    if _SAFE_INTERPRETER.fullmatch(interpreter):
        return [f"#!{interpreter}"]
    if re.search(r"[\\\"'$`\n]", interpreter):
        raise UsageError(
            f"no launcher can name {interpreter!a}, the Python of rezup", "install rezup in another folder"
        )
    # For sh this is `exec "interpreter" "$0" "$@"`, and for Python a text that nobody uses.
    return ["#!/bin/sh", f'\'\'\'exec\' "{interpreter}" "$0" "$@"', "' '''"]


def parse_launcher(name: str, text: str) -> Launcher | None:
    """Read the text of a file; None if it is no launcher.

    Args:
        name: of the file.
        text: its content.
    """
    line = next((line for line in text.split("\n", 6)[:6] if line.startswith(MARK)), None)
    if line is None or not text.startswith("#!"):
        return None
    with suppress(ValueError):
        told = parse_json(line[len(MARK) :])
        if isinstance(told, dict):
            texts = [told.get(key) for key in ("target", "tool", "interpreter")]
            packages = told.get("packages")
            if isinstance(packages, list) and all(isinstance(one, str) for one in (*texts, *packages)):
                target, tool, interpreter = map(str, texts)
                return Launcher(name, target, tool, tuple(packages), interpreter)
    return Launcher(name, "", "", (), "")


def requested_packages(text: str) -> tuple[str, ...]:
    """The packages of a request, as a shell splits it.

    Raises:
        UsageError: a quote in it has no end; or an option of `rez-env` is in it.
    """
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no request: {error}", 'write the packages with blanks between: "maya show"'
        ) from error
    option = next((word for word in words if word.startswith("-")), None)
    if option is not None:
        raise UsageError(f"{option!r} is no package", 'write the packages with blanks between: "maya show"')
    return words
