"""Hooks, with real commands and real processes: they hear of everything, and nobody waits for them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from rezup_api.hooks.envelope import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.conftest import Machine

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/hooks.md"
EVENTS = '["added", "published", "pulled", "failed", "rolled-back", "switched"]'
# Neither the index nor all interpreters of this machine are of interest here.
APART: dict[str, Any] = {
    "PIP_NO_INDEX": "1",
    "PYENV_ROOT": "/nothing",
    "PATH": "/usr/bin:/bin",
    "REZUP_DEFAULT_SHELL": "/bin/sh",
}
HEAR = 'f=$(mktemp); cat > "$f"; mv "$f" "heard-$REZUP_HOOK"'


def configure(machine: Machine, text: str) -> None:
    """Write the configuration of the user."""
    path = machine.home / ".config/rezup/config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def hook(command: str, on: str = EVENTS, timeout: float = 60) -> str:
    return f"[[hook]]\non = {on}\ncommand = {json.dumps(command)}\ntimeout = {timeout}\n"


def wait_for(path: Path) -> str:
    """The text of a file that appears whole."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"there is no {path}"
        time.sleep(0.01)
    return path.read_text(encoding="utf-8")


def heard(machine: Machine, event: str) -> dict[str, Any]:
    """What the hook for an event has read; the next one can be waited for then."""
    path = machine.home / f"heard-{event}"
    document: dict[str, Any] = json.loads(wait_for(path))
    path.unlink()
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(document)
    return document


def test_a_whole_rollout_is_heard_on_both_machines(publisher: Machine, consumer: Machine, remote: Path) -> None:
    for machine in (publisher, consumer):
        configure(machine, hook(HEAR))
    publisher.run("add", "prod", "--remote", "-m", "first")
    first = heard(publisher, "published")
    assert (first["container"], first["place"], first["message"]) == ("prod", str(remote), "first")
    assert consumer.run("use", "prod", "--", "echo", "in").stdout == "in\n"
    assert heard(consumer, "pulled")["revision"] == first["revision"]
    publisher.run("add", "prod", "--remote", "-m", "second")
    second = heard(publisher, "published")
    consumer.run("pull", "prod")
    assert heard(consumer, "pulled")["message"] == "second"
    switched = heard(consumer, "switched")
    assert (switched["revision"], switched["previous"]) == (second["revision"], first["revision"])
    publisher.run("rollback", "prod", "--remote", "-m", "menus are gone")
    back = heard(publisher, "rolled-back")
    assert (back["revision"], back["previous"], back["message"]) == (
        first["revision"],
        second["revision"],
        "menus are gone",
    )
    consumer.run("use", "prod", "--", "true")
    assert heard(consumer, "switched")["revision"] == first["revision"]


def test_the_quick_launch_neither_reads_the_configuration_nor_misses_a_switch(publisher: Machine, remote: Path) -> None:
    publisher.run("add", "dev", "-s")
    configure(publisher, hook(HEAR))
    publisher.prepare("use", "dev", "--", "true")
    given = wait_for(publisher.root / "dev/labels/.given").strip()
    assert publisher.is_quick("use", "dev", "--", "true")
    configure(publisher, "this is no TOML")
    assert publisher.is_quick("use", "dev", "--", "true")
    configure(publisher, hook(HEAR))
    publisher.run("add", "dev", "-s")
    added = heard(publisher, "added")["revision"]
    publisher.run("use", "dev", "--", "true")
    switched = heard(publisher, "switched")
    assert (switched["revision"], switched["previous"]) == (added, given)


def test_nobody_waits_for_a_hook(machine: Machine) -> None:
    """The hook waits for a file that is made only when the command, whose output is a pipe, has ended."""
    configure(machine, hook('while ! [ -e go ]; do sleep 0.01; done; echo "$$" > ended.new; mv ended.new ended'))
    done = machine.run("add", "dev", "-s", "--json", timeout=100)
    assert json.loads(done.stdout)["data"]["added"]
    assert not (machine.home / "ended").exists()
    machine.run("drop", "dev", "--yes")  # the hook holds nothing of the revision
    (machine.home / "go").touch()
    assert int(wait_for(machine.home / "ended"))


