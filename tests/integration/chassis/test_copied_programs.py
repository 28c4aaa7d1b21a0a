"""The programs of the private PostgreSQL run from a copy where their user cannot reach them; what lacks is said."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from slm_chassis import postgres_programs


def test_a_copy_of_the_programs_has_the_libraries_that_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_programs, "_COPIES", tmp_path)
    monkeypatch.setattr(postgres_programs, "server_user", lambda: "pgserver")
    monkeypatch.setattr(postgres_programs, "_is_open", lambda home: home.is_relative_to(tmp_path))
    home = postgres_programs.runnable_programs()
    assert home.is_relative_to(tmp_path)
    for program in ("initdb", "postgres", "pg_ctl"):
        done = subprocess.run([home / "bin" / program, "--version"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert postgres_programs.runnable_programs() == home


def test_an_image_without_useradd_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgres_programs.os, "geteuid", lambda: 0)
    monkeypatch.setattr(postgres_programs, "_USER", "nobody-of-this-name")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(postgres_programs.PostgresFailed, match=r"'useradd'.*; make that user, or run this as another"):
        postgres_programs.server_user()
