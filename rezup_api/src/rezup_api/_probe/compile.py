"""Compile Python files: stdin has a JSON list of [source, target, name shown in tracebacks]; stdout gets those that failed.

Since 3.7 the byte code is of the unchecked hash kind (PEP 552): it holds for the content of its source, wherever a copy lies
and whatever its time stamp. Older interpreters know time stamps only.
"""

import json
import os
import py_compile
import sys


def main():
    """Compile what stdin lists."""
    options = {}
    if hasattr(py_compile, "PycInvalidationMode"):
        options["invalidation_mode"] = py_compile.PycInvalidationMode.UNCHECKED_HASH
    failed = []
    for source, target, shown in json.load(sys.stdin):
        partial = "%s.%d" % (target, os.getpid())
        try:
            py_compile.compile(source, cfile=partial, dfile=shown, doraise=True, **options)
            os.rename(partial, target)
        except (py_compile.PyCompileError, SyntaxError, ValueError):
            # Templates and files for other Python versions do not compile; nobody imports them.
            failed.append(source)
    sys.stdout.write(json.dumps(failed))


if __name__ == "__main__":
    main()
