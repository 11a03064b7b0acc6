"""Tokens for profiles that authenticate by OAuth 2.

A profile of a built-in connector that headrace does not have keeps what it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headrace.connector_sdk.built_in import RecordConnectorType
from headrace.connector_sdk.oauth import TokenClient, Tokens
from headrace.errors import Refused
from headrace.operations.oauth_profiles import OAuthProfile, OAuthProfiles, Style
from headrace.store.profiles import Profile, Secret


class Authorizer:
    """Turns what a profile was given into tokens, and old tokens into new ones.

    `authorized` and `refreshed` raise Refused, Retry or Stop as TokenClient does.
    """

    def __init__(
        self,
        tokens: TokenClient,
        style: Style,
        now_ms: Callable[[], int],
        types: Mapping[str, RecordConnectorType] | None = None,
        base_urls: Mapping[str, str] | None = None,
    ) -> None:
        """`types` are the built-in connectors that are here; for `base_urls` see OAuthProfiles."""
        self._tokens = tokens
        self._profiles = OAuthProfiles(style, types or {}, base_urls)
        self._now_ms = now_ms

    def uses_oauth(self, profile: Profile, secret: Secret) -> bool:
        """Whether headrace gets tokens for the profile."""
        return self._profiles.of(profile, secret) is not None

    def authorized(self, profile: Profile, secret: Secret) -> Secret:
        """The secret with tokens; an authorization code is redeemed and forgotten, for it is good once."""
        oauth = self._profiles.of(profile, secret)
        if oauth is None:
            return secret
        if oauth.grant != "AUTHORIZATION_CODE":
            return self._renewed(profile, oauth, secret)
        code: str | None = oauth.held.get("oAuthRequest", {}).get("authCode")
        if code is not None:
            return self._redeemed(oauth, secret, code)
        return secret if "accessToken" in oauth.held else self.refreshed(profile, secret)

    def refreshed(self, profile: Profile, secret: Secret) -> Secret:
        """The secret with new tokens. Raises Refused where the profile has nothing to get any with."""
        oauth = self._profiles.of(profile, secret)
        if oauth is None:
            raise _nothing_to_refresh(profile)
        if oauth.grant != "AUTHORIZATION_CODE":
            return self._renewed(profile, oauth, secret)
        refresh_token: str | None = secret.tokens.get("refreshToken") or oauth.held.get("refreshToken")
        if not refresh_token:
            raise _nothing_to_refresh(profile)
        return self._with(secret, self._tokens.refresh(oauth.endpoint(), refresh_token))

    def _redeemed(self, oauth: OAuthProfile, secret: Secret, code: str) -> Secret:
        request = oauth.held["oAuthRequest"]
        found = self._tokens.redeem(
            oauth.endpoint(), code, redirect_uri=request.get("redirectUri"), verifier=request.get("codeVerifier")
        )
        kept = {name: value for name, value in oauth.held.items() if name != "oAuthRequest"}
        kept |= {"accessToken": found.access_token}
        kept |= {} if found.refresh_token is None else {"refreshToken": found.refresh_token}
        return self._with(Secret(oauth.with_held(secret.given or {}, kept)), found)

    def _renewed(self, profile: Profile, oauth: OAuthProfile, secret: Secret) -> Secret:
        if oauth.grant != "JWT_BEARER":
            return self._with(secret, self._tokens.client_credentials(oauth.endpoint()))
        if oauth.assertion is None:
            raise _nothing_to_refresh(profile)
        return self._with(secret, self._tokens.jwt_bearer(oauth.endpoint(), oauth.assertion))

    def _with(self, secret: Secret, found: Tokens) -> Secret:
        now_ms = self._now_ms()
        tokens: dict[str, Any] = {"accessToken": found.access_token, "obtainedMs": now_ms}
        if found.refresh_token is not None:
            tokens["refreshToken"] = found.refresh_token
        if found.lifetime_s is not None:
            tokens["expiresMs"] = now_ms + int(found.lifetime_s * 1000)
        return Secret(secret.given, tokens)


def _nothing_to_refresh(profile: Profile) -> Refused:
    return Refused(
        f"The access token of the connector profile {profile.name} was refused, and the profile has no refresh token."
        " Give it new credentials with UpdateConnectorProfile."
    )
