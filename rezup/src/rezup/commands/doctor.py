"""`rezup doctor`: find out what is wrong with this machine, and say the way out of each trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.fastpath import current_release
from rezup.newer_release import installation
from rezup.output.render import Lines, Result
from rezup_api.doctor import report_of
from rezup_api.frozen import asdict

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.doctor import Diagnosis

FAILED = 8


def run(arguments: argparse.Namespace, studio: Studio, _progress: Progress) -> Result:
    """Run all checks, and show what they have seen, as lines or as a text to paste."""
    diagnosis = studio.doctor(arguments.name or "", installation(current_release.source(studio.environ)))
    report = report_of(diagnosis, studio.environ) if arguments.report else None
    data = {
        "container": arguments.name,
        "level": diagnosis.level,
        "checks": [asdict(one) for one in diagnosis.observations],
        **({"report": report} if report is not None else {}),
    }
    lines = tuple(report.splitlines()) if report is not None else tuple(_lines(diagnosis))
    return Result(data, Lines(lines), FAILED if diagnosis.level == "wrong" else 0)


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    for one in diagnosis.observations:
        yield f"{one.level:8}{one.check}: {one.text}"
        if one.way_out:
            yield f"          -> {one.way_out}"
    counts = [f"{diagnosis.count(level)} {level}" for level in ("wrong", "warning") if diagnosis.count(level)]
    yield ", ".join(counts) if counts else "All is well"
