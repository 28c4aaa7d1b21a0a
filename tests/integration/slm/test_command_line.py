"""The command line answers at once, and says in a line what cannot be used."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import free_port

PROGRAM = (sys.executable, "-m", "slm")


def ran(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SLM_")}
    return subprocess.run(
        [*PROGRAM, *arguments], env=clean | environment, capture_output=True, text=True, timeout=60, check=False
    )


def processor_seconds(*arguments: str) -> float:
    """What a command takes of a processor, so that a busy machine does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert ran(*arguments).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("arguments", [["--help"], ["import", "--help"], ["import", "tickets", "--help"], ["version"]])
def test_help_takes_at_most_half_a_second(arguments: list[str]) -> None:
    ran(*arguments)  # compiles what was never imported
    assert min(processor_seconds(*arguments) for _ in range(3)) <= 0.5


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["demo", "--once"], {"SLM_CLOCK": "noon"}, "SLM_CLOCK is 'noon'"),
        (["demo", "--once"], {"SLM_CLOCK": "2026-11-01T00:00:00Z,now,60"}, "SLM_CLOCK has start 'now'"),
        (["demo", "--once"], {"SLM_CLOCK": "2026-11-01T00:00:00Z,2026-11-01T00:00:00Z,fast"}, "rate 'fast'"),
        (["demo", "--once", "--data-dir", "/dev/null/x"], {}, "/dev/null/x"),
        (["dead-letters", "list", "--data-dir", "/dev/null/x"], {}, "/dev/null/x"),
        (["up", "--data-dir", "/dev/null/x"], {"SLM_PORT": str(free_port())}, "/dev/null/x"),
    ],
)
def test_an_unusable_setting_or_folder_is_reported_in_one_line(
    arguments: list[str], environment: dict[str, str], said: str, tmp_path: Path
) -> None:
    folder = [] if "--data-dir" in arguments else ["--data-dir", str(tmp_path)]
    done = ran(*arguments, *folder, **environment)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr + done.stdout
    assert said in (done.stderr + done.stdout).strip().splitlines()[-1]


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
@pytest.mark.parametrize("command", [["up"], ["demo", "--once"]])
def test_a_port_that_cannot_be_is_refused_by_name(command: list[str], port: str, tmp_path: Path) -> None:
    done = ran(*command, "--data-dir", str(tmp_path), SLM_PORT=port)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr + done.stdout
    assert "SLM_PORT" in done.stderr
