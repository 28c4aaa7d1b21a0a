"""The guide for operators names every setting, topic and metric there is, and none that is not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from slm import cli
from slm.contexts import CONTEXTS, settings_of
from slm_chassis.metrics import Metrics
from slm_chassis.settings import ServiceSettings, Settings
from slm_console.settings import ConsoleSettings
from slm_events.catalogue import TOPICS, Topic

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "running.md").read_text(encoding="utf-8")
OF_COMMANDS = {"SLM_HOST", "SLM_PORT", "SLM_URL", "SLM_KEY"}
"""What ``slm`` itself reads."""


def settings() -> dict[str, object]:
    """Variable as the page names it → its default."""
    found = {
        f"SLM_{name.upper()}": field.get_default(call_default_factory=True)
        for name, field in Settings.model_fields.items()
    }
    common = ServiceSettings.model_fields.keys() - Settings.model_fields.keys()
    found |= {f"SLM_<CONTEXT>_{name.upper()}": ServiceSettings.model_fields[name].default for name in common}
    for context, kind in [*((each, settings_of(each)) for each in CONTEXTS), ("console", ConsoleSettings)]:
        fields = kind.model_fields
        own = fields.keys() - ServiceSettings.model_fields.keys()
        found |= {
            f"SLM_{context.upper()}_{name.upper()}": fields[name].get_default(call_default_factory=True) for name in own
        }
    return found


def rows() -> dict[str, str]:
    """What a row of a table names first → its second cell."""
    cells = [line.split("|")[1:3] for line in PAGE.splitlines() if line.startswith("| `")]
    return {name: rest.strip() for first, rest in cells for name in re.findall(r"`([^`]+)`", first)}


@pytest.mark.parametrize("name", sorted(settings()))
def test_every_setting_is_in_the_table_with_its_default(name: str) -> None:
    default = settings()[name]
    shown = "" if default in (None, "") else f"`{default}`"
    assert rows()[name] == shown


def test_every_variable_the_page_names_is_read_by_something() -> None:
    contexts = "|".join(context.upper() for context in CONTEXTS)
    for written in set(re.findall(r"SLM_[A-Z<>_]*[A-Z]", PAGE)):
        # Any of them may stand in a file.
        name = written.removesuffix("_FILE")
        # A service's own: a setting of every service, or one of all for it alone.
        for_every = re.sub(f"^SLM_({contexts})_", "SLM_<CONTEXT>_", name)
        for_all = re.sub(f"^SLM_({contexts})_", "SLM_", name)
        assert {name, for_every, for_all} & (settings().keys() | OF_COMMANDS), name


def kept(topic: Topic) -> str:
    if topic.compacted:
        return "the newest of each key"
    return "for ever" if topic.retention_days is None else f"{topic.retention_days} days"


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_every_topic_is_in_the_table_with_what_is_kept(topic: Topic) -> None:
    assert rows()[topic.name] == kept(topic)


def test_every_metric_is_in_the_table() -> None:
    families = {family.name.removeprefix("slm_agreement_") for family in Metrics("agreement").registry.collect()}
    assert families <= {name.removesuffix("_total") for name in rows()}


def test_every_command_the_page_shows_exists() -> None:
    commands = _commands(typer.main.get_command(cli.app))
    known = commands.keys() | {f"{name} {inner}" for name, command in commands.items() for inner in _commands(command)}
    shown = set(
        re.findall(r"(?<![.\w])slm ([a-z]+(?:-[a-z]+)?(?: (?:list|show|redrive|tickets|outages))?)\b(?=[ `])", PAGE)
    )
    assert {"up", "dead-letters redrive", "import tickets"} <= shown <= known


def _commands(command: Any) -> dict[str, Any]:
    return dict(getattr(command, "commands", {}))
