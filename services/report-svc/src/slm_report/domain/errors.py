"""The reasons why no report is built.

Refusal
  UnknownAgreement    the agreement is unknown, or the caller is not a party to it
  NoSuchPeriod        the text is no period of the agreement's reporting cadence
  OutsideTerm         the agreement was not in force in the period
  FiguresUnavailable  monitor-svc cannot give the figures of open windows now
  FiguresForbidden    the caller's key may not read figures from monitor-svc
"""

from __future__ import annotations


class Refusal(Exception):
    """The base of all reasons why no report is built; the message is for the caller."""


class UnknownAgreement(Refusal):
    """The agreement is unknown, or the caller is not a party to it."""

    def __init__(self, agreement_id: str) -> None:
        super().__init__(f"there is no signed agreement {agreement_id}")
        self.agreement_id = agreement_id


class NoSuchPeriod(Refusal):
    """The text is no period of the agreement's reporting cadence; the message says how to write one."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(remedy)
        self.text = text


class OutsideTerm(Refusal):
    """The agreement was not in force in the period; the message names its term."""


class FiguresUnavailable(Refusal):
    """monitor-svc cannot give the figures of open windows now; the message says why."""


class FiguresForbidden(Refusal):
    """The caller's key may not read figures from monitor-svc."""
