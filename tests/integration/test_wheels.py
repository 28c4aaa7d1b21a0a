"""The wheels have everything in them, and run in an empty environment outside the repository."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tools import wheels
from tools.distributions import ROOT


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return wheels.build_wheels(tmp_path_factory.mktemp("wheels"))


def test_no_file_licence_or_pin_is_missing(built: list[Path]) -> None:
    assert len(built) == 12
    assert wheels.content_flaws(ROOT, built) == []
    [monitor] = [each for each in built if "_monitor-" in each.name]
    names = zipfile.ZipFile(monitor).namelist()
    assert "slm_monitor/api/answers.json" in names
    assert any(name.startswith("slm_monitor/migrations/versions/") for name in names)


@pytest.mark.parametrize(
    "lost", ["slm_console/templates/base.html", "slm_console/static/console.js", "licenses/NOTICE"]
)
def test_a_file_that_a_wheel_lacks_is_named(built: list[Path], tmp_path: Path, lost: str) -> None:
    [console] = [each for each in built if "_console-" in each.name]
    poorer = tmp_path / console.name
    with zipfile.ZipFile(console) as source, zipfile.ZipFile(poorer, "w") as target:
        for name in source.namelist():
            if not name.endswith(lost):
                target.writestr(name, source.read(name))
    [flaw] = wheels.content_flaws(ROOT, [poorer if each == console else each for each in built])
    assert flaw.endswith(f"lacks {lost.removeprefix('licenses/')}")


@pytest.mark.soak
@pytest.mark.parametrize("python", wheels.PYTHONS)
def test_a_demonstration_runs_from_the_wheels_alone(built: list[Path], python: str) -> None:
    if not wheels.find_python(python):
        pytest.skip(f"Python {python} is not on this machine")
    assert "breach" in wheels.play_in_empty_environment(python, built)
