"""How a token endpoint of OAuth 2 wants to be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast


@dataclass(frozen=True, slots=True)
class TokenStyle:
    """How a token endpoint wants to be asked: what a connector says in its oAuth2Defaults.

    `within` names the member of an answer whose tokens are taken instead of its own, where it has any.
    """

    has_basic_header: bool = False
    is_json: bool = False
    method: Literal["POST", "GET"] = "POST"
    within: str | None = None

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> TokenStyle:
        """The style that a connector's configuration declares; RFC 6749's where it declares none."""
        config: Any = configuration.get("authenticationConfig")
        defaults: Any = cast("Mapping[str, Any]", config).get("oAuth2Defaults") if isinstance(config, Mapping) else None
        if not isinstance(defaults, Mapping):
            return cls()
        given = cast("Mapping[str, Any]", defaults)
        return cls(
            has_basic_header=given.get("addBasicAuthHeader") is True,
            is_json=given.get("oAuth2ContentType") == "JSON",
            method="GET" if given.get("oAuth2MethodType") == "HTTP_GET" else "POST",
        )
