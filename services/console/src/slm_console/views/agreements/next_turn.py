"""What happens next in a negotiation, after the reader's company has done its part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_console.views.agreements.standing import awaited_from, missing_of
from slm_console.views.directory import Directory
from slm_console.views.reader import Reader

Answer = Mapping[str, Any]


def next_turn_in_words(reader: Reader, directory: Directory, agreement: Answer) -> str:
    """Return what the reader's company has sent and who acts next; empty if it is the company's turn to answer.

    The page shows this at any time and not only after a click, so it is still there after a reload.
    """
    side, other = directory.side(agreement), directory.company(directory.other(agreement))
    if directory.own != agreement[f"{side}_party_id"]:
        return ""
    state = agreement["state"]
    if state in ("proposed", "countered") and awaited_from(agreement) != directory.own:
        following = reader.gettext("%(other)s answers next; you need do nothing until then.", other=other)
        return f"{_sent(reader, agreement, side)} {following}"
    if state == "agreed" and not agreement["signatures"] and missing_of(agreement, side):
        return reader.gettext("Both sides have accepted every promise. Next, both sides sign.")
    return ""


def _sent(reader: Reader, agreement: Answer, side: str) -> str:
    if agreement["state"] == "proposed":
        return reader.gettext("The proposal of your company is sent.")
    words = [each.get(side) or {} for each in agreement.get("target_answers") or ()]
    answers = [_kind_of(word) for word in words if word.get("stands", True) and word.get("answer")]
    counts = {kind: answers.count(kind) for kind in ("accepted", "changed", "refused")}
    if agreement.get("on_the_table_of") == agreement[f"{side}_party_id"] and not counts["changed"]:
        # Whoever writes a revision accepts all of it, so without reasons the answers do not tell what was changed.
        return reader.gettext("The answer of your company is sent, with its changes.")
    texts = {
        "accepted": reader.gettext("%(count)s accepted", count=reader.whole(counts["accepted"])),
        "changed": reader.gettext("%(count)s changed", count=reader.whole(counts["changed"])),
        "refused": reader.gettext("%(count)s refused", count=reader.whole(counts["refused"])),
    }
    said = ", ".join(texts[kind] for kind, count in counts.items() if count)
    if not said:
        return reader.gettext("The answer of your company is sent.")
    return reader.gettext("The answer of your company is sent: %(said)s.", said=said)


def _kind_of(word: Answer) -> str:
    """Return the kind of an answer: ``accepted``, ``changed`` or ``refused``.

    The API records a side's own change as ``accepted`` with the reason for the change: such an answer is ``changed``.
    """
    return "changed" if word["answer"] == "accepted" and word.get("reason") else str(word["answer"])
