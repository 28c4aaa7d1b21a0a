"""Terms of an agreement that explain figures: what a broken promise costs, and which warnings the customer is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_console.views import durations
from slm_console.views.agreements.credits import credits_in_words, schedule_of
from slm_console.views.directory import Directory
from slm_console.views.reader import Reader

Answer = Mapping[str, Any]
_FIXED_PRICE = "A fixed price a month."
"""The sentence that the form for a new agreement writes into the clause about the price."""


def cost_in_words(reader: Reader, agreement: Answer | None, target_id: str = "") -> str:
    """Return what the agreement says about credits for a broken promise; empty if the agreement is not known.

    If there are credit schedules, they are put into sentences; with ``target_id``, only the schedule of this target.
    Otherwise, the clause about the price is quoted, because an agreement may describe credits there. If that clause is
    empty, or has only the sentence that the form for drafts writes, the text says that no credits are agreed.
    """
    document = (agreement or {}).get("document")
    if document is None:
        return ""
    targets = [each for each in document.get("targets") or () if target_id in ("", str(each.get("target_id")))]
    if any(schedule_of(document, each) for each in targets):
        said = [(str(each.get("title")), credits_in_words(reader, document, each)) for each in targets]
        return " ".join(
            " ".join(costs) if target_id else f"{title}: {' '.join(costs)}" for title, costs in said if costs
        )
    charges = (document.get("clauses") or {}).get("charges") or {}
    text = str(charges.get("text") or "") if isinstance(charges, Mapping) else str(charges)
    if text.strip() in ("", _FIXED_PRICE, reader.gettext("A fixed price a month.")):
        return reader.gettext("No credits are agreed.")
    return reader.gettext("The agreement says about price and credits: “%(text)s”", text=text.strip())


def warnings_in_words(reader: Reader, directory: Directory, agreement: Answer | None) -> str:
    """Return a sentence if the agreement shows warnings to the reader's company late or never; else an empty text.

    This can happen to a customer only. For such a customer, a good state says no more than "not breached".
    """
    document = (agreement or {}).get("document")
    if agreement is None or document is None or directory.own != agreement.get("customer_party_id"):
        return ""
    # A document without the term shows warnings at the breach.
    risks = (document.get("customer_sees") or {}).get("risks", "at_breach")
    if risks == "at_once":
        return ""
    if isinstance(risks, Mapping):
        length = durations.in_words(reader, str(risks.get("after")))
        return reader.gettext(
            "The agreement shows your company a warning once it has lasted %(length)s.", length=length
        )
    return reader.gettext("The agreement shows your company no warning before a breach.")
