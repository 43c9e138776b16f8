"""Print what this interpreter is, as JSON: the one behind a shim, and behind a virtual environment."""

import json
import os
import platform
import sys


def base_executable():
    """The interpreter that environments are made from; `sys._base_executable` is there since 3.7, virtualenv's mark before."""
    base = getattr(sys, "_base_executable", None)
    if base and os.path.isfile(base):
        return base
    prefix = getattr(sys, "real_prefix", None) or getattr(sys, "base_prefix", sys.prefix)
    if prefix != sys.prefix:
        name = "python%d.%d" % sys.version_info[:2]
        for candidate in (os.path.join(prefix, "bin", name), os.path.join(prefix, "python.exe")):
            if os.path.isfile(candidate):
                return candidate
    return sys.executable


if __name__ == "__main__":
    sys.stdout.write(
        json.dumps(
            {
                "executable": base_executable(),
                "version": list(sys.version_info[:3]),
                "implementation": platform.python_implementation(),
                "machine": platform.machine(),
            }
        )
    )
