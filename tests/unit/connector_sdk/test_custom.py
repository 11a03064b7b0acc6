from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headrace.connector_sdk import lambda_shapes as shapes
from headrace.connector_sdk.custom import described
from headrace.connector_sdk.metadata_cache import Key, MetadataCache
from headrace.connector_sdk.records import Rejection
from headrace.errors import NotThere, Refused, Stop
from headrace.model.check import violations
from tests.standins import stock_connector
from tests.unit.connector_sdk.connections import Answers, batch, connection, connector, query

REFUSED = {"isSuccess": False, "errorDetails": {"errorCode": "InvalidCredentials", "errorMessage": "expired"}}


def test_pages_are_read_to_the_last_and_again_from_a_position() -> None:
    custom = connector(Answers(), connection(count="7"))
    pages = list(custom.read(query()))
    assert [len(page.records) for page in pages] == [3, 3, 1]
    assert [page.position for page in pages] == ["3", "6", None]
    assert list(custom.read(query(after="3"))) == pages[1:]


def test_a_run_is_told_of_the_entity_it_reads_and_of_itself() -> None:
    host = Answers()
    list(connector(host, connection(count="1")).read(query(settings={"mode": "all"})))
    context = host.asked[-1]["connectorContext"]
    assert context["entityDefinition"]["entity"]["entityIdentifier"] == "stock"
    assert (context["flowName"], context["connectorProfileLabel"]) == ("MyDemoFlow", "MyConnection")
    assert context["connectorRuntimeSettings"] == {"count": "1", "mode": "all"}
    assert context["apiVersion"] == "v1.0"


def test_every_field_is_asked_for_by_name_where_the_flow_names_none() -> None:
    host = Answers()
    (page,) = connector(host, connection(count="1")).read(query(fields=None))
    assert host.asked[-1]["selectedFieldNames"] == ["id", "name"]
    assert page.records == ('{"id": 0, "name": "thing 0"}',)


def test_where_an_incremental_run_begins_is_told_and_answered_as_a_data_pull_token() -> None:
    definition = stock_connector.entity({"entityIdentifier": "stock"}, {})
    first = {"isSuccess": True, "records": ["{}"], "nextToken": "2", "dataPullNextToken": ""}
    last = {"isSuccess": True, "records": [], "dataPullNextToken": "Tuesday"}
    host = Answers(definition, first, last)

    pages = list(connector(host).read(query(since="Monday")))

    assert [request["dataPullNextToken"] for request in host.asked[1:]] == ["Monday", "Monday"]
    assert [page.bookmark for page in pages] == [None, "Tuesday"]


def test_a_connector_says_of_which_entities_it_keeps_the_place() -> None:
    definition: dict[str, Any] = {**stock_connector.entity({"entityIdentifier": "stock"}, {})}
    own = {**definition["entityDefinition"], "customProperties": {"keepsPlace": "true"}}
    assert connector(Answers(definition | {"entityDefinition": own})).keeps_place("stock") is True
    assert connector(Answers(definition)).keeps_place("stock") is False


def test_the_field_that_an_incremental_flow_goes_by_is_marked() -> None:
    host = Answers()
    list(connector(host, connection(count="1")).read(query(timestamp_field="name")))
    fields = host.asked[-1]["connectorContext"]["entityDefinition"]["fields"]
    marks = {field["fieldName"]: field["isDefaultTimestampFieldForIncrementalQueries"] for field in fields}
    assert marks == {"id": False, "name": True}


def test_pages_that_go_in_a_circle_are_left() -> None:
    definition = stock_connector.entity({"entityIdentifier": "stock"}, {})
    page = {"isSuccess": True, "records": ["{}"], "nextToken": "again"}
    pages = connector(Answers(definition, page, page, page)).read(query())
    next(pages)
    next(pages)
    with pytest.raises(Stop, match="'again' a second time"):
        next(pages)


def test_a_circle_back_to_where_the_run_went_on_is_seen() -> None:
    definition = stock_connector.entity({"entityIdentifier": "stock"}, {})
    pages = connector(Answers(definition, {"isSuccess": True, "nextToken": "here"})).read(query(after="here"))
    next(pages)
    with pytest.raises(Stop, match="circle"):
        next(pages)


def test_records_are_written_and_those_refused_are_named(tmp_path: Path) -> None:
    file = tmp_path / "written"
    custom = connector(Answers(), connection(file=str(file)))
    assert custom.write(batch('{"id":1}', '{"bad":2}', '{"id":3}')) == (Rejection(1, "it is bad"),)
    assert file.read_text().splitlines() == ['{"id":1}', '{"id":3}']
    assert custom.batch_size == 200


