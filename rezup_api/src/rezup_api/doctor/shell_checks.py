"""Check the shell that rezup would open, and whether it completes the command line of rezup."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.doctor.observation import WARNING, WRONG, Observation, fine
from rezup_api.doctor.startup_files import Trouble, read_startup_files, troubles
from rezup_api.errors import LaunchError
from rezup_api.session.detection import KNOWN, POWERSHELL, Shell, choose_shell

if TYPE_CHECKING:
    from rezup_api.doctor.scene import Scene

# The lines that install the completion, by shell.
COMPLETION = {
    "bash": 'eval "$(rezup completion bash)"',
    "zsh": 'eval "$(rezup completion zsh)"',
    "fish": "rezup completion fish | source",
    "powershell": "rezup completion powershell | Out-String | Invoke-Expression",
}
# Shells that rezup opens as they are, without a mark in the prompt.
PLAIN = frozenset({"elvish", "nu"})


def check_shell(around: Scene) -> Observation:
    """Which shell rezup would open."""
    try:
        shell = choose_shell(around.settings, around.environ)
    except LaunchError as error:
        return Observation("shell", WRONG, error.message, error.hint)
    text = f"rezup opens {shell.name} ({shell.program})"
    if shell.name not in KNOWN:
        return Observation(
            "shell", WARNING, f"{text}, which it does not know, and so without a mark in the prompt", NO_MARK
        )
    return fine("shell", f"{text}, without a mark in the prompt" if shell.name in PLAIN else text)


NO_MARK = "set REZUP_DEFAULT_SHELL to another shell, if you want the container's name in the prompt"


def check_startup_files(around: Scene) -> list[Observation]:
    """Whether a start-up file of the shell takes the session away, or fights the mark in the prompt."""
    shell = _shell(around)
    if shell is None:
        return []
    files = read_startup_files(shell, around.environ)
    found = [_told(one) for one in troubles(shell, files)]
    if found:
        return found
    read = ", ".join(str(path) for path in files) or "none"
    return [fine("startup-files", f"nothing in the start-up files of {shell.name} is in the way (read: {read})")]


def _told(trouble: Trouble) -> Observation:
    where = f"{trouble.path}, line {trouble.line}"
    return Observation("startup-files", WARNING, f"{where}: {trouble.text}", trouble.way_out, str(trouble.path))


def check_completion(around: Scene) -> list[Observation]:
    """Whether the shell completes the command line of rezup; nothing for a shell that cannot."""
    shell = _shell(around)
    name = "powershell" if shell is not None and shell.name in POWERSHELL else shell.name if shell is not None else ""
    if shell is None or name not in COMPLETION:
        return []
    for path, text in read_startup_files(shell, around.environ).items():
        if "rezup completion" in text:
            return [fine("completion", f"installed for {name}, in {path}")]
    for path in _completion_files(name, around):
        if path.is_file():
            return [fine("completion", f"installed for {name}, as {path}")]
    start = startup_of(name)
    return [
        Observation("completion", WARNING, f"{name} does not complete rezup", f"add to {start}: {COMPLETION[name]}")
    ]


def startup_of(shell: str) -> str:
    """The file in which users write what their shell is to do at its start, as they would name it."""
    names = {"bash": "~/.bashrc", "zsh": "~/.zshrc, after compinit", "fish": "~/.config/fish/config.fish"}
    return names.get(shell, "$PROFILE")


def _completion_files(shell: str, around: Scene) -> list[Path]:
    """Where an admin, or the user, may have put the completion as a file."""
    home = around.settings.home
    if shell == "bash":
        folders = (home / ".local/share", Path("/usr/local/share"), Path("/usr/share"))
        return [folder / "bash-completion/completions/rezup" for folder in folders]
    if shell == "fish":
        vendor = Path("/usr/share/fish/vendor_completions.d/rezup.fish")
        return [*(above / "fish/completions/rezup.fish" for above in (home / ".config", Path("/etc"))), vendor]
    return []


def _shell(around: Scene) -> Shell | None:
    try:
        return choose_shell(around.settings, around.environ)
    except LaunchError:
        return None  # `check_shell` says so
