"""The standard streams: a message that nobody can read decides nothing, and output can go aside."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import os, sys
from rezup.output.streams import complete_streams
complete_streams()
print("a warning", file=sys.stderr)
sys.stderr.flush()
print(sys.stdin is not None and sys.stdout is not None)
"""


def run(redirection: str) -> subprocess.CompletedProcess[str]:
    """Run the code in a shell that redirects its streams."""
    words = ["/bin/sh", "-c", f'"$1" -c "$2" {redirection}', "sh", sys.executable, CODE]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="has no device that is always full")
@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-", "", "<&-"])
def test_a_message_never_fails(redirection: str) -> None:
    done = run(redirection)
    assert (done.returncode, done.stdout) == (0, "True\n")


def test_output_goes_aside() -> None:
    code = (
        "import sys, subprocess\nfrom rezup.output.streams import printing_aside\n"
        "with printing_aside():\n print('one', flush=True); subprocess.run(['/bin/echo', 'two'])\nprint('three')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("three\n", "one\ntwo\n")