def test_credentials_that_expired_are_renewed_once_and_the_call_repeated() -> None:
    renewed: list[bool] = []

    def refresh() -> bool:
        renewed.append(True)
        return True

    host = Answers(REFUSED)
    assert [each["name"] for each in connector(host, refresh=refresh).entities(None)] == ["stock", "warehouse"]
    assert renewed == [True]
    with pytest.raises(Refused, match="expired"):
        connector(Answers(REFUSED, REFUSED), refresh=refresh).entities(None)


def test_credentials_that_cannot_be_renewed_are_refused_at_once() -> None:
    host = Answers(REFUSED)
    with pytest.raises(Refused, match="expired"):
        connector(host).entities(None)
    assert len(host.asked) == 1


def test_entities_nest_and_come_in_the_apis_shape() -> None:
    custom = connector(Answers())
    assert custom.entities(None) == [
        {"name": "stock", "label": "Stock", "hasNestedEntities": False},
        {"name": "warehouse", "label": "warehouse", "hasNestedEntities": True},
    ]
    assert custom.entities("warehouse")[0]["name"] == "warehouse/shelf"


def test_entities_that_go_in_a_circle_are_left() -> None:
    page = {"isSuccess": True, "entities": [], "nextToken": "again"}
    with pytest.raises(Stop, match="circle"):
        connector(Answers(page, page, page)).entities(None)


def test_fields_are_described_as_the_api_does() -> None:
    identity, name = connector(Answers()).describe("stock")
    assert identity["supportedFieldTypeDetails"]["v1"]["filterOperators"][0] == "NOT_EQUAL_TO"
    assert identity["isPrimaryKey"] is True
    assert identity["destinationProperties"]["supportedWriteOperations"] == ["INSERT", "UPSERT"]
    assert name == {
        "identifier": "name",
        "label": "Name",
        "isPrimaryKey": False,
        "isDeprecated": False,
        "supportedFieldTypeDetails": {
            "v1": {
                "fieldType": "String",
                "filterOperators": ["CONTAINS", "EQUAL_TO", "NOT_EQUAL_TO"],
                "supportedValues": [],
            }
        },
        "sourceProperties": {
            "isRetrievable": True,
            "isQueryable": False,
            "isTimestampFieldForIncrementalQueries": False,
        },
    }
    for field in (identity, name):
        assert violations("ConnectorEntityField", field, limits="aws") == ()


def test_an_entity_that_is_not_there_is_told_apart() -> None:
    with pytest.raises(NotThere, match="no ghost here"):
        connector(Answers()).describe("ghost")


@pytest.mark.parametrize(
    "answer",
    [
        {"isSuccess": True},
        {"isSuccess": True, "entityDefinition": {"fields": [{"dataType": "String"}]}},
        {"isSuccess": True, "entityDefinition": {"fields": [None]}},
        {"isSuccess": True, "entityDefinition": {"fields": "id"}},
    ],
)
def test_a_description_that_makes_no_sense_is_refused(answer: object) -> None:
    with pytest.raises(Stop, match="No valid response"):
        connector(Answers(answer)).describe("stock")


def test_a_profile_is_tried_by_its_connector() -> None:
    connector(Answers()).check()
    with pytest.raises(Stop, match="count: no number"):
        connector(Answers(), connection(count="many")).check()
    with pytest.raises(Refused, match="who are you"):
        connector(Answers({"isSuccess": True}), connection(mood="credentials")).check()
    with pytest.raises(Stop, match="count: no number"):
        connector(Answers()).check_settings("SOURCE", {"count": "many"})


def test_a_flows_settings_are_tried_together_with_those_of_the_profile() -> None:
    host = Answers()
    connector(host, connection(count="3", url="http://x")).check_settings("SOURCE", {"count": "4"})
    assert host.asked[0]["connectorRuntimeSettings"] == {"count": "4", "url": "http://x"}
    assert host.asked[0]["scope"] == "SOURCE"


def test_metadata_is_kept_as_long_as_it_holds_and_no_longer() -> None:
    now_ms = [0]
    cache = MetadataCache(lambda: now_ms[0])
    key = Key("1", "r", "p", "entities", None, None)
    answers = iter(range(9))

    def ask() -> tuple[int, float]:
        return next(answers), 10.0

    assert [cache.get(key, ask), cache.get(key, ask)] == [0, 0]
    now_ms[0] = 10_000
    assert cache.get(key, ask) == 1
    cache.forget(lambda each: each.profile_name == "other")
    assert cache.get(key, ask) == 1
    cache.forget(lambda each: each.profile_name == "p")
    assert cache.get(key, ask) == 2


