from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headrace.errors import (
    ConflictException,
    ConnectorAuthenticationException,
    ResourceNotFoundException,
    ServiceError,
    ServiceQuotaExceededException,
    ValidationException,
)
from headrace.operations import profiles as operations
from headrace.store import profiles, tokens
from headrace.store.secrets import Sealer
from tests.standins.processes import PATIENCE_S
from tests.unit.operations.calls import START, Calls, Json, flow, serving
from tests.unit.operations.profiles import CLIENT, LOGIN, TOKENS, URL, WHOLE, changed, profile

NAME = {"connectorProfileName": "ann"}


def described(call: Calls, **members: Any) -> list[Json]:
    return call("DescribeConnectorProfiles", **members)["connectorProfileDetails"]


def faults_of(call: Calls, request: Json, name: str = "CreateConnectorProfile") -> str:
    with pytest.raises(ValidationException) as raised:
        call(name, request)
    return str(raised.value)


def secret_of(call: Calls, name: str = "ann") -> Any:
    sealer = Sealer.open_folder(call.data)
    found = call.store.read(
        lambda tx: profiles.get_with_secret(tx, sealer, call.caller.account, call.caller.region, name)
    ).result(timeout=PATIENCE_S)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("connector_type", sorted(WHOLE))
def test_a_profile_of_every_type_is_kept_and_shown_without_its_credentials(call: Calls, connector_type: str) -> None:
    answer = call("CreateConnectorProfile", profile(connector_type))
    (shown,) = described(call)
    member, properties, credentials = WHOLE[connector_type]
    assert answer == {"connectorProfileArn": "arn:aws:appflow:us-east-1:123456789012:connectorprofile/ann"}
    assert shown["connectorProfileArn"] == answer["connectorProfileArn"]
    assert shown["connectorType"] == connector_type
    assert shown["connectorProfileProperties"] == {member: properties}
    assert shown["createdAt"] == shown["lastUpdatedAt"] == START.timestamp()
    assert "planted" not in str(shown)
    assert secret_of(call).given == credentials
    assert shown.get("connectorLabel") == ("mine" if connector_type == "CustomConnector" else None)


def test_nothing_of_any_profile_lies_in_clear_in_the_data_folder(call: Calls) -> None:
    for connector_type in WHOLE:
        call("CreateConnectorProfile", profile(connector_type, connector_type, clientToken=connector_type))
    call.store.close()
    content = b"".join(path.read_bytes() for path in call.data.rglob("*") if path.is_file())
    assert b"https://app.example" in content
    assert b"planted" not in content


def test_the_secret_is_named_as_appflow_names_it(call: Calls) -> None:
    call("CreateConnectorProfile", profile())
    (shown,) = described(call)
    assert shown["credentialsArn"] == (
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:appflow!123456789012-ann-1767323045678-000001"
    )


def test_every_fault_of_a_profile_is_named_at_once(call: Calls) -> None:
    request = profile("Slack", connectorLabel="mine", connectionMode="Private", credentials=CLIENT)
    request["connectorProfileConfig"]["connectorProfileProperties"] = {"Zendesk": URL}
    told = faults_of(call, request)
    assert told.startswith("Validation exception: ")
    for part in (
        "connectorProfileProperties holds Zendesk, the profile is of Slack: write Slack only",
        "connectorLabel is for CustomConnector only",
        "connectionMode Private is for",
        "AuthCode cannot be blank for connector: SLACK",
    ):
        assert part in told
    assert described(call) == []


def test_a_single_fault_reads_as_appflow_words_it(call: Calls) -> None:
    told = faults_of(call, profile("Salesforce", credentials={}))
    assert told == "Validation exception: AuthCode cannot be blank for connector: SALESFORCE"


