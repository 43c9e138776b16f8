"""The page "From nothing to a studio": its files are written, its commands are run, and print what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.pages import Reader, Spot

if TYPE_CHECKING:
    from collections.abc import Callable


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a studio on Linux")

PAGE = Path(__file__).resolve().parents[3] / "docs" / "studio.md"
# Run inside Allzpark, as the user's configuration: it does what a person does, and tells what there was to see.
PERSON = """
import json, os, time
deadline = time.time() + 60
config = os.path.expanduser("~/allzparkconfig.py")
exec(compile(open(config).read(), config, "exec"))

def themes():
    from allzpark.vendor.Qt import QtCore, QtWidgets
    told = {"applications": [], "visible": False, "colours": 0, "log": []}
    def look():
        found = [each for each in QtWidgets.QApplication.topLevelWidgets() if hasattr(each, "_ctrl")]
        if not found:
            return
        ctrl = found[0]._ctrl
        told["state"] = str(ctrl.state.state)
        apps = ctrl.models["apps"]
        if told["state"] != "ready" or not apps.rowCount() or told["applications"]:
            return
        names = [apps.data(apps.index(row, 0), "name") for row in range(apps.rowCount())]
        told["applications"] = sorted(names)
        told["visible"] = found[0].isVisible()
        picture = found[0].grab()
        picture.save(os.environ["PICTURE"])
        image = picture.toImage()
        told["colours"] = len({image.pixel(x, y) for x in range(image.width()) for y in range(0, image.height(), 3)})
        ctrl.logged.connect(lambda message, level: told["log"].append(message))
        found[0]._widgets["apps"].selectRow(names.index("texteditor==1.0"))
        found[0].on_launch_clicked()
    def leave():
        if os.path.exists(os.path.expanduser("~/notes.txt")) or time.time() > deadline:
            with open(os.environ["TOLD"], "w") as stream:
                json.dump(told, stream)
            QtWidgets.QApplication.instance().quit()
    global looking, end
    looking, end = QtCore.QTimer(), QtCore.QTimer()
    looking.timeout.connect(look)
    end.timeout.connect(leave)
    looking.start(100)
    end.start(100)
    return []
"""


@pytest.fixture(scope="module")
def studio(
    once: Callable[[str, Callable[[Path], None]], Path],
    machine_in: Callable[[Path], Machine],
    tmp_path_factory: pytest.TempPathFactory,
) -> Machine:
    """A machine on which somebody has done all that the page says."""
    # Rez caches no packages that lie below its temporary folder, as all that tests make does.
    tmp = {"TMPDIR": str(tmp_path_factory.mktemp("tmp"))}

    def make(folder: Path) -> None:
        machine = machine_in(folder / "home")
        machine.variables.update(tmp)
        (folder / "programs").mkdir()
        (folder / "programs" / "python").symlink_to(Path(sys.executable).resolve())
        desktop = {Spot("9. A desktop", "rezup use desktop -- allzpark"): "another test opens it, without a screen"}
        reader = Reader(machine, folder / "programs", not_run=desktop)
        reader.follow(PAGE.read_text(encoding="utf-8"))
        assert reader.commands > 40

    return Machine(once("studio", make) / "home", tmp)


@pytest.mark.slow
def test_the_page(studio: Machine) -> None:
    released = {path.name for path in (studio.home / "studio" / "packages" / "spiderman").iterdir() if path.is_dir()}
    assert {"1.0", "1.1", "1.2", "1.3"} <= released
    assert "1.4" not in released
    assert len(studio.revisions("prod")) == 2


@pytest.mark.slow
@pytest.mark.parametrize("binding", ["PyQt5", "PySide2"])
def test_the_desktop_lists_and_starts_applications(
    studio: Machine,
    tmp_path: Path,
    need_python: Callable[[str], Path],
    need_library: Callable[[str], None],
    binding: str,
) -> None:
    for library in ("GL", "fontconfig", "xkbcommon", "dbus-1", "glib-2.0"):
        need_library(library)  # that Qt asks the system for
    if binding == "PySide2":
        need_python("3.10")
        path = studio.home / "rezup.desktop.toml"
        text = re.sub(r'"PyQt5==.*', '"PySide2==5.15.2.1", "shiboken2==5.15.2.1",', path.read_text(encoding="utf-8"))
        path.write_text(text.replace("python = 3.11", "python = 3.10"), encoding="utf-8")
        studio.run("add", "desktop", "--skip-use")
    notes, told, picture = studio.home / "notes.txt", tmp_path / "told.json", tmp_path / "window.png"
    notes.unlink(missing_ok=True)
    config = tmp_path / "person.py"
    config.write_text(PERSON, encoding="utf-8")
    variables: dict[str, Any] = {"ALLZPARK_CONFIG_FILE": str(config), "TOLD": str(told), "PICTURE": str(picture)}
    # Not `run`: as the window closes, PySide2 may tell Allzpark that an object has gone before it, with a traceback on stderr.
    command = studio.command("use", "desktop", "--", "allzpark", "-v")
    environ = {**studio.environ, **variables, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        command,
        env=environ,
        cwd=studio.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    seen = json.loads(told.read_text(encoding="utf-8"))
    assert f"({binding} - 5.15" in done.stdout
    assert seen["applications"] == ["maya==2019", "texteditor==1.0"]
    assert seen["visible"] is True
    assert seen["colours"] > 10, "an empty window has one"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert notes.exists(), seen["log"]
    assert notes.read_text(encoding="utf-8") == "a note on spiderman, 25 frames a second\n"
