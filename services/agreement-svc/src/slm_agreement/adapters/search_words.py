"""Normalisation of words for searching: without case and accents, separated by spaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+")


def split_search_words(*texts: str | None) -> list[str]:
    """Return the normalised words of the texts in their order. ``Zürich K-1042`` gives ``zurich``, ``k``, ``1042``."""
    joined = unicodedata.normalize("NFKD", " ".join(text for text in texts if text))
    plain = "".join(character for character in joined if not unicodedata.combining(character))
    return _WORD.findall(plain.casefold())


def searchable_text(*texts: str | None) -> str:
    """Return the normalised words as one text, with a space before and after each word.

    So ``LIKE '% zur%'`` finds a word that begins with ``zur``.
    """
    return f" {' '.join(split_search_words(*texts))} "


def reference_texts(references: Iterable[dict[str, str | None]]) -> list[str]:
    """Return the system and the id of each external reference, as texts to search for."""
    return [f"{each['system']} {each['id']}" for each in references]
