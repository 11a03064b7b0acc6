"""A browser whose user consents: fetches the page, and goes back to where it says with a code."""

from __future__ import annotations

import sys
import urllib.request
from urllib.parse import parse_qsl, urlencode, urlsplit


def back(url: str, **members: str) -> str:
    """The URL that the application would redirect to."""
    asked = dict(parse_qsl(urlsplit(url).query))
    return asked["redirect_uri"] + "?" + urlencode({"state": asked["state"]} | members)


if __name__ == "__main__":
    with urllib.request.urlopen(back(sys.argv[1], code="planted-code"), timeout=120) as page:
        page.read()