@pytest.mark.parametrize(
    "connector_type, members, fault",
    [
        ("Veeva", {"credentials": None}, "connectorProfileCredentials lacks Veeva: it takes username, password"),
        ("Pardot", {"credentials": None}, "lacks Pardot: it takes accessToken, refreshToken, oAuthRequest, "),
        ("CustomConnector", {"connectorLabel": None}, "connectorLabel is missing"),
        ("Snowflake", {"connectionMode": "Private"}, "privateLinkServiceName is missing"),
        ("Snowflake", {"credentials": {"username": "ann"}}, "hold neither: give either password or privateKey"),
        ("Servicenow", {"credentials": {"username": "ann"}}, "need username and password together"),
        ("Servicenow", {"credentials": {}}, "hold neither: give either username or oAuth2Credentials"),
        ("Servicenow", {"credentials": LOGIN | {"oAuth2Credentials": TOKENS}}, "username and oAuth2Credentials"),
        ("Servicenow", {"credentials": {"oAuth2Credentials": CLIENT}}, "AuthCode cannot be blank"),
        ("SAPOData", {"credentials": {"oAuthCredentials": CLIENT | TOKENS}}, "oAuthProperties is missing"),
        ("SAPOData", {"credentials": {"oAuthCredentials": CLIENT}}, "blank for connector: SAPODATA"),
        ("Salesforce", {"credentials": {"oAuth2GrantType": "JWT_BEARER"}}, "jwtToken is missing"),
        ("Salesforce", {"credentials": {"oAuth2GrantType": "CLIENT_CREDENTIALS"}}, "clientCredentialsArn is missing"),
        ("Zendesk", {"credentials": CLIENT | {"oAuthRequest": {"redirectUri": "x"}}}, "AuthCode cannot be blank"),
        ("Redshift", {"credentials": {"username": "ann"}}, "password is missing"),
        (
            "Redshift",
            {
                "properties": {
                    "bucketName": "lake",
                    "roleArn": "arn:aws:iam::1:r",
                    "dataApiRoleArn": "arn:aws:iam::1:r",
                },
                "credentials": None,
            },
            "databaseName is missing: Redshift needs it with dataApiRoleArn; clusterIdentifier is missing",
        ),
        ("CustomConnector", {"credentials": {"authenticationType": "BASIC"}}, "lack basic"),
        (
            "CustomConnector",
            {"credentials": {"authenticationType": "BASIC", "basic": LOGIN, "apiKey": {"apiKey": "x"}}},
            "hold apiKey: with authenticationType BASIC write basic only",
        ),
        ("CustomConnector", {"credentials": {"authenticationType": "OAUTH2", "oauth2": TOKENS}}, "oAuth2Properties"),
    ],
)
def test_what_the_model_does_not_ask_for_is_asked_for(
    call: Calls, connector_type: str, members: Json, fault: str
) -> None:
    request = profile(connector_type, **members)
    assert fault in faults_of(call, {name: value for name, value in request.items() if value is not None})
    assert call.applications.tried == []


@pytest.mark.parametrize(
    "grant, held, fault",
    [
        ("AUTHORIZATION_CODE", CLIENT, "AuthCode cannot be blank for connector: CUSTOMCONNECTOR"),
        ("CLIENT_CREDENTIALS", {}, "clientId is missing"),
        ("JWT_BEARER", CLIENT, "tokenUrlCustomProperties lacks assertion"),
    ],
)
def test_a_grant_of_a_custom_connector_needs_what_it_is_made_with(
    call: Calls, grant: str, held: Json, fault: str
) -> None:
    oauth = {"tokenUrl": "https://app.example/token", "oAuth2GrantType": grant}
    request = profile(
        "CustomConnector",
        properties={"oAuth2Properties": oauth},
        credentials={"authenticationType": "OAUTH2", "oauth2": held},
    )
    assert fault in faults_of(call, request)


@pytest.mark.parametrize("connector_type", ["S3", "EventBridge", "LookoutMetrics", "Upsolver", "CustomerProfiles"])
def test_a_connector_that_needs_no_profile_gets_none(call: Calls, connector_type: str) -> None:
    told = faults_of(call, profile() | {"connectorType": connector_type})
    assert f"{connector_type} needs no connector profile; profiles are for Salesforce" in told


def test_a_private_connection_is_ready_at_once(call: Calls) -> None:
    call("CreateConnectorProfile", profile("Salesforce", connectionMode="Private"))
    assert described(call)[0]["privateConnectionProvisioningState"] == {"status": "CREATED"}


def test_a_redshift_profile_by_role_needs_no_password(call: Calls) -> None:
    role = "arn:aws:iam::1:role/r"
    properties = {"bucketName": "lake", "roleArn": role, "dataApiRoleArn": role, "databaseName": "d"}
    call(
        "CreateConnectorProfile",
        profile("Redshift", properties=properties | {"clusterIdentifier": "c"}, credentials=None),
    )
    assert secret_of(call).given is None


def test_the_connector_tries_the_profile_before_it_is_kept(call: Calls) -> None:
    call.applications.refusal = ConnectorAuthenticationException("Error while authenticating to connector")
    with pytest.raises(ConnectorAuthenticationException):
        call("CreateConnectorProfile", profile("CustomConnector"))
    (tried,) = call.applications.tried
    assert (tried.connector_label, dict(tried.properties)) == ("mine", {"region": "eu"})
    assert (tried.credentials.kind, dict(tried.credentials.values)) == ("BasicAuth", LOGIN)
    assert tried.secret_arn.startswith("arn:aws:secretsmanager:us-east-1:123456789012:secret:appflow!")
    assert described(call) == []


