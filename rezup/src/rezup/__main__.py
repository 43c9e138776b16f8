"""The entry of the command: the quick launch where it can answer, else the ordinary path.

Every launch passes through here: what it imports is held to a list by a test.
"""

import sys


def main(words: list[str] | None = None) -> int:
    """Run rezup.

    Args:
        words: the command line without the program; by default this process's.

    Returns:
        The exit status, where the process has not become another one.
    """
    from rezup import ordinary

    return ordinary.main(sys.argv[1:] if words is None else words)


if __name__ == "__main__":
    sys.exit(main())
