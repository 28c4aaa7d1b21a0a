"""How hard a key of the operator's own choosing is to guess: at least as hard as 128 random bits, or it is refused."""

from __future__ import annotations

import math
import re
import string

LEAST_BITS = 128
LEAST_WITHOUT_WORDS = 84
"""Of what is left once words, runs and repetitions count for no more than they are worth."""
_WORD_BITS = 13.0
"""A word out of a list of eight thousand."""
_WORD = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}")
_SEPARATORS = "-_. "
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
REMEDY = "make one with: python3 -c 'import secrets; print(\"slm_\" + secrets.token_urlsafe(32))'"


def weakness_of(key: str) -> str | None:
    """Why a key must not open everything, in words; None where it may."""
    if not key.isascii() or not key.isprintable() or " " in key:
        return "it holds characters that no HTTP header carries as they are"
    secret = key.removeprefix("slm_")
    bits = len(secret) * math.log2(_alphabet(secret))
    if bits < LEAST_BITS:
        return f"{len(secret)} characters of its kind are at most {bits:.0f} bits, and {LEAST_BITS} are needed"
    left = _without_the_obvious(secret)
    if left < LEAST_WITHOUT_WORDS:
        return f"it is made of words, runs or repetitions, which leave about {left:.0f} bits to guess"
    return None


def _alphabet(secret: str) -> int:
    if _HEX.fullmatch(secret):
        return 16
    kinds = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
    letters = sum(len(kind) for kind in kinds if any(character in kind for character in secret))
    others = set(secret) - set(string.ascii_letters + string.digits)
    # All of Base64 counts as 64, whether a key happens to hold its last two signs or not.
    return max(1, (64 if letters == 62 else letters) + (len(string.punctuation) if others - set("-_") else 0))


def _without_the_obvious(secret: str) -> float:
    """Bits of a key in which each word counts as one of a list, and what continues or repeats counts nothing."""
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
    """Whether a character goes on as the two before it did: ``aaa``, ``abc``, ``321``."""
    if index < 2:
        return False
    step = ord(text[index]) - ord(text[index - 1])
    return step in (-1, 0, 1) and step == ord(text[index - 1]) - ord(text[index - 2])
