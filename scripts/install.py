"""Install rezup for this user: `python3 scripts/install.py [--bin FOLDER] [--to FOLDER] [--uninstall]`.

From a checkout, or from an unpacked release, which holds all wheels and needs no network. rezup gets an environment of its own,
and its command is linked into a folder that PATH usually has. Installing again puts a new environment beside the one before and
switches the link in one step, so that what runs goes on undisturbed. `--uninstall` removes all of it; containers stay.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import _setup

# In an unpacked release: the wheels of rezup, and of all that it needs.
WHEELS = _setup.CHECKOUT / "wheels"
# Seconds after which an environment that was replaced may go: hosts that share a home folder cannot see each other's processes.
KEPT = 7 * 86400
# In every finished environment; and in those that another one has replaced, since its time.
MARK = "rezup-installed.txt"
REPLACED = "rezup-replaced.txt"
# The names of environments. Nothing else is touched in the folder, which may be one that the user has named.
NAME = re.compile(r"rezup-[0-9a-f]+")


class Places:
    """Where things go.

    Args:
        to: the folder of the environments; None for the user's.
        links: the folder of the command; None for the user's.
    """

    def __init__(self, to: str | None, links: str | None) -> None:
        local = Path(os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/AppData/Local"))
        data = local if _setup.WINDOWS else _base("XDG_DATA_HOME", "~/.local/share")
        self.data = data / "rezup"
        # Not below the folder of rezup's own data: every launch would look into that, once it exists.
        self.environments = Path(to).expanduser().absolute() if to else data / "rezup-installed"
        usual = local / "Programs" / "rezup" if _setup.WINDOWS else Path(os.path.expanduser("~/.local/bin"))
        self.command = (Path(links).expanduser().absolute() if links else usual) / (
            "rezup.exe" if _setup.WINDOWS else "rezup"
        )
        # What rezup itself has put there while it ran: releases, caches, and what it has seen of remote roots.
        self.left = [] if _setup.WINDOWS else [_base("XDG_CACHE_HOME", "~/.cache") / "rezup"]
        self.left += [] if _setup.WINDOWS else [_base("XDG_STATE_HOME", "~/.local/state") / "rezup"]
        self.left.append(self.data)

    def owns_command(self) -> bool:
        """Whether the command is one that this script has made."""
        if _setup.WINDOWS:
            return self.command.with_suffix(".txt").is_file()
        return self.command.is_symlink() and self.environments in Path(os.readlink(str(self.command))).parents


def _base(variable: str, usual: str) -> Path:
    """A base folder of the user by the XDG Base Directory Specification."""
    found = os.environ.get(variable, "")
    return Path(found if os.path.isabs(found) else os.path.expanduser(usual))


def install(places: Places) -> None:
    """Make an environment, then switch the command to it.

    Raises:
        SetupError: something else lies in the place of the command, or the environment cannot be made.
    """
    _check_wheels()
    command = places.command
    if os.path.lexists(str(command)) and not places.owns_command():
        raise _setup.SetupError(
            f"{command} is not one that this script has made. Remove it, or name another folder: --bin FOLDER."
        )
    places.environments.mkdir(parents=True, exist_ok=True)
    announcement = f"Installing rezup with Python {sys.version.split()[0]} ..."
    with _setup.locked(places.environments / ".lock", announcement):
        _remove_old(places)
        folder = places.environments / f"rezup-{time.time_ns():x}"
        try:
            _setup.make_environment(folder, WHEELS if WHEELS.is_dir() else None)
            _install_into(_setup.python_of(folder))
            version = _version(folder)
            (folder / MARK).write_text(f"{version}\n", encoding="utf-8")
            _link(_setup.script_of(folder, "rezup"), command)
        except BaseException:
            shutil.rmtree(str(folder), ignore_errors=True)
            raise
        _note_replaced(places, folder)
    print(f"Installed {version} in {folder}")
    print(f"The command is {command}")
    _explain_path(command)


def _check_wheels() -> None:
    """Compare the wheels of a release with the digests that came with it: a download may be cut off.

    Raises:
        SetupError: one of them is another, or is missing.
    """
    sums = _setup.CHECKOUT / "SHA256SUMS"
    if not WHEELS.is_dir() or not sums.is_file():
        return
    for line in sums.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        path = _setup.CHECKOUT / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise _setup.SetupError(f"{path} is damaged or missing. Unpack the release again, or get it anew.")


def _install_into(python: Path) -> None:
    """Install both distributions, from the wheels of a release without asking any index, else from the sources."""
    if WHEELS.is_dir():
        ours = [wheel for name in _setup.DISTRIBUTIONS for wheel in sorted(WHEELS.glob(f"{name}-*.whl"))]
        _setup.pip_install(python, "--no-index", "--find-links", WHEELS, *ours)
    else:
        _setup.pip_install(python, *(_setup.CHECKOUT / name for name in _setup.DISTRIBUTIONS))


def _version(folder: Path) -> str:
    """What the installed command says of itself, which shows that it runs.

    Raises:
        SetupError: it does not run.
    """
    command = [str(_setup.script_of(folder, "rezup")), "--version"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise _setup.SetupError(f"The installed rezup does not run: {done.stderr.strip() or done.stdout.strip()}")
    return " ".join(done.stdout.split()[:2])


def _link(script: Path, command: Path) -> None:
    """Let the command be a script of an environment, in one step."""
    command.parent.mkdir(parents=True, exist_ok=True)
    new = command.with_name(f".{command.name}.{os.getpid()}")
    if _setup.WINDOWS:
        # Links need a privilege there. A copy of the launcher works, for it names its interpreter by full path.
        shutil.copy(str(script), str(new))
        command.with_suffix(".txt").write_text(f"{script}\n", encoding="utf-8")
    else:
        new.symlink_to(script)
    os.replace(str(new), str(command))


def _finished(places: Places) -> list[Path]:
    """The environments that were installed whole."""
    return [folder for folder in _environments(places) if (folder / MARK).exists()]


def _environments(places: Places) -> list[Path]:
    """The environments, finished or not."""
    if not places.environments.is_dir():
        return []
    return [path for path in places.environments.iterdir() if NAME.fullmatch(path.name) and path.is_dir()]


def _note_replaced(places: Places, folder: Path) -> None:
    """Note of all environments but the present one that they were replaced, if that is not noted yet."""
    for other in _finished(places):
        replaced = other / REPLACED
        if other != folder and not replaced.exists():
            replaced.touch()


def _remove_old(places: Places) -> None:
    """Remove what a killed installation has left, and what was replaced long ago and nobody uses."""
    for folder in _environments(places):
        replaced = folder / REPLACED
        unfinished = not (folder / MARK).exists()
        old = replaced.exists() and time.time() - replaced.stat().st_mtime > KEPT
        if unfinished or (old and not _users(folder)):
            shutil.rmtree(str(folder), ignore_errors=True)


def _users(folder: Path) -> list[str]:
    """The processes of this machine that run from a folder, as far as the system tells."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended, or belongs to another user
        if any(word.startswith(os.fsencode(str(folder)) + b"/") for word in words[:2]):
            found.append(path.parent.name)
    return found