def test_the_session_has_no_child_and_no_descriptor_of_the_hooks(machine: Machine) -> None:
    machine.run("add", "dev", "-s")
    configure(machine, hook("sleep 2"))
    machine.run("use", "dev", "--", "true")
    machine.run("add", "dev", "-s")
    look = "import os\ntry: print(os.waitpid(-1, os.WNOHANG))\nexcept ChildProcessError: print('none')"
    done = machine.run("use", "dev", "--", "python3", "-c", look)
    assert done.stdout == "none\n"


def test_failures_are_only_seen_by_the_doctor(machine: Machine) -> None:
    configure(machine, hook("echo no route >&2; exit 7") + hook("sleep 100", timeout=0.3))
    done = machine.run("add", "dev", "-s")
    assert "warning" not in done.stderr
    log = machine.home / ".local/state/rezup/hooks.log"
    deadline = time.monotonic() + 60
    while not log.exists() or len(log.read_bytes().splitlines()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    told = machine.run("doctor", status=None, **APART).stdout
    assert "hook[0] has failed, last at added of dev on " in told
    assert ": exit status 7\n" in told
    assert ": it was ended after 0.3 s, its time limit\n" in told
    assert "no route" not in told
    assert str(log) in told


def test_a_hook_that_calls_rezup_does_not_start_itself_again(machine: Machine) -> None:
    words = " ".join(machine.command("add", "other", "-s", "--new"))
    configure(machine, hook(f"echo x >> times; {words} && mv times done", '"added"'))
    machine.run("add", "dev", "-s")
    assert wait_for(machine.home / "done") == "x\n"
    assert len(machine.revisions("other")) == 1
    assert not (machine.home / "times").exists()


class Chat(BaseHTTPRequestHandler):
    """A chat room that takes messages."""

    messages: list[Any]

    def do_POST(self) -> None:
        self.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def chat() -> Iterator[tuple[str, list[Any]]]:
    """The address of a chat room, and the messages in it."""
    messages: list[Any] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Room", (Chat,), {"messages": messages})) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hooks/XXXX", messages
        server.shutdown()
        thread.join()


def test_what_the_page_says_works(
    publisher: Machine, consumer: Machine, chat: tuple[str, list[Any]], need_program: Callable[[str], Path]
) -> None:
    """The blocks of the page, as a reader types them: only the address of the chat room is another one."""
    need_program("jq")
    need_program("curl")
    text = PAGE.read_text(encoding="utf-8")
    typed = [block for block in re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) if "bin/" in block]
    (configuration,) = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(typed) == 2
    path = os.pathsep.join((str(Path(publisher.command()[0]).parent), os.environ["PATH"]))
    for machine in (publisher, consumer):
        machine.variables["PATH"] = path
        for block in typed:
            lines = block.replace("https://chat.example.com/hooks/XXXX", chat[0])
            subprocess.run(["sh", "-e", "-c", lines], env=machine.environ, cwd=machine.home, check=True)
        configure(machine, configuration)
        package = machine.home / "packages/maya/2024/package.py"
        package.parent.mkdir(parents=True)
        # It says that it was resolved in a session.
        package.write_text(
            "name = 'maya'\nversion = '2024'\n"
            "def commands():\n    env.WARMED = 'yes'\n    import os\n    open(os.path.expanduser('~/warmed'), 'w').close()\n",
            encoding="utf-8",
        )
    publisher.run("add", "prod", "--remote", "-m", "Maya 2026")
    deadline = time.monotonic() + 60
    while not chat[1]:
        assert time.monotonic() < deadline, "nobody has told the chat room"
        time.sleep(0.01)
    (message,) = chat[1]
    name = publisher.revisions("prod")[0].name
    assert message["text"].endswith(f": prod@{name} published. Maya 2026")
    consumer.run("pull", "prod")
    wait_for(consumer.home / "warmed")
    told = consumer.run("doctor", status=None, **APART).stdout
    assert "config.toml; hooks: 2\n" in told
