"""Every code of a problem that the code raises is one that the API documents."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from slm import contexts
from slm_agreement.api.document import DOCUMENT as AGREEMENT
from slm_agreement.domain import errors
from slm_chassis.http.document import Documentation
from slm_chassis.http.problem_types import OF_EVERY_API, OF_SEVERAL
from slm_monitor.api.document import DOCUMENT as MONITOR
from slm_notification.api.document import DOCUMENT as NOTIFICATION
from slm_report.api.document import DOCUMENT as REPORT
from slm_review.api.document import DOCUMENT as REVIEW

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = {
    "agreement": AGREEMENT,
    "monitor": MONITOR,
    "report": REPORT,
    "review": REVIEW,
    "notification": NOTIFICATION,
}


@pytest.mark.parametrize("context", contexts.CONTEXTS)
def test_every_problem_that_a_service_raises_is_documented_with_its_status(context: str) -> None:
    documented = DOCUMENTS[context].types
    raised = list(problems(ROOT / f"services/{context}-svc/src"))
    assert raised
    assert not {(code, status) for code, status in raised if code not in documented}
    assert not {(code, status) for code, status in raised if documented[code].status != status}


def test_every_problem_that_the_chassis_raises_is_documented_with_its_status() -> None:
    raised = set(problems(ROOT / "shared/chassis/src"))
    assert len(raised) > 20
    assert not {(code, status) for code, status in raised if OF_EVERY_API[code].status != status}


def test_every_refusal_of_the_rules_of_agreements_is_documented() -> None:
    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.Refusal)]
    assert {each.code for each in kinds} - {"refused"} <= AGREEMENT.types.keys()


@pytest.mark.parametrize("context", contexts.CONTEXTS)
def test_what_a_service_documents_it_can_raise(context: str) -> None:
    """A code that nothing raises would be looked for in vain."""
    documents: Documentation = DOCUMENTS[context]
    text = "\n".join(path.read_text() for path in (ROOT / f"services/{context}-svc/src").rglob("*.py")
                     if path.name != "document.py")  # fmt: skip
    own = {each.code for each in documents.problems} - {each.code for each in OF_SEVERAL}
    assert {code for code in own if f"{code}" not in text} == set()


def problems(folder: Path) -> Iterator[tuple[str, int]]:
    """(code, status) of every ``Problem(…)`` with a literal code in the sources."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Problem" and len(node.args) > 1:
                status, code = node.args[:2]
                if isinstance(status, ast.Constant) and isinstance(code, ast.Constant):
                    yield str(code.value), int(str(status.value))
