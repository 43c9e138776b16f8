"""How failures of uv and pip are told, and when the recorded addresses are tried."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import InstallError
from rezup_api.packages.versions import Versions
from rezup_api.process.runner import Completed
from rezup_api.resolve.engine_errors import is_missing, require_success, retry_recorded_addresses, with_faults

if TYPE_CHECKING:
    from pathlib import Path

NOT_THERE = "Because six was not found in the package registry and you require six"
BY_VERSION = ("six==1.0 --hash=sha256:ab",)
BY_ADDRESS = ("six @ https://h/six-1.0.whl --hash=sha256:ab",)


def failed(tail: str, status: int = 1, stdout: str = "") -> Completed:
    """A command that has ended so."""
    return Completed(("uv", "pip", "install", "-i", "https://ana:secret@h/simple"), status, stdout, tail)


@pytest.mark.parametrize(
    ("tail", "missing"),
    [
        (NOT_THERE, True),
        ("Because six was not found in the\n  package registry", True),
        ("six was not found in the provided package locations", True),
        ("ERROR: No matching distribution found for six", True),
        ("there are no versions of six", True),
        ("HTTP status client error (404 Not Found) for url (https://h/six)", True),
        ("404 Client Error: Not Found for url: https://h/six", True),
        ("No matching distribution found for six with these hashes", False),
        ("Hash mismatch for six", False),
        ("Connection refused", False),
        ("", False),
    ],
)
def test_what_is_missing(tail: str, missing: bool) -> None:
    assert is_missing(failed(tail)) is missing
    assert not is_missing(failed(tail, status=0))


@pytest.mark.parametrize(
    ("first", "recorded", "second", "asked", "status"),
    [
        (failed("", 0), BY_ADDRESS, None, [], 0),
        (failed(NOT_THERE), (), None, [], 1),
        (failed(NOT_THERE), BY_VERSION, None, [], 1),
        (failed("Hash mismatch"), BY_ADDRESS, None, [], 1),
        (failed(NOT_THERE), BY_ADDRESS, failed("", 0), [BY_ADDRESS], 0),
        (failed(NOT_THERE), BY_ADDRESS, failed("404 Not Found", 2), [BY_ADDRESS], 1),
        (failed(NOT_THERE), BY_ADDRESS, failed("Hash mismatch", 2), [BY_ADDRESS], 2),
    ],
)
def test_the_recorded_addresses_are_tried_where_an_index_lacks_a_file(
    first: Completed, recorded: tuple[str, ...], second: Completed | None, asked: list[tuple[str, ...]], status: int
) -> None:
    tried: list[tuple[str, ...]] = []

    def again(pins: Versions) -> Completed:
        tried.append(pins.lines)
        assert second is not None
        return second

    pins = Versions(BY_VERSION, lasting=True, recorded=recorded)
    assert retry_recorded_addresses(first, pins, again).status == status
    assert tried == asked


@pytest.mark.parametrize(
    ("tail", "hint"),
    [
        ("error: No space left on device (os error 28)", "the disk is full"),
        ("error sending request for url", "the index does not answer"),
        ("dns error: failed to lookup", "the index does not answer"),
        ("HTTP status client error (401 Unauthorized)", "the index refuses"),
        ("403 Forbidden", "the index refuses"),
        (
            "HTTP status server error (503 Service Unavailable) for url (https://ana:x@h:81/six/)",
            "h:81 has an error of its own",
        ),
        ("503 Server Error: Broken for url: https://h/six", "h has an error of its own"),
        ("HTTPConnectionPool(host='h', port=1): too many 500 error responses", "h:1 has an error of its own"),
        ("https://h/s\n  Connection reset by peer (os error 104)", "h, or a proxy on the way, breaks connections off"),
        (
            "('Connection aborted.', RemoteDisconnected('x'))",
            "the index, or a proxy on the way, breaks connections off",
        ),
        (NOT_THERE, "check the name and the version"),
        ("Failed to build `six==1.0`", "the package's own build failed"),
        ("something nobody has seen", "run again with --debug"),
        # The first cause wins: an index that is away is also one where nothing was found.
        (f"Connection refused\n{NOT_THERE}", "the index does not answer"),
    ],
)
def test_what_to_do_about_it(tail: str, hint: str) -> None:
    with pytest.raises(InstallError) as caught:
        require_success(failed(tail), "it did not work")
    assert caught.value.hint.startswith(hint)


def test_what_took_too_long_is_not_taken_for_missing() -> None:
    done = replace(failed(NOT_THERE), timed_out=True)
    assert not is_missing(done)
    with pytest.raises(InstallError) as caught:
        require_success(done, "it did not work")
    assert caught.value.hint.startswith("it took longer than [pip] timeout in the recipe allows")


def test_pips_log_names_servers_that_fail(tmp_path: Path) -> None:
    log = tmp_path / "pip.log"
    assert with_faults(failed("nothing found"), log).tail == "nothing found"
    broken = "Could not fetch URL https://h/six/: connection error: too many 503 error responses - skipping"
    other = "Could not fetch URL https://k/six/: 404 Client Error: Not Found for url: https://k/six/ - skipping"
    log.write_text(f"2026-01-02T03:04:05,678 {broken}\n2026-01-02T03:04:05,679 {other}\n", encoding="utf-8")
    assert with_faults(failed("nothing found"), log).tail == f"{broken}\nnothing found"
    assert with_faults(failed("a warning", 0), log).tail == "a warning"


def test_what_a_build_has_printed_comes_from_the_log_of_pip(tmp_path: Path) -> None:
    log = tmp_path / "pip.log"
    stamp = "2026-11-24T16:59:20,909  "
    texts = ["Running command one", "it was fine", "Running command two", "there is no compiler", "  at line 1"]
    ends = ["ERROR: [present-rich] two exited with 1", "Exception information:"]
    log.write_text("".join(f"{stamp} {text}\n" for text in [*texts, *ends]), encoding="utf-8")
    told = with_faults(failed("x failed\n  No available output.\nnote"), log).tail
    assert told == "x failed\n  \nthere is no compiler\nat line 1\nnote"
    log.write_text("", encoding="utf-8")
    assert with_faults(failed("No available output."), log).tail == ""


def test_what_succeeds_is_passed_on() -> None:
    done = failed("warning: x", status=0)
    assert require_success(done, "it did not work") is done


@pytest.mark.parametrize(
    ("done", "message"),
    [
        (failed("one\n\ntwo"), "it did not work:\n  one\n  two"),
        (failed("", stdout="told here"), "it did not work:\n  told here"),
        (failed("", status=-9), "it did not work (exit status -9)"),
        (failed("\n".join(map(str, range(40)))), "it did not work:\n" + "\n".join(f"  {n}" for n in range(28, 40))),
    ],
)
def test_the_end_of_the_output_is_shown(done: Completed, message: str) -> None:
    with pytest.raises(InstallError) as caught:
        require_success(done, "it did not work")
    assert caught.value.message == message


def test_nobodys_password_is_shown() -> None:
    with pytest.raises(InstallError) as caught:
        require_success(failed("cannot reach https://ana:secret@h/simple/six"), "it did not work")
    error = caught.value
    assert "secret" not in f"{error.message}{error.hint}{error.tail}{error.command}"
    assert "https://" in error.message
