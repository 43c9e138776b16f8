"""Answer a question about the Rez that runs this: stdin has it as JSON, stdout gets the answer as JSON.

`{"ask": "about"}` gives Rez's version and the folder of its package. `{"ask": "environ", "requests": [...]}`, or with the path
of a saved context as `"context"`, gives the environment of the resolved context. `{"error": ...}` says what Rez refuses.

Packages may print while they are resolved; that goes to stderr, so that stdout holds nothing but the answer.
"""

import json
import os
import sys


def about():
    """Which Rez this is."""
    import rez

    return {"version": rez.__version__, "location": os.path.abspath(rez.__path__[0])}


def environ(question):
    """This process's environment with what a context sets in it and without what it unsets: that of a shell which it opens."""
    from rez.exceptions import RezError
    from rez.resolved_context import ResolvedContext
    from rez.rex import Unsetenv

    try:
        if "context" in question:
            context = ResolvedContext.load(question["context"])
        else:
            context = ResolvedContext(question["requests"])
        if not context.success:
            return {"error": str(context.failure_description or "the request cannot be resolved")}
        together = dict(os.environ)
        together.update(context.get_environ())
        unset = set()
        for action in context.get_actions():
            name = getattr(action, "key", None)
            if isinstance(action, Unsetenv):
                unset.add(name)
            else:
                unset.discard(name)
        return {"environ": {_text(name): _text(together[name]) for name in together if name not in unset}}
    except RezError as error:
        return {"error": "%s: %s" % (type(error).__name__, error)}


def _text(value):
    """What JSON can hold: Python 2 has bytes, and not all of them are UTF-8."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def main():
    """Keep stdout for the answer."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    question = json.load(sys.stdin)
    answer = about() if question["ask"] == "about" else environ(question)
    sys.stdout.flush()
    with answers:
        answers.write(json.dumps(answer))


if __name__ == "__main__":
    main()
