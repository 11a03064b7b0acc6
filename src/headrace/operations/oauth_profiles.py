"""Which profiles have tokens of OAuth 2, and where and how those are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from headrace.connector_sdk.built_in import OAuth, RecordConnectorType
from headrace.connector_sdk.oauth import TokenEndpoint, filled
from headrace.connector_sdk.token_style import TokenStyle
from headrace.operations.connections import connection_of
from headrace.operations.profile_kinds import CUSTOM
from headrace.store import connectors
from headrace.store.profiles import Profile, Secret
from headrace.store.store import Store

# How the token endpoint of a custom connector wants to be asked, by account, region and label.
Style = Callable[[str, str, str], TokenStyle]

# Where connectors with several ways to authenticate have what OAuth 2 needs; the others have it at the top.
_PLACES = frozenset({"oAuthCredentials", "oAuth2Credentials"})


@dataclass(frozen=True)
class OAuthProfile:
    """What of a profile is OAuth 2's: `held` are the credentials, below `place` or at the top."""

    grant: str
    held: Mapping[str, Any] = field(repr=False)
    place: str | None
    endpoint: Callable[[], TokenEndpoint]
    assertion: str | None = field(repr=False)

    def with_held(self, given: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
        """The credentials `given` with other ones for OAuth 2."""
        return dict(held) if self.place is None else {**given, self.place: dict(held)}


def declared_styles(store: Store) -> Style:
    """The styles that registered connectors declare."""

    def style(account: str, region: str, label: str) -> TokenStyle:
        found = store.read(lambda tx: connectors.get(tx, account, region, label)).result()
        return TokenStyle() if found is None else TokenStyle.of(found.configuration)

    return style


class OAuthProfiles:
    """Knows the profiles of custom connectors, and of the built-in ones that are here."""

    def __init__(
        self, style: Style, types: Mapping[str, RecordConnectorType], base_urls: Mapping[str, str] | None = None
    ) -> None:
        """`base_urls` are where applications answer instead of at their usual addresses, by connector type."""
        self._style = style
        self._types = types
        self._base_urls = base_urls or {}

    def of(self, profile: Profile, secret: Secret) -> OAuthProfile | None:
        """The profile as OAuth 2 sees it; None where headrace gets no tokens for it."""
        given = secret.given or {}
        if profile.connector_type == CUSTOM:
            return self._custom(profile, given) if given.get("authenticationType") == "OAUTH2" else None
        kind = self._types.get(profile.connector_type)
        if kind is None or kind.oauth is None or connection_of(profile, secret).credentials.kind != "OAuth2":
            return None
        return self._built_in(profile, secret, kind.oauth)

    def _custom(self, profile: Profile, given: Mapping[str, Any]) -> OAuthProfile:
        held: Mapping[str, Any] = given.get("oauth2", {})
        oauth: Mapping[str, Any] = profile.properties["oAuth2Properties"]
        extra: Mapping[str, str] = oauth.get("tokenUrlCustomProperties", {})

        def endpoint() -> TokenEndpoint:
            return TokenEndpoint(
                url=filled(oauth["tokenUrl"], profile.properties.get("profileProperties", {})),
                client_id=held.get("clientId"),
                client_secret=held.get("clientSecret"),
                extra=extra,
                style=self._style(profile.account, profile.region, profile.connector_label or ""),
            )

        return OAuthProfile(oauth["oAuth2GrantType"], held, "oauth2", endpoint, extra.get("assertion"))

    def _built_in(self, profile: Profile, secret: Secret, oauth: OAuth) -> OAuthProfile:
        given = secret.given or {}
        place = next((name for name in given if name in _PLACES), None)
        held: Mapping[str, Any] = given if place is None else given[place]
        values = {name: text.rstrip("/") for name, text in connection_of(profile, secret).properties.items()}

        def endpoint() -> TokenEndpoint:
            url = filled(oauth.token_url, values)
            return TokenEndpoint(
                url=rebased(url, self._base_urls.get(profile.connector_type)),
                client_id=held.get("clientId"),
                client_secret=held.get("clientSecret"),
                style=oauth.style,
            )

        grant: str = held.get("oAuth2GrantType", oauth.grant)
        return OAuthProfile(grant, held, place, endpoint, held.get("jwtToken"))


def rebased(url: str, base_url: str | None) -> str:
    """The URL at another server; None: as it is."""
    if base_url is None:
        return url
    parts, base = urlsplit(url), urlsplit(base_url)
    return urlunsplit((base.scheme, base.netloc, base.path.rstrip("/") + parts.path, parts.query, ""))