def test_a_custom_connector_that_nobody_registered_has_no_profile(tmp_path: Path) -> None:
    with serving(tmp_path / "data", has_applications=False) as call:
        with pytest.raises(ResourceNotFoundException) as raised:
            call("CreateConnectorProfile", profile("CustomConnector"))
        assert str(raised.value) == (
            "Connector:mine is not registered. Please register it first before creating ConnectorProfile."
        )
        call("CreateConnectorProfile", profile("Veeva"))


def test_a_name_is_taken_once_in_an_account_and_region(call: Calls) -> None:
    call("CreateConnectorProfile", profile())
    with pytest.raises(ConflictException, match="Connector profile: ann already exists"):
        call("CreateConnectorProfile", profile("Slack"))
    call.by(region="eu-west-1")("CreateConnectorProfile", profile())
    call.by(account="000000000001")("CreateConnectorProfile", profile())
    assert len(described(call)) == 1


def test_of_many_creations_at_once_one_wins(call: Calls) -> None:
    def create(number: int) -> str:
        try:
            call("CreateConnectorProfile", profile(clientToken=str(number)))
        except ServiceError as error:
            return type(error).__name__
        return "made"

    with ThreadPoolExecutor(8) as threads:
        told = sorted(threads.map(create, range(8)))
    assert told == ["ConflictException"] * 7 + ["made"]


def test_a_retry_with_the_same_token_tries_nothing_again(call: Calls) -> None:
    first = call("CreateConnectorProfile", profile(clientToken="t"))
    assert call("CreateConnectorProfile", profile(clientToken="t")) == first
    again = call("UpdateConnectorProfile", changed(clientToken="t"))
    assert call("UpdateConnectorProfile", changed(clientToken="t")) == again
    assert len(call.applications.tried) == 2


@pytest.mark.parametrize("name", ["CreateConnectorProfile", "UpdateConnectorProfile"])
def test_a_token_used_with_another_password_is_a_conflict_that_shows_none(call: Calls, name: str) -> None:
    make = profile if name == "CreateConnectorProfile" else changed
    if name == "UpdateConnectorProfile":
        call("CreateConnectorProfile", profile())
    call(name, make(clientToken="t"))
    with pytest.raises(ConflictException) as raised:
        call(name, make(clientToken="t", credentials={"username": "ann", "password": "planted-other"}))
    assert "planted" not in str(raised.value)


def test_what_is_kept_of_a_request_does_not_let_its_password_be_guessed(tmp_path: Path) -> None:
    kept: list[str] = []
    for folder in ("one", "two"):
        with serving(tmp_path / folder) as call:
            call("CreateConnectorProfile", profile(clientToken="t"))
            kept += call.store.read(fingerprints).result(timeout=PATIENCE_S)
    assert len(set(kept)) == 2


def fingerprints(tx: Any) -> list[str]:
    now_ms = int(START.timestamp() * 1000)
    kept = tokens.get(tx, "123456789012", "us-east-1", "CreateConnectorProfile", "t", now_ms=now_ms)
    return [each.fingerprint for each in kept]


def test_an_update_changes_properties_and_keeps_credentials_that_are_left_out(call: Calls) -> None:
    call("CreateConnectorProfile", profile())
    call.clock.turn(timedelta(seconds=5))
    other = {"instanceUrl": "https://other.example"}
    answer = call("UpdateConnectorProfile", changed(properties=other, credentials=None))
    (shown,) = described(call)
    assert answer == {"connectorProfileArn": shown["connectorProfileArn"]}
    assert shown["connectorProfileProperties"] == {"Veeva": other}
    assert shown["lastUpdatedAt"] - shown["createdAt"] == 5
    assert secret_of(call).given == LOGIN
    assert dict(call.applications.tried[-1].credentials.values) == LOGIN


def test_an_update_gives_new_credentials_and_keeps_the_name_of_the_secret(call: Calls) -> None:
    call("CreateConnectorProfile", profile())
    (before,) = described(call)
    new = {"username": "bob", "password": "planted-new"}
    call("UpdateConnectorProfile", changed(credentials=new))
    (after,) = described(call)
    assert secret_of(call).given == new
    assert after["credentialsArn"] == before["credentialsArn"]


def test_an_update_is_checked_by_the_type_of_the_stored_profile(call: Calls) -> None:
    call("CreateConnectorProfile", profile("Slack"))
    told = faults_of(call, changed(connector_type="Zendesk"), "UpdateConnectorProfile")
    assert "the profile is of Slack: write Slack only" in told


def test_an_update_of_no_profile_finds_none(call: Calls) -> None:
    with pytest.raises(ResourceNotFoundException, match="Connector profile ann not found"):
        call("UpdateConnectorProfile", changed())


