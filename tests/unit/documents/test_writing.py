"""Documents in every form, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headrace.documents import FORMS, BadDocument, Document, FlowState, Kind, Place, read, write
from headrace.documents.references import hidden, settled

PUBLISHED = sorted((Path(__file__).parents[2] / "data" / "flows").glob("*.json"))
SCHEDULED = {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": {"scheduleExpression": "rate(1hours)"}}}


def profile(**credentials: Any) -> Document:
    request = {
        "connectorProfileName": "my sf/1",
        "connectorType": "Salesforce",
        "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileProperties": {"Salesforce": {"instanceUrl": "https://x"}},
            "connectorProfileCredentials": credentials,
        },
    }
    return Document(Kind.PROFILE, "my sf/1", request, Place("p"))


def seen(documents: tuple[Document, ...]) -> list[tuple[Any, ...]]:
    """What counts, order of members too."""
    return [(each.kind, each.name, json.dumps(each.request), each.state, each.missing) for each in documents]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_a_published_flow_comes_back_equal_from_every_form(path: Path, form: str) -> None:
    documents = read(str(path), path.read_bytes(), {})

    text = write(documents, form)

    assert seen(read("again", text.encode(), {})) == seen(documents)
    assert write(read("again", text.encode(), {}), form) == text


@pytest.mark.parametrize("form", FORMS)
def test_all_published_flows_fit_one_file(form: str) -> None:
    documents = tuple(each for path in PUBLISHED for each in read(str(path), path.read_bytes(), {}))

    assert seen(read("again", write(documents, form).encode(), {})) == seen(documents)


@pytest.mark.parametrize("form", ["json", "yaml", "cloudformation", "cloudformation-json"])
@pytest.mark.parametrize("state", FlowState)
def test_the_state_of_a_flow_is_written(form: str, state: FlowState) -> None:
    request = {"flowName": "ab", "triggerConfig": SCHEDULED}
    document = Document(Kind.FLOW, "ab", request, Place("f"), state)

    (again,) = read("again", write([document], form).encode(), {})

    assert again.state is state


@pytest.mark.parametrize("form", FORMS)
def test_secrets_are_written_as_references_and_come_back_when_they_are_given(form: str) -> None:
    document = profile(
        Salesforce={
            "accessToken": "open sesame",
            "oAuthRequest": {"authCode": "open too", "redirectUri": "https://y"},
            "clientCredentialsArn": "arn:aws:secretsmanager:us-east-1:111111111111:secret:x",
        }
    )

    text = write([document], form)
    (again,) = read("again", text.encode(), {})
    (opened,) = read("again", text.encode(), {"MySf1AccessToken": "open sesame", "MySf1AuthCode": "open too"})

    assert "open sesame" not in text
    assert "open too" not in text
    assert again.missing == ("MySf1AccessToken", "MySf1AuthCode")
    assert again.request == hidden(document).request
    assert opened.request == document.request
    assert opened.missing == ()


def test_secrets_of_one_name_have_names_of_their_own() -> None:
    document = profile(
        Salesforce={"accessToken": "a"},
        Slack={"accessToken": "b"},
        CustomConnector={"custom": {"credentialsMap": {"accessToken": "c", "a b": "d"}}},
    )

    found = hidden(document)

    assert found.missing == (
        "MySf1AccessToken",
        "MySf1SlackAccessToken",
        "MySf1CredentialsMapAccessToken",
        "MySf1AB",
    )
    values = dict(zip(found.missing, "abcd", strict=True))
    assert settled(found, values).request == document.request


def test_a_reference_stays_the_one_that_it_is() -> None:
    document = profile(Salesforce={"accessToken": "${mine}", "refreshToken": "{{resolve:secretsmanager:x}}"})

    assert hidden(document).request == document.request


def test_a_secret_that_only_holds_a_reference_is_hidden() -> None:
    document = profile(Salesforce={"accessToken": "open sesame {{resolve:ssm:x}}"})

    assert "open sesame" not in write([document], "json")


def test_what_a_form_has_no_place_for_is_told() -> None:
    request = {
        "flowName": "ab",
        "destinationFlowConfigList": [{"destinationConnectorProperties": {"CustomerProfiles": {"domainName": "x"}}}],
    }
    document = Document(Kind.FLOW, "ab", request, Place("f", 3))

    with pytest.raises(BadDocument) as caught:
        write([document], "cloudformation")

    place = "destinationFlowConfigList.1.member.destinationConnectorProperties.CustomerProfiles"
    assert caught.value.faults == (f"f:3: flow ab: CloudFormation has no place for {place}; write json or yaml",)


def test_resources_have_names_of_their_own() -> None:
    documents = [Document(Kind.FLOW, name, {"flowName": name}, Place("f")) for name in ("a b", "a-b", "!!")]

    found = json.loads(write(documents, "cloudformation-json"))

    assert list(found["Resources"]) == ["AB", "AB2", "Flow"]


def test_text_that_yaml_could_take_for_something_else_is_quoted() -> None:
    words = ["yes", "012", "1e3", "0x1", "2026-01-01", "~", "", "1_000", "12:30", " a", "a\nb", "é", "\x07", "<<", "="]
    request = {"flowName": "ab", "tags": {word or "empty": word for word in words}}
    document = Document(Kind.FLOW, "ab", request, Place("f"))

    (again,) = read("again", write([document], "yaml").encode(), {})

    assert again.request == request
    assert "- yes" not in write([document], "yaml")
