"""The build backend of the checkout's top folder, which is no distribution: every way to build it ends in one sentence.

Without it pip would have setuptools guess what to build, and show its traceback. It is used by pip, uv and `build`, and
raises SystemExit because a build frontend prints the traceback of any other exception.
"""

from __future__ import annotations

import sys
from typing import NoReturn

# uv breaks lines at 80 characters where it does not write to a terminal: this fits into one.
SENTENCE = "Here are two distributions; type: pip install ./rezup_api ./rezup"


def _refuse(*_arguments: object, **_options: object) -> NoReturn:
    """Say what to type, as the whole output of the hook that was called."""
    sys.exit(SENTENCE)


# A frontend asks these first: it gets no further.
get_requires_for_build_wheel = get_requires_for_build_sdist = get_requires_for_build_editable = _refuse
# Every backend must have these, and a frontend may call them directly.
build_wheel = build_sdist = build_editable = _refuse
