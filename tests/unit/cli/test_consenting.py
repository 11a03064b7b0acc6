"""Which profiles a user's consent connects, and where in them it goes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from headrace.cli.consenting import asked, consented
from headrace.errors import Stop
from tests.unit.operations.profiles import profile

OAUTH: dict[str, Any] = {"clientId": "client", "clientSecret": "s", "oAuthRequest": {"authCode": "code"}}


@pytest.mark.parametrize(
    "connector_type, credentials",
    [
        ("Slack", {"Slack": OAUTH}),
        ("Googleanalytics", {"GoogleAnalytics": OAUTH}),
        ("Servicenow", {"ServiceNow": {"oAuth2Credentials": OAUTH}}),
        ("SAPOData", {"SAPOData": {"oAuthCredentials": OAUTH}}),
        # Its client is none of its credentials.
        ("Salesforce", {"Salesforce": {"oAuthRequest": OAUTH["oAuthRequest"]}}),
    ],
)
def test_consent_goes_where_the_connector_has_its_tokens(connector_type: str, credentials: dict[str, Any]) -> None:
    request = profile(connector_type)
    config = consented(request).config(OAUTH)
    assert config["connectorProfileCredentials"] == credentials
    given = request["connectorProfileConfig"]["connectorProfileProperties"]
    assert config["connectorProfileProperties"] == given


@pytest.mark.parametrize("request_", [profile("Veeva"), profile("CustomConnector"), {"connectorType": "S3"}, {}])
def test_what_has_no_consent_to_ask_for_says_so(request_: dict[str, Any]) -> None:
    with pytest.raises(Stop, match=r"is not connected in a browser|has no connector profiles"):
        consented(request_)


def test_a_profile_may_say_itself_where_and_what_for() -> None:
    request = deepcopy(profile("SAPOData"))
    own = request["connectorProfileConfig"]["connectorProfileProperties"]["SAPOData"]
    own["oAuthProperties"] = {
        "tokenUrl": "https://sap.example/token",
        "authCodeUrl": "https://sap.example/authorize",
        "oAuthScopes": ["ZPDS"],
    }
    declared = {"authenticationConfig": {"oAuth2Defaults": {"authCodeUrls": ["{{authCodeUrl}}"], "oauthScopes": ["x"]}}}

    def api(_: str, about: Any) -> dict[str, Any]:
        assert about == {"connectorType": "SAPOData"}
        return {"connectorConfiguration": declared}

    assert asked(api, consented(request), None, ()) == ("https://sap.example/authorize", ("ZPDS",))
    assert asked(api, consented(request), "https://a.example/?x=1", ("y",)) == ("https://a.example/?x=1", ("y",))


def test_a_connector_that_declares_no_place_for_consent_says_how_to_give_one() -> None:
    with pytest.raises(Stop, match="The connector Slack declares no URL where users consent: give --authorize-url"):
        asked(lambda *_: {"connectorConfiguration": {}}, consented(profile("Slack")), None, ())
