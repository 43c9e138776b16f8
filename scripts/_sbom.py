"""Write the bill of materials of a release (CycloneDX, JSON): `_sbom.py WHEELS FILE VERSION EPOCH`, with the library for that."""

from __future__ import annotations

import hashlib
import sys
import uuid
import zipfile
from datetime import datetime, timezone
from email import message_from_bytes
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL


def component(wheel: Path) -> Component:
    """A wheel, as its metadata describes it."""
    with zipfile.ZipFile(str(wheel)) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(name))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    licence = metadata["License-Expression"] or metadata["License"] or ""
    return Component(
        name=metadata["Name"],
        version=metadata["Version"],
        type=ComponentType.LIBRARY,
        bom_ref=wheel.name,
        purl=PackageURL(
            "pypi", None, metadata["Name"].lower().replace("_", "-"), metadata["Version"], {"file_name": wheel.name}
        ),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        licenses=[DisjunctiveLicense(name=licence.splitlines()[0])] if licence else [],
    )


def main() -> int:
    """Describe every wheel of the folder."""
    wheels, target, version, epoch = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    found = [component(wheel) for wheel in sorted(wheels.glob("*.whl"))]
    bom = Bom(components=found)
    bom.metadata.component = Component(name="rezup", version=version, type=ComponentType.APPLICATION, bom_ref="rezup")
    bom.metadata.timestamp = datetime.fromtimestamp(epoch, timezone.utc)
    # The same content has the same number, so that who builds it again gets the same file.
    content = "".join(f"{one.bom_ref}{next(iter(one.hashes)).content}" for one in found)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, content)
    target.write_text(JsonV1Dot6(bom).output_as_string(indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
