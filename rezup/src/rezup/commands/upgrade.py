"""`rezup upgrade`: install a newer release of rezup itself, show whether there is one, or go back to the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup._version import __version__
from rezup.newer_release import Upgrader
from rezup.output.render import Lines, Result
from rezup_api.selfupdate import shown

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.selfupdate import News


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Install a newer release, only show whether there is one (`--check`), or go back (`--rollback`).

    Raises:
        UpgradeError: the source cannot be read, or the release cannot be installed.
    """
    upgrader = Upgrader(studio.environ, arguments.origin.environ, progress)
    if arguments.rollback:
        version, before = upgrader.roll_back()
        text = f"rezup {version} runs from now on"
        return Result({"version": version, "before": before}, Lines((text,)), acted=True)
    if not arguments.check:
        upgrader.refuse_fixed()
    news = upgrader.news()
    data = {"version": __version__, **_told(news)}
    if news.release is None or arguments.check:
        return Result({**data, "taken": False}, Lines(latest(upgrader, news)))
    upgrader.take(news.release)
    text = f"Upgraded rezup {__version__} to {news.release.version}; it runs from now on"
    return Result({**data, "taken": True}, Lines((text, *_major(news))), acted=True)


def latest(upgrader: Upgrader, news: News) -> tuple[str, ...]:
    """The lines that tell the user which newer releases there are."""
    if news.release is None:
        return (f"rezup {__version__} is the newest of its major", *_major(news))
    refused = upgrader.is_refused(news.release)
    why = f", and is not taken by itself: {refused}" if refused else ""
    place = shown(news.release.files[0].address)
    return (f"rezup {news.release.version} is there{why}; this is {__version__}", f"from {place}", *_major(news))


def _major(news: News) -> tuple[str, ...]:
    return (f"rezup {news.major.version} is there, a new major version",) if news.major is not None else ()


def _told(news: News) -> dict[str, str | None]:
    return {
        "newest": str(news.release.version) if news.release is not None else None,
        "major": str(news.major.version) if news.major is not None else None,
    }