def _explain_path(command: Path) -> None:
    """Tell the user what to do if the shell does not find the command."""
    found = shutil.which("rezup")
    folder = str(command.parent)
    if found is not None and os.path.dirname(found) == folder:
        print("What to type next: rezup")
    elif found is not None:
        print(f"PATH finds another one first: {found}. Remove it, or put {folder} before it.")
    elif _setup.WINDOWS:
        print(f"PATH does not have its folder. Add it in the settings, for your account: {folder}")
    else:
        print("PATH does not have its folder. Add a line to the start-up file of your shell:")
        print(f'  export PATH="{folder}:$PATH"     # ~/.profile, or ~/.zprofile')
        print(f"  fish_add_path {folder}            # once, in fish")


def uninstall(places: Places) -> None:
    """Remove the command, its environments, and what rezup keeps for itself.

    Raises:
        SetupError: a process runs from one of the environments.
    """
    users = [user for folder in _finished(places) for user in _users(folder)]
    if users:
        raise _setup.SetupError(f"rezup is running (process {', '.join(users)}). End it, then try again.")
    command = places.command
    gone = []
    if places.owns_command():
        command.unlink()
        gone.append(command)
    if _setup.WINDOWS and command.with_suffix(".txt").exists():
        command.with_suffix(".txt").unlink()
    for folder in (*places.left, *_environments(places)):
        if folder.is_dir():
            shutil.rmtree(str(folder))
            gone.append(folder)
    if places.environments.is_dir():
        (places.environments / ".lock").unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # something else lies there
            places.environments.rmdir()
    for path in gone:
        print(f"Removed {path}")
    if not gone:
        print("rezup was not installed by this script")
    print("Containers and recipes stay where they are; by default, they are ~/.rezup and ~/rezup.toml")


def main() -> int:
    """Parse, then install or uninstall."""
    parser = argparse.ArgumentParser(description="Install rezup for this user.")
    parser.add_argument("--bin", metavar="FOLDER", help="where to link the command; default: ~/.local/bin")
    parser.add_argument("--to", metavar="FOLDER", help="where to install; default: ~/.local/share/rezup-installed")
    parser.add_argument("--uninstall", action="store_true", help="remove all that was installed; containers stay")
    arguments = parser.parse_args()
    places = Places(arguments.to, arguments.bin)
    try:
        _setup.use_new_python()
        if arguments.uninstall:
            uninstall(places)
        else:
            install(places)
    except _setup.SetupError as error:
        print(f"install: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"install: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
