"""Fuzz one parser with atheris: the process that `scripts/fuzz.py` starts. Without arguments, it lists the parsers.

Arguments: the parser, the seconds, and a folder that keeps the documents which reach something new. The status is not 0 if a
document makes the parser raise something else than its own error; that document then lies there, and libFuzzer says under which
name.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

# Bytes. What is larger takes the fuzzer longer, and reaches nothing more; limits of sizes have tests of their own.
LARGEST = 8192


def fuzz(name: str, seconds: int, folder: Path) -> None:
    """Run the fuzzer; it ends the process."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["rezup_api"]):
        from tests.unit.parsers import PARSERS
    parser = PARSERS[name]
    (folder / "good").write_bytes(parser.good)
    place = Path(tempfile.mkdtemp())
    os.chdir(place)

    def one(data: bytes) -> None:
        try:
            parser.parse(data, place)
        except ValueError:
            return

    options = [f"-max_total_time={seconds}", f"-max_len={LARGEST}", f"-artifact_prefix={folder}/failed-", "-timeout=20"]
    atheris.Setup([sys.argv[0], *options, "-verbosity=0", "-print_final_stats=1", str(folder)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) == 1:
        from tests.unit.parsers import PARSERS as KNOWN

        sys.stdout.write("".join(f"{known}\n" for known in KNOWN))
    else:
        fuzz(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
