"""The strength of a key that the operator chose: it must be as hard to guess as 128 random bits."""

from __future__ import annotations

import math
import re
import string

LEAST_BITS = 128
LEAST_WITHOUT_WORDS = 84
"""The fewest bits of a strong key when a word counts as one choice from a list, and a sequence or repetition as none.
"""
_WORD_BITS = 13.0
"""The bits of a word that was drawn from a list of eight thousand."""
_WORD = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}")
_SEPARATORS = "-_. "
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
REMEDY = "make one with: python3 -c 'import secrets; print(\"slm_\" + secrets.token_urlsafe(32))'"


def explain_weakness(key: str) -> str | None:
    """Return a text that says why a key is too weak; None if the key is strong enough."""
    if not key.isascii() or not key.isprintable() or " " in key:
        return "it contains characters that an HTTP header cannot carry unchanged"
    secret = key.removeprefix("slm_")
    bits = len(secret) * math.log2(_alphabet(secret))
    if bits < LEAST_BITS:
        return f"its {len(secret)} characters give at most {bits:.0f} bits, but {LEAST_BITS} are needed"
    left = _without_the_obvious(secret)
    if left < LEAST_WITHOUT_WORDS:
        return f"it consists of words, sequences or repetitions, which leave about {left:.0f} bits to guess"
    return None


def _alphabet(secret: str) -> int:
    if _HEX.fullmatch(secret):
        return 16
    kinds = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
    letters = sum(len(kind) for kind in kinds if any(character in kind for character in secret))
    others = set(secret) - set(string.ascii_letters + string.digits)
    # Base64 counts as 64 characters even if a key does not happen to contain the last two.
    return max(1, (64 if letters == 62 else letters) + (len(string.punctuation) if others - set("-_") else 0))


def _without_the_obvious(secret: str) -> float:
    """Return how many bits of a key somebody must guess.

    A word counts as one choice from a list of words. Sequences and repetitions of characters count nothing.
    """
    each = math.log2(_alphabet(secret))
    words = [] if _HEX.fullmatch(secret) else [match.group() for match in _WORD.finditer(secret)]
    rest = secret if not words else _WORD.sub("", secret)
    bits = sum(min(_WORD_BITS, len(word) * each) for word in set(words))
    seen: set[str] = set()
    for index, character in enumerate(rest):
        piece = rest[max(0, index - 3) : index + 1]
        if not (_continues(rest, index) or (len(piece) == 4 and piece in seen)):
            bits += 1.0 if character in _SEPARATORS else each
        seen.add(piece)
    return bits


def _continues(text: str, index: int) -> bool:
    """Whether a character continues the sequence of the two before it, as in ``aaa``, ``abc`` or ``321``."""
    if index < 2:
        return False
    step = ord(text[index]) - ord(text[index - 1])
    return step in (-1, 0, 1) and step == ord(text[index - 1]) - ord(text[index - 2])
