"""What differs between two revisions, as people and programs read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.studio import make_revision, publish

if TYPE_CHECKING:
    from tests.e2e.conftest import Machine


def test_packages_python_environment_and_recipe(machine: Machine) -> None:
    machine.recipe('[rez]\nurl = "rez==3.3.0"\nlib = ["six"]\n[env]\nFOO = "a"\n', "dev")
    machine.run("add", "dev", "--skip-use")
    machine.recipe(
        '[rez]\nurl = "rez==3.4.0"\n[env]\nFOO = "b"\n[shared]\nname = "studio"\nrequires = ["toml"]\n', "dev"
    )
    machine.run("add", "dev", "--skip-use", "-m", "newer rez")
    told = machine.run("diff", "dev@~1", "dev").stdout.splitlines()
    assert told[1].endswith("newer rez")
    assert "  ~ rez 3.3.0 -> 3.4.0" in told
    assert any(line.startswith("  - six 1.") for line in told)
    assert "packages of shared studio:" in told
    assert "  ~ FOO a -> b" in told
    assert "  ~ rez.url rez==3.3.0 -> rez==3.4.0" in told
    document = machine.json("diff", "dev@~1", "dev")
    assert {"name": "rez", "old": "3.3.0", "new": "3.4.0"} in document["packages"]["rez"]
    assert document["environment"] == [{"name": "FOO", "old": "a", "new": "b"}]
    assert document["python"] == []
    assert machine.run("diff", "dev", "dev@latest").stdout.splitlines()[-1] == "Nothing differs"


def test_two_containers_and_one_that_is_only_published(publisher: Machine, consumer: Machine) -> None:
    publisher.recipe('[rez]\nurl = "rez==3.4.0"\n', "prod")
    publish(publisher, "prod")
    publisher.recipe('[rez]\nurl = "rez==3.3.0"\n', "staging")
    publish(publisher, "staging")
    done = consumer.run("diff", "prod", "staging")
    assert "  ~ rez 3.4.0 -> 3.3.0" in done.stdout
    assert "is not built here" in done.stderr
    assert consumer.revisions("prod") == [], "nothing is built for that"


def test_what_is_not_there(machine: Machine) -> None:
    assert "there is no container" in machine.run("diff", "dev", "dev@~1", status=4).stderr
    path = make_revision(machine.root / "dev", tool="tool")
    (path / "rezup.toml").write_text("[", encoding="utf-8")
    assert "has no revision" in machine.run("diff", "dev", "dev@~1", status=4).stderr
    assert "Nothing differs" in machine.run("diff", "dev", "dev@latest").stdout
