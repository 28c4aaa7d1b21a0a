"""Why no report is built.

Refused
  UnknownAgreement  no agreement of this id was heard of, or none that the caller is a party to
  NoSuchPeriod      the text names no period of the agreement's cadence
  OutsideTerm       the agreement was not in force in the period
  FiguresUnavailable       monitor-svc cannot say now what the figures of open windows are
  FiguresForbidden    the caller's key does not let it read figures from monitor-svc
"""

from __future__ import annotations


class Refusal(Exception):
    """Any reason for which no report is built; the message says it to the caller."""


class UnknownAgreement(Refusal):
    """No agreement of this id was heard of, or the caller is no party to it."""

    def __init__(self, agreement_id: str) -> None:
        super().__init__(f"there is no signed agreement {agreement_id}")
        self.agreement_id = agreement_id


class NoSuchPeriod(Refusal):
    """A text that names no period of the agreement's cadence; the message says how one is written."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(remedy)
        self.text = text


class OutsideTerm(Refusal):
    """The agreement was not in force in the period asked for; the message names its term."""


class FiguresUnavailable(Refusal):
    """monitor-svc cannot say now what the figures of open windows are; the message says why."""


class FiguresForbidden(Refusal):
    """The caller's key does not let it read figures from monitor-svc."""
