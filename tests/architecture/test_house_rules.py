"""The house rules hold on the tree, and each of them sees its breach."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import house_rules

CHASSIS = "shared/chassis/src/slm_chassis"
MONITOR = "services/monitor-svc/src/slm_monitor"


def test_the_tree_keeps_the_house_rules() -> None:
    assert house_rules.violations(house_rules.ROOT) == []


@pytest.mark.parametrize(
    ("place", "text", "complaint"),
    [
        (f"{CHASSIS}/outbox.py", "def relay_breaches(): ...", "the chassis must not use the domain's word 'breaches'"),
        (f"{CHASSIS}/outbox.py", "class TicketRelay: ...", "the chassis must not use the domain's word 'Ticket'"),
        (
            f"{CHASSIS}/outbox.py",
            "# for the service level",
            "the chassis must not use the domain's word 'service level'",
        ),
        (f"{CHASSIS}/outbox.py", 'TOPIC = "slm.agreements"', "the chassis must not use the domain's word 'agreements'"),
        (f"{MONITOR}/adapters/utils.py", "", "the name 'utils'"),
        (f"{MONITOR}/helpers/hours.py", "", "the name 'helpers'"),
        (f"{MONITOR}/application/targets.py", "class TargetService: ...", "class TargetService"),
        (
            f"{MONITOR}/domain/a.py",
            "from datetime import datetime\nx = datetime.now()",
            ":2: datetime.now reads",
        ),
        (f"{MONITOR}/domain/a.py", "import datetime as dt\nx = dt.datetime.now(dt.UTC)", "reads the system clock"),
        (f"{MONITOR}/domain/a.py", "import time\nx = time.time()", "time.time reads the system clock"),
        (f"{MONITOR}/domain/a.py", "from time import time_ns as t\nx = t()", "t reads the system clock"),
        (f"{MONITOR}/domain/a.py", "from datetime import date\nx = date.today()", "date.today reads the system clock"),
        (f"{MONITOR}/domain/a.py", "class Told: ...", "class Told: this name does not say"),
        (f"{MONITOR}/domain/a.py", "class _Counted: ...", "class _Counted: this name does not say"),
        (f"{MONITOR}/domain/a.py", "class Burning: ...", "class Burning: this name does not say"),
        (f"{MONITOR}/domain/a.py", "class Behind: ...", "class Behind: this name does not say"),
        (f"{MONITOR}/api/a.py", "async def a(request): return request.app.state.b", "request.app.state has no types"),
        (f"{MONITOR}/bootstrap.py", "http.state.judge = None", "http.state has no types"),
    ],
)
def test_a_planted_breach_is_seen(place: str, text: str, complaint: str, tmp_path: Path) -> None:
    _write(tmp_path / place, text)
    found = house_rules.violations(tmp_path)
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (f"{CHASSIS}/migrations.py", "context.configure(target_metadata=None)"),
        (f"{CHASSIS}/clock.py", "import time\nx = time.time_ns()"),
        (f"{CHASSIS}/outbox.py", "translation = slow = isolation = None"),
        (f"{MONITOR}/domain/hours.py", "class ServiceHours: ...\nclass ServiceLevelTarget: ..."),
        (f"{MONITOR}/domain/hours.py", "import time\nbegan = time.monotonic()"),
        (f"{MONITOR}/domain/database.py", ""),
        (f"{MONITOR}/domain/a.py", "class Finding: ...\nclass CountedRow: ...\nclass _Feed: ..."),
        (f"{MONITOR}/domain/tickets.py", "def a(ticket, request): return ticket.state, request.state"),
        (f"{CHASSIS}/http/parts.py", "def a(api): return api.state"),
    ],
)
def test_what_is_allowed_is_not_seen(place: str, text: str, tmp_path: Path) -> None:
    _write(tmp_path / place, text)
    assert house_rules.violations(tmp_path) == []


def test_a_folder_with_fifteen_modules_is_seen(tmp_path: Path) -> None:
    folder = tmp_path / MONITOR / "domain/terms"
    _write(folder / "__init__.py", '"""Terms. This package must not know facts."""')
    for number in range(house_rules.MOST_MODULES):
        (folder / f"terms_{number}.py").touch()
    assert house_rules.violations(tmp_path) == []
    (folder / "one_more.py").touch()
    [found] = house_rules.violations(tmp_path)
    assert "domain/terms/__init__.py:1: 15 modules in one folder" in found


def test_a_folder_of_migrations_may_have_any_number_of_modules(tmp_path: Path) -> None:
    for number in range(house_rules.MOST_MODULES + 1):
        _write(tmp_path / MONITOR / f"migrations/versions/{number:04}_step.py", "def upgrade(): ...")
    assert house_rules.violations(tmp_path) == []


@pytest.mark.parametrize("place", [f"{MONITOR}/domain/a.py", "tests/unit/test_a.py", "tools/a.py"])
def test_a_file_over_four_hundred_lines_is_seen(place: str, tmp_path: Path) -> None:
    _write(tmp_path / place, "x = 1\n" * 400)
    assert house_rules.violations(tmp_path) == []
    _write(tmp_path / place, "x = 1\n" * 401)
    [found] = house_rules.violations(tmp_path)
    assert f"{place}:1: 401 lines" in found


def test_one_more_function_with_seven_parameters_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house_rules, "MOST_WITH_MANY_PARAMETERS", 1)
    long = "def judge(a, b, c, d, e, f, *, g): ...\ndef close(a, b, c, d, e, f): ...\n"
    _write(tmp_path / MONITOR / "domain/a.py", long)
    assert house_rules.violations(tmp_path) == []
    _write(tmp_path / MONITOR / "domain/b.py", "class Window:\n    def keep(self, a, b, c, d, e, f, g): ...")
    [found] = house_rules.violations(tmp_path)
    assert "2 functions have more than 6 parameters, and only 1 may" in found
    assert f"keep ({MONITOR}/domain/b.py:2)" in found


@pytest.mark.parametrize("text", ["", '"""Terms of agreements."""'])
def test_a_package_that_names_no_limit_is_seen(text: str, tmp_path: Path) -> None:
    _write(tmp_path / MONITOR / "domain/terms/__init__.py", text)
    [found] = house_rules.violations(tmp_path)
    assert "say what the package is for" in found


def test_a_class_name_twice_in_one_service_is_seen(tmp_path: Path) -> None:
    _write(tmp_path / MONITOR / "domain/a.py", "class Window: ...")
    _write(tmp_path / MONITOR / "adapters/b.py", "class Window: ...")
    _write(tmp_path / CHASSIS / "window.py", "class Window: ...")
    [found] = house_rules.violations(tmp_path)
    assert found == f"{MONITOR}/domain/a.py:1: class Window is also defined at {MONITOR}/adapters/b.py:1; " + (
        "give each its own name"
    )


def test_a_function_name_in_three_modules_of_one_service_is_seen(tmp_path: Path) -> None:
    for module in ("a", "b"):
        _write(
            tmp_path / MONITOR / "domain" / f"{module}.py",
            f"def judge(): ...\nclass A{module}:\n    def judge(self): ...",
        )
    assert house_rules.violations(tmp_path) == []
    _write(tmp_path / MONITOR / "api/c.py", "async def judge(): ...")
    [found] = house_rules.violations(tmp_path)
    assert "def judge is defined in 3 modules of services/monitor-svc" in found


def test_a_function_name_with_a_reason_may_be_in_many_modules(tmp_path: Path) -> None:
    for module in ("a", "b", "c"):
        _write(tmp_path / MONITOR / "api" / f"{module}.py", "def router(): ...")
    assert house_rules.violations(tmp_path) == []


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
