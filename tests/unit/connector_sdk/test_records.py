"""What of credentials may be said aloud."""

from __future__ import annotations

import pytest

from headrace.connector_sdk.records import Credentials


def test_an_id_of_a_client_and_a_user_name_are_no_secrets() -> None:
    values = {"clientId": "app", "username": "jane", "customAuthenticationType": "own", "password": "hidden"}
    assert Credentials("CustomAuth", values).secrets == {"password": "hidden"}


@pytest.mark.parametrize("name", ["userName", "userId", "clientSecret", "apiKey", "USERNAME", "", "anything"])
def test_whatever_else_stands_among_credentials_is_a_secret(name: str) -> None:
    assert Credentials("CustomAuth", {name: "planted"}).secrets == {name: "planted"}
