"""`rezup bundle`: write a revision into one file, which installs without a network; or check such a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.output.render import Lines, Result, size_text
from rezup_api import UsageError, absolute
from rezup_api.bundles import examine_bundle
from rezup_api.store import parse_target

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio
    from rezup_api.packages import PlatformTarget

FAILED = 8


def run(arguments: argparse.Namespace, studio: Studio, _progress: Progress) -> Result:
    """Make a bundle, or check one.

    Raises:
        UsageError: the arguments do not fit together.
        RezupError: the errors of `Container.bundle` and `examine_bundle`.
    """
    if arguments.verify:
        if arguments.target or arguments.output or arguments.platform:
            raise UsageError("--verify checks a bundle, and makes none", "rezup bundle --verify FILE")
        return _verified(arguments, studio)
    if not arguments.target or not arguments.output:
        raise UsageError("which revision, and into which file?", "rezup bundle NAME@REV -o FILE")
    target = parse_target(arguments.target)
    path = absolute(arguments.output, studio.environ)
    made = studio.container(target.container).bundle(path, target.revision, arguments.platform)
    what = ", ".join(map(str, made.targets))
    data = {
        "revision": str(made.revision),
        "path": str(made.path),
        "size": made.size,
        "wheels": made.wheels,
        "targets": [_told(one) for one in made.targets],
    }
    text = f"Bundled {made.revision} for {what}: {made.wheels} wheels, {size_text(made.size)}, in {made.path}"
    return Result(data, Lines((text,)), acted=True)


def _verified(arguments: argparse.Namespace, studio: Studio) -> Result:
    path = absolute(arguments.verify, studio.environ)
    manifest, found = examine_bundle(path)
    targets = list(dict.fromkeys(target for each in manifest.targets.values() for target in each))
    data = {
        "path": str(path),
        "revision": manifest.revision,
        "rezup_version": manifest.rezup_version,
        "targets": [_told(one) for one in targets],
        "files": len(manifest.files),
        "found": found,
    }
    good = f"{path} is whole: {manifest.revision} for {', '.join(map(str, targets))}, {len(manifest.files)} files"
    return Result(data, Lines(tuple(found) or (good,)), FAILED if found else 0)


def _told(target: PlatformTarget) -> dict[str, Any]:
    return {"platform": target.platform, "machine": target.machine, "python": ".".join(map(str, target.python))}
