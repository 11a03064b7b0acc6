"""`headrace connect`: a user's consent in the browser becomes the tokens of a connector profile."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from headrace.cli.asking import api_of, url_option
from headrace.cli.consenting import asked, consented
from headrace.cli.loopback import listening
from headrace.cli.main import BAD_USAGE, DONE, RUN_FAILED
from headrace.errors import ConnectorError, Stop


@dataclass(frozen=True)
class Consent:
    """What a user is asked for, and how. None and () leave it to what the connector declares.

    `client_secret` gets the secret, an empty one where there is none; whoever types it isn't asked in vain.
    """

    client_id: str
    client_secret: Callable[[], str] = field(repr=False)
    authorize_url: str | None = None
    scopes: tuple[str, ...] = ()
    port: int = 0
    timeout_s: float = 300.0


@click.command()
@click.argument("profile")
@click.option(
    "--new", "document", type=click.Path(dir_okay=False, path_type=Path), help="Make the profile of this file."
)
@click.option("--client-id", required=True, help="The id of your client at the application.")
@click.option("--client-secret-file", type=click.File(), help="The file with its secret, - for standard input.")
@click.option("--authorize-url", help="Where users consent.  [what the connector declares]")
@click.option("--scope", "scopes", multiple=True, help="A scope to ask for.  [what the connector declares]")
@click.option("--port", default=0, help="The port of the redirect URI http://127.0.0.1:PORT/.  [any]")
@click.option("--timeout", "timeout_s", default=300.0, show_default=True, help="How many seconds to wait.")
@url_option
def command(profile: str, document: Path | None, client_secret_file: Any, url: str | None, **asked: Any) -> int:
    """Connect the PROFILE of a connector to its application, with OAuth 2 and a browser.

    The profile gets new tokens; with --new it is made, by a CreateConnectorProfile request without oAuthRequest.
    Requests are signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY where those are set.
    """

    def secret() -> str:
        if client_secret_file is None:
            return click.prompt("Client secret", hide_input=True, default="", show_default=False)
        return client_secret_file.read().strip()

    api = api_of(url)
    try:
        request = None if document is None else json.loads(document.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        click.echo(f"{document}: {error}", err=True)
        return BAD_USAGE
    try:
        connect(api, profile, request, Consent(client_secret=secret, **asked), browse)
    except ConnectorError as error:
        click.echo(error.message, err=True)
        return RUN_FAILED
    click.echo(f"The connector profile {profile} is connected.")
    return DONE


def browse(url: str) -> None:
    """Open the page, and print its URL for whoever has no browser here."""
    click.echo(f"Consent on this page, with a browser of this machine:\n{url}")
    webbrowser.open(url)


def connect(
    api: Callable[[str, Mapping[str, Any]], dict[str, Any]],
    name: str,
    new: dict[str, Any] | None,
    consent: Consent,
    show: Callable[[str], None],
) -> None:
    """Ask for consent and give the profile the code. Raises Stop where anybody refuses."""
    profile = _stored(api, name) if new is None else new | {"connectorProfileName": name}
    about = consented(profile)
    where, scopes = asked(api, about, consent.authorize_url, consent.scopes)
    client_secret = consent.client_secret()
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    with listening(state, consent.port) as redirect:
        digest = hashlib.sha256(verifier.encode()).digest()
        members = {
            "response_type": "code",
            "client_id": consent.client_id,
            "redirect_uri": redirect.url,
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        } | ({"scope": " ".join(scopes)} if scopes else {})
        show(f"{where}{'&' if '?' in where else '?'}{urlencode(members)}")
        request = {"authCode": redirect.code(consent.timeout_s), "redirectUri": redirect.url, "codeVerifier": verifier}
    oauth = {"clientId": consent.client_id, "oAuthRequest": request}
    oauth |= {"clientSecret": client_secret} if client_secret else {}
    _give(api, profile, about.config(oauth), is_new=new is not None)


def _give(
    api: Callable[[str, Mapping[str, Any]], dict[str, Any]],
    profile: Mapping[str, Any],
    config: Mapping[str, Any],
    *,
    is_new: bool,
) -> None:
    kept = ("connectorProfileName", "connectionMode", *(("connectorType", "connectorLabel") if is_new else ()))
    request = {name: profile[name] for name in kept if name in profile} | {"connectorProfileConfig": config}
    api("CreateConnectorProfile" if is_new else "UpdateConnectorProfile", request)


def _stored(api: Callable[[str, Mapping[str, Any]], dict[str, Any]], name: str) -> dict[str, Any]:
    found = api("DescribeConnectorProfiles", {"connectorProfileNames": [name]})["connectorProfileDetails"]
    if not found:
        raise Stop(f"Connector profile {name} not found. Make it with --new FILE, a CreateConnectorProfile request.")
    return found[0]