def test_a_refused_update_leaves_the_profile_as_it_was(call: Calls) -> None:
    call("CreateConnectorProfile", profile())
    call.applications.refusal = ConnectorAuthenticationException("Error while authenticating to connector")
    with pytest.raises(ConnectorAuthenticationException):
        call("UpdateConnectorProfile", changed(credentials={"username": "bob", "password": "planted-new"}))
    assert secret_of(call).given == LOGIN


def test_an_update_that_another_one_overtook_is_a_conflict(call: Calls) -> None:
    call("CreateConnectorProfile", profile())
    call.applications.meanwhile = lambda: call("UpdateConnectorProfile", changed(credentials=None))
    with pytest.raises(ConflictException, match="is being changed by another request"):
        call("UpdateConnectorProfile", changed())


def test_profiles_are_listed_by_name_type_and_label_in_pages(call: Calls) -> None:
    for name, connector_type in (("c", "Slack"), ("a", "Veeva"), ("b", "CustomConnector"), ("d", "Veeva")):
        call("CreateConnectorProfile", profile(connector_type, name))

    def names(**members: Any) -> list[str]:
        return [each["connectorProfileName"] for each in described(call, **members)]

    assert names() == ["a", "b", "c", "d"]
    assert names(connectorType="Veeva") == ["a", "d"]
    assert names(connectorLabel="mine") == ["b"]
    assert names(connectorProfileNames=["d", "unknown", "a", "a"]) == ["a", "d"]
    assert names(connectorProfileNames=["a", "b"], connectorType="Veeva") == ["a"]
    assert names(connectorProfileNames=["a", "b"], connectorLabel="other") == []
    every: tuple[Json, ...] = ({}, {"connectorProfileNames": ["a", "b", "c", "d"]})
    for filters in every:
        first = call("DescribeConnectorProfiles", maxResults=3, **filters)
        second = call("DescribeConnectorProfiles", maxResults=3, nextToken=first["nextToken"], **filters)
        shown = [*first["connectorProfileDetails"], *second["connectorProfileDetails"]]
        assert [each["connectorProfileName"] for each in shown] == ["a", "b", "c", "d"]
        assert "nextToken" not in second


def test_a_profile_in_use_is_deleted_by_force_only(call: Calls) -> None:
    call("CreateConnectorProfile", profile("Salesforce"))
    call("CreateFlow", using("second"))
    call("CreateFlow", using("first"))
    with pytest.raises(ConflictException) as raised:
        call("DeleteConnectorProfile", NAME)
    assert str(raised.value) == (
        "Conflict executing request: Connector profile: ann is associated with one or more flows. If you still want to"
        " delete it, then make delete request with forceDelete flag as true. Some of the associated flows are:"
        " [first, second]"
    )
    assert call("DeleteConnectorProfile", NAME | {"forceDelete": True}) == {}
    assert described(call) == []
    assert call.describe("first")["sourceFlowConfig"]["connectorProfileName"] == "ann"


def test_a_profile_that_no_flow_uses_is_deleted_at_once(call: Calls) -> None:
    call("CreateConnectorProfile", profile("Salesforce"))
    call("CreateConnectorProfile", profile("Salesforce", "a_n"))
    call("CreateFlow", using("others", profile_name="axn"))
    bogus = flow("bogus")
    bogus["destinationFlowConfigList"][0]["connectorProfileName"] = "ann"
    call("CreateFlow", bogus)
    call("DeleteConnectorProfile", NAME)
    call("DeleteConnectorProfile", connectorProfileName="a_n")
    with pytest.raises(ResourceNotFoundException, match="Connector profile ann not found"):
        call("DeleteConnectorProfile", NAME)


def test_a_profile_made_again_has_a_secret_of_its_own(call: Calls) -> None:
    arns: list[str] = []
    for _ in range(2):
        call("CreateConnectorProfile", profile())
        arns += [each["credentialsArn"] for each in described(call)]
        call("DeleteConnectorProfile", NAME)
    assert len(set(arns)) == 2


def test_appflows_quota_of_profiles_holds_with_its_limits_only(tmp_path: Path) -> None:
    with serving(tmp_path / "data", limits="aws") as call:
        for number in range(operations.MOST_PROFILES):
            call("CreateConnectorProfile", profile(name=f"p{number}"))
        with pytest.raises(ServiceQuotaExceededException, match="100 connector profiles"):
            call("CreateConnectorProfile", profile())


def using(name: str, profile_name: str = "ann") -> Json:
    request = flow(name)
    request["sourceFlowConfig"] = {
        "connectorType": "Salesforce",
        "connectorProfileName": profile_name,
        "sourceConnectorProperties": {"Salesforce": {"object": "Account"}},
    }
    for task in request["tasks"]:
        task["connectorOperator"] = {"Salesforce": next(iter(task["connectorOperator"].values()))}
    return request