def test_what_was_asked_before_a_reset_is_not_kept_after_it() -> None:
    cache = MetadataCache(lambda: 0)
    key = Key("1", "r", "p", "entities", None, None)

    def ask() -> tuple[str, float]:
        cache.forget(lambda _: True)
        return "old", 10.0

    assert cache.get(key, ask) == "old"
    assert cache.get(key, lambda: ("new", 10.0)) == "new"


def test_the_oldest_metadata_makes_room() -> None:
    cache = MetadataCache(lambda: 0)
    keys = [Key("1", "r", str(number), "entities", None, None) for number in range(1001)]
    for key in keys:
        cache.get(key, lambda: ("old", 10.0))
    assert cache.get(keys[0], lambda: ("new", 10.0)) == "new"
    assert cache.get(keys[-1], lambda: ("new", 10.0)) == "old"


def test_a_connector_that_supports_everything_need_not_say_so() -> None:
    shown = shapes.configuration(described(Answers(), "Stock"))
    assert shown["supportedTriggerTypes"] == ["OnDemand", "Scheduled"]
    assert len(shown["supportedOperators"]) == 21
    assert violations("ConnectorConfiguration", shown, limits="aws") == ()


def test_what_a_connector_says_of_itself_is_shown_under_the_apis_names() -> None:
    shown = shapes.configuration(SALESFORCE)
    oauth = {
        "oauthScopes": ["api"],
        "tokenUrls": ["https://x/token"],
        "authCodeUrls": ["https://x/auth"],
        "oauth2GrantTypesSupported": ["AUTHORIZATION_CODE"],
        "oauth2CustomProperties": [
            {"key": "k", "isRequired": True, "label": "K", "isSensitiveField": False, "type": "TOKEN_URL"}
        ],
    }
    assert shown["authenticationConfig"] == {
        "isBasicAuthSupported": False,
        "isApiKeyAuthSupported": False,
        "isOAuth2Supported": True,
        "isCustomAuthSupported": False,
        "oAuth2Defaults": oauth,
        "customAuthConfigs": [{"customAuthenticationType": "own", "authParameters": []}],
    }
    assert shown["connectorRuntimeSettings"] == [
        {"key": "instanceUrl", "dataType": "String", "isRequired": True, "label": "URL", "scope": "CONNECTOR_PROFILE"}
    ]
    assert shown["supportedTriggerTypes"] == ["Scheduled"]
    assert shown["supportedWriteOperations"] == ["INSERT"]
    assert (shown["canUseAsSource"], shown["canUseAsDestination"]) == (False, True)
    assert violations("ConnectorConfiguration", shown, limits="aws") == ()


@pytest.mark.parametrize("modes", [None, [], ["SIDEWAYS"]])
def test_a_connector_that_neither_reads_nor_writes_is_refused(modes: object) -> None:
    answer = json.loads(json.dumps(SALESFORCE | {"connectorModes": modes}))
    with pytest.raises(Stop, match="neither SOURCE nor DESTINATION"):
        described(Answers(answer), "x")


SALESFORCE = {
    "isSuccess": True,
    "connectorOwner": "Sample",
    "connectorName": "SampleConnector",
    "connectorVersion": "1.0",
    "connectorModes": ["DESTINATION"],
    "authenticationConfig": {
        "isBasicAuthSupported": None,
        "isOAuth2Supported": True,
        "oAuth2Defaults": {
            "tokenURL": ["https://x/token"],
            "authURL": ["https://x/auth"],
            "oAuth2GrantTypesSupported": ["AUTHORIZATION_CODE"],
            "oAuthScopes": ["api"],
            "oAuth2CustomProperties": [{"key": "k", "required": True, "label": "K", "type": "TOKEN_URL"}],
            "addBasicAuthHeader": False,
        },
        "customAuthConfig": [{"authenticationType": "own", "authParameters": None}],
    },
    "connectorRuntimeSetting": [
        {"key": "instanceUrl", "dataType": "String", "required": True, "label": "URL", "scope": "CONNECTOR_PROFILE"}
    ],
    "supportedApiVersions": ["v51.0"],
    "supportedTriggerTypes": ["SCHEDULED"],
    "supportedWriteOperations": ["INSERT", "TELEPORT"],
}
