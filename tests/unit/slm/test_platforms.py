"""What cannot run is said in a line."""

from __future__ import annotations

import pytest
import typer

from slm.platforms import refuse_windows
from slm_chassis.postgres_programs import missing_server


def test_windows_is_refused_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as refused:
        refuse_windows("win32")
    assert refused.value.exit_code == 1
    assert capsys.readouterr().err == ("slm: the servers run on Linux and macOS; on Windows use WSL 2 or a container\n")
    refuse_windows("linux")
    refuse_windows("darwin")


def test_without_the_private_postgresql_both_ways_out_are_named() -> None:
    assert "pip install 'service-level-management[embedded]'" in missing_server("glibc")
    assert "SLM_<CONTEXT>_DATABASE_URL" in missing_server("glibc")
    assert "Alpine" in missing_server("")
    assert "embedded" not in missing_server("")
