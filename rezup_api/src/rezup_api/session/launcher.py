"""Write and read the text of a launcher: a small file on PATH that runs a tool in what `use NAME` gives at that moment.

A launcher is a script whose interpreter is the command `rezup` itself, which finds in it the words that it stands for, with tabs
between. So it costs what `rezup use` costs, and needs no shell:

    #!/home/ana/.local/bin/rezup
    # rezup launcher:	use	prod	--	rez-env	maya-2024	show	--	maya
    exec /home/ana/.local/bin/rezup "$0" "$@"

The first line may name a script on Linux only, and no long path; elsewhere sh reads the third line. The path is that by which the
user has called rezup. If that is a link, rezup may be installed anew behind it. `rezup.__main__` reads launchers, too.
"""

from __future__ import annotations

import os
import re
import shlex
import sys

from rezup_api.errors import UsageError
from rezup_api.frozen import dataclass

MARK = "# rezup launcher:\t"
# Bytes of the first line that every Linux reads (execve(2)).
LONGEST_LINE = 127

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_REZ_ENV = "rez-env"


@dataclass(frozen=True, slots=True)
class Launcher:
    """What a launcher runs.

    Args:
        name: of its file.
        target: the revision that it enters, as `use` takes it: `NAME` or `NAME@REV`.
        tool: the program that it runs.
        packages: the request of the `rez-env` in which it runs that; empty for none.
        command: what starts rezup for it: `("/home/ana/.local/bin/rezup",)`, or a Python with `-m rezup`.
    """

    name: str
    target: str
    tool: str
    packages: tuple[str, ...]
    command: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The words of `rezup` for which it stands."""
        inside = (_REZ_ENV, *self.packages, "--") if self.packages else ()
        return ("use", self.target, "--", *inside, self.tool)

    @property
    def broken(self) -> bool:
        """Whether the rezup that should run it is gone."""
        return not (self.command and os.path.exists(self.command[0]))


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
        UsageError: one of its words has a tab or a line break in it.
    """
    odd = next((word for word in (*launcher.words, *launcher.command) if re.search(r"[\0-\x1f]", word)), None)
    if odd is not None:
        raise UsageError(f"a launcher cannot hold {odd!a}", "it may have no tab, line break or other control character")
    first = f"#!{launcher.command[0]}"
    if len(launcher.command) > 1 or sys.platform != "linux" or " " in first or len(os.fsencode(first)) >= LONGEST_LINE:
        first = "#!/bin/sh"
    words = "\t".join(launcher.words)
    return f'{first}\n{MARK}{words}\nexec {shlex.join(launcher.command)} "$0" "$@"\n'


def parse_launcher(name: str, text: str) -> Launcher | None:
    """Read the text of a file; None if it is no launcher.

    Args:
        name: of the file.
        text: its content.
    """
    first, _, rest = text.partition("\n")
    line, _, last = rest.partition("\n")
    if not first.startswith("#!") or not line.startswith(MARK):
        return None
    words = line[len(MARK) :].split("\t")
    try:
        command = tuple(shlex.split(last)[1:-2])
    except ValueError:
        command = ()
    if len(words) < 4:  # somebody has changed it
        return Launcher(name, "", "", (), command)
    packages = tuple(words[4:-2]) if words[3] == _REZ_ENV else ()
    return Launcher(name, words[1], words[-1], packages, command)


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
