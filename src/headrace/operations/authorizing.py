"""Tokens for profiles of custom connectors that authenticate by OAuth 2.

Built-in connectors bring their own token endpoints with them; a profile of one that headrace does not have keeps
what it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headrace.connector_sdk.oauth import TokenClient, TokenEndpoint, Tokens, TokenStyle, filled
from headrace.errors import Refused
from headrace.operations.profile_kinds import CUSTOM
from headrace.store import connectors
from headrace.store.profiles import Profile, Secret
from headrace.store.store import Store

# How the connector's token endpoint wants to be asked, by account, region and label.
Style = Callable[[str, str, str], TokenStyle]


def declared_styles(store: Store) -> Style:
    """The styles that registered connectors declare."""

    def style(account: str, region: str, label: str) -> TokenStyle:
        found = store.read(lambda tx: connectors.get(tx, account, region, label)).result()
        return TokenStyle() if found is None else TokenStyle.of(found.configuration)

    return style


class Authorizer:
    """Turns what a profile was given into tokens, and old tokens into new ones.

    Both methods raise Refused, Retry or Stop as TokenClient does.
    """

    def __init__(self, tokens: TokenClient, style: Style, now_ms: Callable[[], int]) -> None:
        self._tokens = tokens
        self._style = style
        self._now_ms = now_ms

    def authorized(self, profile: Profile, secret: Secret) -> Secret:
        """The secret with tokens; an authorization code is redeemed and forgotten, for it is good once."""
        if not uses_oauth(profile, secret):
            return secret
        held, grant = _held(secret), _grant(profile)
        code: str | None = held.get("oAuthRequest", {}).get("authCode")
        if grant == "AUTHORIZATION_CODE" and code is None:
            return self.refreshed(profile, secret) if "accessToken" not in held else secret
        if grant != "AUTHORIZATION_CODE" or code is None:
            return self._renewed(profile, secret)
        request = held["oAuthRequest"]
        found = self._tokens.redeem(
            self._endpoint(profile, held),
            code,
            redirect_uri=request.get("redirectUri"),
            verifier=request.get("codeVerifier"),
        )
        kept = {name: value for name, value in held.items() if name != "oAuthRequest"}
        kept |= {"accessToken": found.access_token}
        kept |= {} if found.refresh_token is None else {"refreshToken": found.refresh_token}
        return self._with(Secret({**(secret.given or {}), "oauth2": kept}), found)

    def refreshed(self, profile: Profile, secret: Secret) -> Secret:
        """The secret with new tokens. Raises Refused where the profile has nothing to get any with."""
        if not uses_oauth(profile, secret):
            raise _nothing_to_refresh(profile)
        if _grant(profile) != "AUTHORIZATION_CODE":
            return self._renewed(profile, secret)
        held = _held(secret)
        refresh_token: str | None = secret.tokens.get("refreshToken") or held.get("refreshToken")
        if not refresh_token:
            raise _nothing_to_refresh(profile)
        return self._with(secret, self._tokens.refresh(self._endpoint(profile, held), refresh_token))

    def _renewed(self, profile: Profile, secret: Secret) -> Secret:
        endpoint = self._endpoint(profile, _held(secret))
        if _grant(profile) == "JWT_BEARER":
            return self._with(secret, self._tokens.jwt_bearer(endpoint, endpoint.extra["assertion"]))
        return self._with(secret, self._tokens.client_credentials(endpoint))

    def _endpoint(self, profile: Profile, held: Mapping[str, Any]) -> TokenEndpoint:
        oauth: Mapping[str, Any] = profile.properties["oAuth2Properties"]
        return TokenEndpoint(
            url=filled(oauth["tokenUrl"], profile.properties.get("profileProperties", {})),
            client_id=held.get("clientId"),
            client_secret=held.get("clientSecret"),
            extra=oauth.get("tokenUrlCustomProperties", {}),
            style=self._style(profile.account, profile.region, profile.connector_label or ""),
        )

    def _with(self, secret: Secret, found: Tokens) -> Secret:
        now_ms = self._now_ms()
        tokens: dict[str, Any] = {"accessToken": found.access_token, "obtainedMs": now_ms}
        if found.refresh_token is not None:
            tokens["refreshToken"] = found.refresh_token
        if found.lifetime_s is not None:
            tokens["expiresMs"] = now_ms + int(found.lifetime_s * 1000)
        return Secret(secret.given, tokens)


def uses_oauth(profile: Profile, secret: Secret) -> bool:
    """Whether headrace gets tokens for the profile."""
    given = secret.given or {}
    return profile.connector_type == CUSTOM and given.get("authenticationType") == "OAUTH2"


def _held(secret: Secret) -> Mapping[str, Any]:
    return (secret.given or {}).get("oauth2", {})


def _grant(profile: Profile) -> str:
    return profile.properties["oAuth2Properties"]["oAuth2GrantType"]


def _nothing_to_refresh(profile: Profile) -> Refused:
    return Refused(
        f"The access token of the connector profile {profile.name} was refused, and the profile has no refresh token."
        " Give it new credentials with UpdateConnectorProfile."
    )
