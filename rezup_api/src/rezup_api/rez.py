"""Ask the Rez inside a revision a question, from any Python: the Python of the revision answers it in a process of its own.

    import os
    from rezup_api import Studio
    from rezup_api.rez import resolve_environ

    revision = Studio.from_environ(os.environ).container("dev").find()
    environ = resolve_environ(revision, ["maya-2019", "spiderman"])

Rez is started as `rez-python` in the environment that `rezup use` gives. This process holds the lease of the revision meanwhile.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rezup_api.errors import RezError, UsageError
from rezup_api.events import Reporter, silent
from rezup_api.process import runner
from rezup_api.session.entry import enter
from rezup_api.session.launch import find_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup_api.store.revision import Revision

CONTEXT_SUFFIX = ".rxt"
_PROBE = Path(__file__).with_name("_probe") / "ask.py"


def resolve_environ(
    revision: Revision, requests: Sequence[object] | str | Path, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment that Rez resolves for package requests: that of a command started by `rez-env`.

    Args:
        revision: the revision whose Rez is asked.
        requests: package requests (`["maya-2019", "~nuke"]`, or one string of them with blanks between), or the path of a
            context that the user has saved (`rez-env --output`, a `.rxt` file).
        environ: the caller's environment; by default that of this process.

    Raises:
        RezError: Rez refuses: there is no such package, requests contradict each other, the context cannot be loaded.
        NotFoundError: the revision was removed, or is not ready on this machine.
        UsageError: there is no such context file, or no package is requested.
    """
    answer = _ask(revision, {"ask": "environ", **_wanted(requests)}, environ)
    if "error" in answer:
        raise RezError(
            f"the Rez of {revision} refuses: {answer['error']}", "see why: rez-env --verbose in that revision"
        )
    return {str(name): str(value) for name, value in answer["environ"].items()}


def rez_version(revision: Revision, environ: Mapping[str, str] | None = None) -> str:
    """The version that the Rez of a revision reports; an editable Rez reports the version of its present sources.

    Raises:
        RezError: Rez does not run.
        NotFoundError: the revision was removed, or is not ready on this machine.
    """
    return str(_ask(revision, {"ask": "about"}, environ)["version"])


def rez_location(revision: Revision, environ: Mapping[str, str] | None = None) -> Path:
    """The folder of the Python package `rez` that runs in a revision; it raises the errors of `rez_version`."""
    return Path(_ask(revision, {"ask": "about"}, environ)["location"])


def run_script(
    revision: Revision,
    script: str | Path,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout: float | None = None,
    report: Reporter = silent,
) -> Any:
    """Run a script that can import the Rez of a revision, and return the JSON document that it prints.

    Args:
        revision: the revision whose `rez-python` runs the script.
        script: the path of the script. It must print one JSON document; if packages print as well, on the last line.
        arguments: the arguments of the script.
        environ: the caller's environment; by default that of this process.
        stdin: the text that the script can read from its standard input; without it, there is none.
        timeout: seconds after which the script is ended; without it, there is no limit.
        report: called with events: the command that is run.

    Raises:
        RezError: the script ends with a status other than 0, takes too long, or prints no JSON.
        LaunchError: the revision has no `rez-python`, or a `.env` file of its recipe cannot be read.
        NotFoundError: the revision was removed, or is not ready on this machine.
    """
    done = _run(revision, [str(script), *arguments], environ, stdin=stdin, timeout=timeout, report=report)
    return _document(done, f"{script}, run by the Rez of {revision},")


def _ask(revision: Revision, question: Mapping[str, object], environ: Mapping[str, str] | None) -> dict[str, Any]:
    done = _run(revision, [str(_PROBE)], environ, stdin=json.dumps(question))
    return dict(_document(done, f"the Rez of {revision}"))


def _wanted(requests: Sequence[object] | str | Path) -> dict[str, object]:
    """The requests in the form in which `_probe/ask.py` takes them."""
    if isinstance(requests, Path) or (isinstance(requests, str) and requests.endswith(CONTEXT_SUFFIX)):
        if not os.path.isfile(requests):
            raise UsageError(f"there is no context file {requests}", f"save one: rez-env --output {requests} PACKAGE")
        return {"context": os.path.abspath(requests)}
    words = requests.split() if isinstance(requests, str) else [str(request) for request in requests]
    if not words:
        raise UsageError("no package is requested", "name at least one, as for rez-env")
    return {"requests": words}


def _run(
    revision: Revision,
    words: Sequence[str],
    environ: Mapping[str, str] | None,
    *,
    stdin: str | None = None,
    timeout: float | None = None,
    report: Reporter = silent,
) -> runner.Completed:
    """Run the `rez-python` of a revision, and hold the lease of the revision meanwhile; the program must end with status 0."""
    session = enter(revision, os.environ if environ is None else environ, report)
    with session.lease as held:
        folders = os.pathsep.join(str(folder) for folder in revision.tool_folders)
        program = find_command("rez-python", {**session.environ, "PATH": folders})
        done = runner.start(
            [program, "--", *words],
            environ=session.environ,
            report=report,
            stdin=stdin,
            holding=(held.descriptor,),
            apart=True,  # on Ctrl-C, Rez ends its whole process group (rez/cli/_util.py, sigbase_handler): this process too
        ).wait(timeout)
    if done.status or done.timed_out:
        raise _failure(revision, words[0], done)
    return done


def _failure(revision: Revision, script: str, done: runner.Completed) -> RezError:
    said = "\n".join(f"  {line}" for line in done.tail.splitlines()[-8:])
    ending = f"ended with status {done.status}" if done.status >= 0 else f"was ended by signal {-done.status}"
    told = f"{script}, run by the Rez of {revision}, {ending}{':' if said else ''}"
    hint = f"try it by hand: rezup use {revision} -- rez-python {script}"
    return RezError("\n".join(filter(None, [told, said])), hint, status=done.status, tail=done.tail)


def _document(done: runner.Completed, who: str) -> Any:
    text = done.stdout.strip()
    for candidate in (text, text.rpartition("\n")[2]):
        try:
            return json.loads(candidate)  # the caller's own script has printed it, so it may be anything
        except (ValueError, RecursionError):
            continue
    shown = f"{text[:200]!r}" if text else "nothing"
    raise RezError(f"{who} printed no JSON, but {shown}", "print one document with json.dumps", tail=done.tail)
