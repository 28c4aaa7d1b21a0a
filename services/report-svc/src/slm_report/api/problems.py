"""Which status an error of the use cases is answered with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from slm_chassis.http.problems import Problem, invalid, not_found
from slm_report.application.ports import FiguresAway, FiguresRefused
from slm_report.application.reports import OutsideTerm, UnknownAgreement
from slm_report.domain.periods import NoSuchPeriod


@contextmanager
def told(agreement_id: str, period: str | None) -> Iterator[None]:
    """Turns what building a report may raise into problems that say what to do."""
    try:
        yield
    except UnknownAgreement:
        raise not_found("signed agreement", agreement_id) from None
    except NoSuchPeriod as error:
        raise invalid("period", period, str(error)) from None
    except FiguresAway as error:
        detail = f"{error}. A report of an open period needs its figures as of now: ask again in a moment."
        headers = {"Retry-After": "2"}
        raise Problem(
            503, "figures-away", "The figures of open windows cannot be had now", detail, headers=headers
        ) from None
    except FiguresRefused as error:
        detail = f"{error} A report of an open period reads its figures with your key: it needs figures:read."
        raise Problem(403, "out-of-scope", "Outside the key's scopes", detail) from None
    except OutsideTerm as error:
        raise Problem(
            409, "outside-term", "There is nothing to report on", f"{error}. Name a period in which it was in force."
        ) from None
