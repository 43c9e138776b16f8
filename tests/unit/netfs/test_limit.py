"""Questions put by another process: answers and errors arrive, a silent share costs two seconds once, nothing is left."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.children import children

from rezup_api.netfs import limit, marker as markers, reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no fork, and no guard")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def holds(question: Callable[[], bool], marker: str) -> bool:
    return limit.begin(question, marker)()


@pytest.fixture
def marker(tmp_path: Path) -> str:
    """Where it would be kept in mind that a share is hung."""
    return str(tmp_path / "hung")


# Longer than any machine takes for a question that is answered: a wait that should not be there fails the test all the same.
PATIENT = 60.0


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with other work may take more than the usual two seconds to answer."""
    monkeypatch.setattr(limit, "LIMIT", PATIENT)


@pytest.fixture
def impatient(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions that are given up after a tenth of the usual time."""
    monkeypatch.setattr(limit, "LIMIT", 0.2)


@pytest.fixture(autouse=True)
def left_nothing() -> Iterator[None]:
    """No child is left that was not there before, dead or alive, and signals are handled as before."""
    before = children()
    handled = [signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM)]
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    yield
    wait_until(lambda: not limit.has_stuck_child(), "an asker outlives SIGKILL")
    assert children() <= before
    assert [signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM)] == handled
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == blocked


def sleeping() -> bytes:
    """A question without an answer."""
    time.sleep(60)
    return b""


def wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    """Wait for what happens soon; a busy machine may take its time."""
    deadline = time.monotonic() + PATIENT
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.01)


def stat_of(process: int) -> list[str]:
    """The fields of its /proc/PID/stat, from the state on."""
    return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()


@pytest.mark.parametrize("answer", [b"", b"yes", bytes(range(256)) * 8192], ids=["nothing", "a word", "2 MiB"])
def test_the_answer_arrives_whole(marker: str, answer: bytes) -> None:
    assert reader.ask(lambda: answer, marker) == answer
    assert not os.path.exists(marker)


def test_it_is_another_process_that_asks(marker: str) -> None:
    told: list[int] = []

    def question() -> bytes:
        told.append(os.getpid())
        return b"%d" % os.getpid()

    assert int(reader.ask(question, marker)) != os.getpid()
    assert told == []


@pytest.mark.parametrize(
    "question",
    [
        lambda path: path.read_bytes(),
        os.stat,
        lambda path: os.stat(str(path)),
        lambda path: os.listdir(str(path)),
    ],
    ids=["read", "stat of a Path", "stat of text", "list"],
)
def test_an_error_is_the_same_as_without(marker: str, tmp_path: Path, question: Callable[[Path], object]) -> None:
    path = tmp_path / "für niemand"
    with pytest.raises(FileNotFoundError) as here:
        question(path)
    with pytest.raises(FileNotFoundError) as there:
        reader.ask(lambda: (question(path), b"")[1], marker)
    assert (there.value.errno, there.value.strerror) == (here.value.errno, here.value.strerror)
    assert os.fspath(there.value.filename) == os.fspath(here.value.filename)


def test_an_error_without_a_number_says_its_words(marker: str) -> None:
    def question() -> bytes:
        raise OSError("it is as it is")

    with pytest.raises(OSError, match="it is as it is"):
        reader.ask(question, marker)


@pytest.mark.parametrize(
    "raised", [ValueError("x"), SystemExit(0), KeyboardInterrupt()], ids=lambda error: type(error).__name__
)
def test_what_else_goes_wrong_there_is_an_error_here_and_shows_nothing(
    marker: str, raised: BaseException, capfd: pytest.CaptureFixture[str]
) -> None:
    def question() -> bytes:
        raise raised

    with pytest.raises(OSError, match="the process that read it has ended with status 3"):
        reader.ask(question, marker)
    assert not holds(lambda: bool(question()), marker)
    assert capfd.readouterr() == ("", "")


def test_an_asker_that_is_killed_is_an_error_at_once(marker: str) -> None:
    def question() -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        return b""

    with pytest.raises(OSError, match="has ended") as error:
        reader.ask(question, marker)
    assert not isinstance(error.value, TimeoutError)


def test_whether_something_holds(marker: str, tmp_path: Path) -> None:
    assert holds(tmp_path.is_dir, marker) is True
    assert holds((tmp_path / "none").is_dir, marker) is False
    assert holds(lambda: bool((tmp_path / "none").stat()), marker) is False, "an error is no yes"


@pytest.mark.usefixtures("impatient")
def test_what_does_not_answer_is_given_up_and_not_asked_again_for_a_minute(
    marker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"

    def question() -> bytes:
        with asked.open("a") as stream:
            stream.write("x")
        return sleeping()

    started = time.monotonic()
    with pytest.raises(TimeoutError) as error:
        reader.ask(question, marker)
    assert limit.LIMIT <= time.monotonic() - started < 60, "the question takes a minute"
    assert error.value.errno == errno.ETIMEDOUT
    assert error.value.strerror
    before = asked.read_text() if asked.exists() else ""  # a busy machine may not have come to the question
    monkeypatch.setattr(limit, "LIMIT", PATIENT)
    started = time.monotonic()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            reader.ask(question, marker)
        assert not holds(lambda: bool(question()), marker)
    assert time.monotonic() - started < PATIENT, "it was waited for again"
    assert (asked.read_text() if asked.exists() else "") == before

    os.utime(marker, (0, time.time() - markers.PATIENCE - 1))
    assert reader.ask(lambda: b"here again", marker) == b"here again"
    assert not os.path.exists(marker)


@on_linux
@pytest.mark.usefixtures("impatient")
def test_an_asker_that_can_be_killed_is(marker: str) -> None:
    with pytest.raises(TimeoutError):
        reader.ask(sleeping, marker)
    process = int(Path(marker).read_text(encoding="ascii").split()[0])
    wait_until(lambda: not limit.has_stuck_child(), "it outlives SIGKILL")
    assert not os.path.exists(f"/proc/{process}")


@on_linux
def test_as_long_as_an_asker_is_stuck_nobody_follows_it(marker: str) -> None:
    with subprocess.Popen(["sleep", "60"]) as stuck:
        path = Path(marker)
        for started, answered in ((stat_of(stuck.pid)[19], False), ("1", True)):
            path.write_text(f"{stuck.pid} {started}", encoding="ascii")
            os.utime(marker, (0, 0))
            assert holds(lambda: True, marker) is answered, "the second one has only the same number"
        path.write_text(f"{stuck.pid} {stat_of(stuck.pid)[19]}", encoding="ascii")
        os.utime(marker, (0, 0))
        stuck.kill()
        wait_until(lambda: stat_of(stuck.pid)[0] == "Z", "it outlives SIGKILL")
        assert holds(lambda: True, marker), "a dead one is not stuck, though nobody has collected it"
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "nonsense", "1", "\0\0", "4711 99 7"])
def test_a_marker_that_says_nothing_useful_holds_for_its_minute(marker: str, text: str) -> None:
    Path(marker).write_text(text, encoding="ascii")
    assert not holds(lambda: True, marker)
    os.utime(marker, (0, time.time() - markers.PATIENCE - 1))
    assert holds(lambda: True, marker)


def test_a_marker_from_the_future_does_not_count(marker: str) -> None:
    Path(marker).touch()
    os.utime(marker, (0, time.time() + 3600))
    assert holds(lambda: True, marker), "the clock was set back since"


def test_what_somebody_else_has_put_there_is_no_marker(marker: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    os.symlink(tmp_path / "elsewhere", marker)
    assert holds(lambda: True, marker), "links are not followed"
    os.unlink(marker)
    os.mkfifo(marker)
    code = f"from rezup_api.netfs import marker; marker.is_marked({marker!r})"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)  # nobody will ever write into it
    os.unlink(marker)
    os.mkdir(marker)
    assert holds(lambda: True, marker)
    os.rmdir(marker)
    if os.getuid() == 0:
        Path(marker).touch()
        os.chown(marker, 65534, 65534)
        assert holds(lambda: True, marker)


@pytest.mark.usefixtures("impatient")
def test_without_a_place_for_a_marker_each_one_waits(tmp_path: Path) -> None:
    for _ in range(2):
        started = time.monotonic()
        assert not holds(lambda: bool(sleeping()), str(tmp_path / "none" / "hung"))
        assert time.monotonic() - started >= limit.LIMIT


@on_linux
def test_who_asks_holds_nothing_of_ours(marker: str, tmp_path: Path) -> None:
    def question() -> bytes:
        folder = "/proc/self/fd"
        descriptors = {
            name: os.readlink(f"{folder}/{name}") for name in os.listdir(folder) if os.path.exists(f"{folder}/{name}")
        }
        return json.dumps([list(descriptors.values()), os.getsid(0), stat_of(os.getpid())[4]]).encode()

    with (tmp_path / "lease").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        fcntl.flock(held, fcntl.LOCK_EX)
        kept, session, terminal = json.loads(reader.ask(question, marker))
    assert [name for name in kept if "memfd:rezup" not in name and not name.startswith("/proc/")] == []
    assert session != os.getsid(0)
    assert terminal == "0"


@pytest.mark.parametrize(
    "before", [signal.SIG_IGN, signal.SIG_DFL, lambda *_: None], ids=["ignored", "default", "handled"]
)
@pytest.mark.parametrize("blocked", [False, True], ids=["", "blocked"])
def test_children_may_be_ignored_or_blocked_by_the_caller(marker: str, before: signal.Handlers, blocked: bool) -> None:
    original = signal.signal(signal.SIGCHLD, before)
    if blocked:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    try:
        assert reader.ask(lambda: b"yes", marker) == b"yes"
        assert signal.getsignal(signal.SIGCHLD) == before
        assert signal.sigpending() == set()
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == ({signal.SIGCHLD} if blocked else set())
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        signal.signal(signal.SIGCHLD, original)


def test_other_threads_may_run_and_ask(marker: str) -> None:
    found: list[bytes] = []
    resting = threading.Event()

    def run() -> None:
        found.append(reader.ask(lambda: b"theirs", marker))
        resting.wait()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert reader.ask(lambda: b"ours", marker) == b"ours"
        wait_until(lambda: bool(found), "the other thread has no answer")
        assert found == [b"theirs"]
    finally:
        resting.set()
        thread.join()


@on_linux
def test_an_interruption_ends_the_wait_at_once(tmp_path: Path) -> None:
    told = tmp_path / "told"  # a file that both know by name: descriptors are closed there
    code = f"""
import time
from rezup_api.netfs import limit, reader
limit.LIMIT = {PATIENT}
started = time.monotonic()
def question():
    open({str(told)!r}, "x").close()
    time.sleep(60)
try:
    reader.ask(question, {str(tmp_path / "hung")!r})
except KeyboardInterrupt:
    print(time.monotonic() - started < limit.LIMIT, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as asking:
        wait_until(told.exists, "nobody asks")
        asking.send_signal(signal.SIGINT)
        assert asking.communicate(timeout=2 * PATIENT)[0] == "True\n"
    assert asking.returncode == 0


def test_it_can_be_asked_where_stdin_is_closed(tmp_path: Path) -> None:
    """Then the file of the answer has the number 0."""
    text = f"from rezup_api.netfs import reader; print(reader.ask(lambda: b'told', {str(tmp_path / 'marker')!r}, {PATIENT}))"
    done = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", sys.executable, "-c", text], capture_output=True, text=True, check=True
    )
    assert done.stdout == "b'told'\n"
