"""Check what lies behind the network: the index of packages, and the source of rezup's own releases."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from rezup_api.doctor.observation import WARNING, WRONG, Observation, fine
from rezup_api.errors import RecipeError, UpgradeError
from rezup_api.recipe.credentials import redact
from rezup_api.recipe.paths import path_of_file_url
from rezup_api.resolve.pip_configuration import configured
from rezup_api.selfupdate.sources import newer_releases, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup_api.doctor.scene import Scene

INDEX, UPGRADES = "index", "upgrade-source"
# Seconds to wait for an answer, in all.
LIMIT = 5.0
PYPI = "https://pypi.org/simple"
# A package that each index of use to rezup has; whether this one has it does not matter.
ASKED_FOR = "rez"
WAY_OUT = "check the network, the proxy, and the index in pip.conf, PIP_INDEX_URL or UV_DEFAULT_INDEX"


def check_index(around: Scene) -> Observation:
    """Whether the index answers from which packages come; it is not asked where the configuration says so."""
    environ = around.environ
    try:
        options = {one.name: one.value for one in configured(environ, around.settings.home, Path(sys.prefix))}
    except RecipeError as error:
        return Observation(INDEX, WRONG, error.message, "correct that file")
    if options.get("no-index", "false").lower() not in ("", "0", "no", "off", "false"):
        return fine(INDEX, "no index is asked, as pip's configuration says")
    address = _address(environ, options)
    why = _asked(address, options.get("cert", ""))
    name = redact(address)
    if not why:
        return fine(INDEX, f"{name} answers", name)
    level, remark = WRONG, ""
    if around.settings.wheelhouse is not None:
        level, remark = WARNING, f"; packages can only come from {around.settings.wheelhouse}"
    return Observation(INDEX, level, f"{name} does not answer: {why}{remark}", WAY_OUT, name)


def _address(environ: Mapping[str, str], options: Mapping[str, str]) -> str:
    own = environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL")
    address = own or options.get("index-url") or PYPI
    name, mark, rest = address.partition("=")  # uv lets users give an index a name: "studio=https://..."
    return rest if mark and "/" not in name else address


def _asked(address: str, certificates: str, limit: float = LIMIT) -> str:
    """Why an index does not answer; empty if it does. No login is sent: that it asks for one is an answer, too."""
    if address.startswith("file:"):
        return "" if os.path.isdir(path_of_file_url(address)) else "there is no such folder"
    if "://" not in address:
        return "" if os.path.isdir(address) else "it is no address"
    answers: list[str] = []
    # A thread, because the limit of `urlopen` holds for each step, and not for looking up a host name.
    thread = threading.Thread(target=lambda: answers.append(_refused(address, certificates, limit)), daemon=True)
    thread.start()
    thread.join(limit)
    return answers[0] if answers else f"there was no answer for {limit:g} s"


def _refused(address: str, certificates: str, limit: float) -> str:
    import ssl
    import urllib.error
    import urllib.request
    from http.client import HTTPException

    parts = urlsplit(address)
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))
    request = urllib.request.Request(f"{plain.rstrip('/')}/{ASKED_FOR}/", headers={"User-Agent": "rezup"})
    try:
        context = ssl.create_default_context(cafile=certificates or None)
        with urllib.request.urlopen(request, timeout=limit, context=context):
            return ""
    except urllib.error.HTTPError as error:
        return "" if error.code < 500 else f"HTTP {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        return redact(str(getattr(error, "reason", "") or error) or type(error).__name__)


def check_upgrade_source(around: Scene) -> list[Observation]:
    """Whether the source of rezup's releases answers, and whether it has a newer one."""
    found = around.installation
    if found is None:
        return []
    if found.editable:
        return [fine(UPGRADES, "rezup runs from its sources, which it does not upgrade")]
    if not found.source:
        return [fine(UPGRADES, "no source of newer releases is named, so that rezup stays as it is")]
    place = shown(found.source)
    begun = time.monotonic()
    try:
        news = newer_releases(found.source, found.version, limit=LIMIT, environ=around.environ)
    except UpgradeError as error:
        return [Observation(UPGRADES, WARNING, error.message, error.hint, place)]
    if news.release is not None:
        text = f"rezup {news.release.version} is there, on {place}"
        return [Observation(UPGRADES, WARNING, text, "take it: rezup upgrade", place)]
    return [fine(UPGRADES, f"{place} has nothing newer ({time.monotonic() - begun:.1f} s)", place)]
