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
    """This process's environment with what a context sets in it, as Rez's own `execute_command` puts them together."""
    from rez.exceptions import RezError
    from rez.resolved_context import ResolvedContext

    try:
        if "context" in question:
            context = ResolvedContext.load(question["context"])
        else:
            context = ResolvedContext(question["requests"])
        if not context.success:
            return {"error": str(context.failure_description or "the request cannot be resolved")}
        together = dict(os.environ)
        together.update(context.get_environ())
        return {"environ": together}
    except RezError as error:
        return {"error": "%s: %s" % (type(error).__name__, error)}


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
