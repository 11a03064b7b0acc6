"""Keeps secrets out of sentences."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "[redacted]"
# Shorter values would take ordinary words out of sentences.
_SHORTEST = 4


class Hider:
    """Takes values out of texts, in every form in which a request may carry them."""

    def __init__(self, secrets: Iterable[str], hidden: str = HIDDEN) -> None:
        forms = {form for secret in secrets for form in forms_of(secret) if len(form) >= _SHORTEST}
        self._hidden = hidden
        # The longest first: one may be a part of another.
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text with `hidden` in place of every secret."""
        for form in self._forms:
            text = text.replace(form, self._hidden)
        return text


def forms_of(secret: str) -> Iterable[str]:
    """The secret as it is and as URLs, forms, JSON and base64 carry it."""
    # Not every text has a UTF-8: that of half a character would fail.
    whole = secret.encode(errors="replace")
    return secret, quote(whole, safe=""), quote_plus(whole), json.dumps(secret)[1:-1], b64encode(whole).decode()
