"""Software bill of materials of an installation: every distribution with version, hashes, licence (CycloneDX JSON).

``python -m tools.sbom FILE`` (``make sbom``) writes it. Versions, hashes and dependencies come from ``uv.lock``,
licences from the metadata of the installed distributions. What only the private
PostgreSQL or tracing needs has the scope ``optional``.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from tools.distributions import NAME, ROOT, version_of

OPTIONAL = ("embedded", "tracing")
"""Extras of the product."""
COPYLEFT = re.compile(r"\b[AL]?GPL|Lesser General Public|GNU General Public|\bMPL|Mozilla Public", re.IGNORECASE)
BUNDLED = {
    "libgfortran": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libquadmath": "LGPL-2.1-or-later",
    "libreadline": "GPL-3.0-or-later",
}
"""Libraries that binary wheels are known to contain, by the beginning of their files' names, and their licences."""
_SPACE = uuid.UUID("6f1d0d5e-3c5b-5a57-9f0e-6a1f0a7c51a3")
_CLASSIFIED = "License :: OSI Approved :: "
Package = Mapping[str, Any]


def bill_of_materials(root: Path) -> dict[str, Any]:
    """Return the bill of materials of the product in ``root``. The same lock file gives the same document."""
    lock = tomllib.loads((root / "uv.lock").read_text(encoding="utf-8"))
    packages = [each for each in lock["package"] if "virtual" not in each.get("source", {})]
    required = _reachable(packages, ())
    every = _reachable(packages, OPTIONAL)
    chosen = [each for each in packages if each["name"] in every]
    text = json.dumps([[each["name"], each.get("version")] for each in chosen])
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_SPACE, text)}",
        "version": 1,
        "metadata": {
            "component": _component(
                {"name": NAME, "version": version_of(root), "source": {"editable": "."}}, is_required=True
            )
        },
        "components": [
            _component(each, is_required=each["name"] in required) for each in chosen if each["name"] != NAME
        ],
        "dependencies": [
            {
                "ref": _reference(each),
                "dependsOn": sorted({_reference(other) for other in _needs(each, chosen, OPTIONAL)}),
            }
            for each in chosen
        ],
    }


def licence_of(name: str) -> str:
    """Return the licence that an installed distribution declares; empty if it is not installed or declares none."""
    try:
        found = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    said = _first(found.get_all("License-Expression"))
    if not said:
        named = [each.removeprefix(_CLASSIFIED) for each in found.get_all("Classifier") or () if _CLASSIFIED in each]
        said = " AND ".join(named) or _first(found.get_all("License")).strip().partition("\n")[0]
    return said


def _first(values: list[str] | None) -> str:
    return values[0] if values else ""


def copyleft(document: Mapping[str, Any]) -> dict[str, str]:
    """Return name → licence of the components with an LGPL, MPL or GPL licence, which demands more than a notice.

    A library inside a component's binary wheel counts, too. The text then names the library and its licence.
    """
    found = {}
    for each in document["components"]:
        licence = _licences(each)
        asked = [licence] if COPYLEFT.search(licence) else []
        asked += [f"{library}: {BUNDLED[library]}" for library in bundled_libraries(each["name"])]
        if asked:
            found[each["name"]] = ", ".join(asked)
    return found


def bundled_libraries(name: str) -> list[str]:
    """Return the libraries of BUNDLED inside an installed distribution, by name."""
    try:
        files = metadata.files(name) or ()
    except metadata.PackageNotFoundError:
        return []
    return sorted({library for library in BUNDLED for file in files if file.name.startswith(library)})


def _licences(component: Mapping[str, Any]) -> str:
    entries = component.get("licenses") or ()
    return " AND ".join(str(each.get("expression") or each["license"]["name"]) for each in entries)


def _reachable(packages: list[Package], extras: tuple[str, ...]) -> set[str]:
    found, waiting = set(), [NAME]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for each in packages:
            if each["name"] == name:
                waiting += [other["name"] for other in _needs(each, packages, extras)]
    return found


def _needs(package: Package, packages: list[Package], extras: tuple[str, ...]) -> Iterator[Package]:
    """Yield the packages that a package needs, also for its extras.

    The product's own packages have the extras ``extras``. Any other package has the extras that the product asks for.
    """
    wanted = list(package.get("dependencies", ()))
    for extra, added in package.get("optional-dependencies", {}).items():
        is_own = package["name"].startswith(NAME)
        if (is_own and extra in extras) or (not is_own and extra in _asked_extras(package["name"], packages)):
            wanted += added
    for dependency in wanted:
        yield from (
            each
            for each in packages
            if each["name"] == dependency["name"] and each["version"] == dependency.get("version", each["version"])
        )


def _asked_extras(name: str, packages: list[Package]) -> set[str]:
    return {
        extra
        for each in packages
        if each["name"].startswith(NAME)
        for dependency in each.get("dependencies", ())
        if dependency["name"] == name
        for extra in dependency.get("extra", ())
    }


def _component(package: Package, *, is_required: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "application" if package["name"] == NAME else "library",
        "bom-ref": _reference(package),
        "name": package["name"],
        "version": package["version"],
        "purl": _reference(package),
        "scope": "required" if is_required else "optional",
    }
    licence = licence_of(package["name"])
    if licence:
        is_expression = re.fullmatch(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*", licence)
        found["licenses"] = [{"expression": licence}] if is_expression else [{"license": {"name": licence}}]
    files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ())]
    hosted = [each for each in files if "url" in each]
    if hosted:
        found["externalReferences"] = [
            {
                "type": "distribution",
                "url": each["url"],
                "hashes": [{"alg": "SHA-256", "content": each["hash"].removeprefix("sha256:")}],
            }
            for each in hosted
        ]
    return found


def _reference(package: Package) -> str:
    return f"pkg:pypi/{package['name']}@{package['version']}"


def main() -> int:
    """Write the bill of materials to the file named on the command line."""
    path = Path(sys.argv[1])
    document = bill_of_materials(ROOT)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"{path}: {len(document['components'])} components")
    for name, licence in sorted(copyleft(document).items()):
        print(f"  {name}: {licence}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
