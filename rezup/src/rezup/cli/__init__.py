"""Declare the command line: all commands and options. The package `commands` carries them out; it is imported when one runs."""

from __future__ import annotations

from importlib import import_module

from rezup.cli.parser import PROGRAM, Parser, add_common
from rezup.cli.words import OTHER_WORDS, options_of, other_words, split_command

__all__ = [
    "ENVIRON_FORMATS",
    "GROUPS",
    "NAMES",
    "OTHER_WORDS",
    "PACKAGE_FORMATS",
    "PROGRAM",
    "SHELLS",
    "build_parser",
    "options_of",
    "other_words",
    "split_command",
]

# The formats that `rezup env` and `rezup packages` can write, and the shells that `rezup completion` supports.
ENVIRON_FORMATS = ("sh", "fish", "csh", "powershell", "dotenv", "json", "vscode", "pyright")
PACKAGE_FORMATS = ("table", "requirements")
SHELLS = ("bash", "zsh", "fish", "powershell")
# The commands as the help lists them: the heading of each group, with the module of this package that declares its commands.
GROUPS = {
    "every day": ("everyday", ("use", "add", "pull", "status", "env")),
    "on PATH": ("tools", ("expose", "unexpose", "exposed")),
    "versions": ("choices", ("pin", "unpin", "rollback", "tag", "untag", "history", "diff", "packages")),
    "care": ("care", ("doctor", "sessions", "gc", "verify", "drop")),
    "administration": ("admin", ("bundle", "recipe", "python", "upgrade", "completion")),
}
NAMES = tuple(name for _, names in GROUPS.values() for name in names)
EXAMPLES = ("rezup", "rezup use dev -- rez-env maya -- maya", "rezup add dev -m 'the new pipeline tools'")


def build_parser(only: str = "") -> Parser:
    """Make the parser of the command line. It never sees the words after `--`; see `split_command`.

    Args:
        only: the name of the only command that the parser needs, if the caller knows it; empty for all commands. The parsers of
            all commands take as long to make as `argparse` takes to load.
    """
    text = "Gives a studio its Rez. Without a command: rezup use .main."
    parser = Parser(prog=PROGRAM, description=text, allow_abbrev=False, examples=EXAMPLES)
    parser.headings = {heading: names for heading, (_, names) in GROUPS.items()}
    parser.epilog = "The help of a command: rezup COMMAND --help."
    parser.add_argument("-V", "--version", action="store_true", help="show which release runs, from where, and end")
    parser.add_argument("--check-latest", action="store_true", help="show whether there is a newer release, and end")
    parser.add_argument("--no-upgrade", action="store_true", help="do not look for a newer release now")
    add_common(parser, default=False)
    # Without `prog`, argparse would format a usage line to find it, which costs time.
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser, prog=PROGRAM)
    for module, names in GROUPS.values():
        for name in names if only not in NAMES else {only} & set(names):
            import_module(f"rezup.cli.{module}").DECLARED[name](commands)
    return parser
