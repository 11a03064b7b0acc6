"""Reading requests and writing answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from headrace.model.api import OPERATIONS
from headrace.model.codec import SerializationError, decode, decode_as, encode

CREATE, START, LIST = OPERATIONS["CreateFlow"], OPERATIONS["StartFlow"], OPERATIONS["ListFlows"]


SCHEDULED = '{"triggerConfig":{"triggerProperties":{"Scheduled":{"scheduleStartTime":0}}}}'


def repr_start(value: object) -> str:
    return repr(value)[:10]


def read(operation: str, body: bytes | str) -> dict:
    return decode(OPERATIONS[operation], body=body.encode() if isinstance(body, str) else body)


def test_an_empty_body_is_an_empty_request() -> None:
    assert read("ListFlows", b"") == {}


def test_nulls_and_unknown_members_are_left_out_also_inside_unions() -> None:
    body = (
        '{"tasks":[null,{"later":1,"taskType":"Map","connectorOperator":{"S3":"NO_OP","New":"X","Slack":null}}],"x":2}'
    )
    assert read("CreateFlow", body) == {"tasks": [{"taskType": "Map", "connectorOperator": {"S3": "NO_OP"}}]}


def test_key_order_is_kept() -> None:
    assert list(read("CreateFlow", '{"tasks":[],"flowName":"b","description":"a"}')) == [
        "tasks",
        "flowName",
        "description",
    ]


def test_the_last_of_equal_keys_counts() -> None:
    assert read("StartFlow", '{"flowName":"a1","flowName":"b2"}') == {"flowName": "b2"}


@pytest.mark.parametrize(
    "given, read_as",
    [
        ("1628732168.132", 1628732168.132),
        ("1628732168", 1628732168),
        ('"2021-08-12T01:36:08Z"', 1628732168),
        ('"2021-08-12T01:36:08"', 1628732168),
        ('"2021-08-12T03:36:08.500+02:00"', 1628732168.5),
    ],
)
def test_timestamps_become_epoch_seconds(given: str, read_as: float) -> None:
    body = SCHEDULED.replace("0", given)
    scheduled = read("CreateFlow", body)["triggerConfig"]["triggerProperties"]["Scheduled"]
    assert scheduled == {"scheduleStartTime": read_as}
    assert type(scheduled["scheduleStartTime"]) is type(read_as)


@pytest.mark.parametrize("given", ['"soon"', "1e999", "1e300", "-1e15", "true", "[]"])
def test_a_timestamp_that_is_none_is_refused_with_its_place(given: str) -> None:
    body = SCHEDULED.replace("0", given)
    with pytest.raises(SerializationError, match=r"triggerConfig\.triggerProperties\.Scheduled\.scheduleStartTime"):
        read("CreateFlow", body)


@pytest.mark.parametrize(
    "body, message",
    [
        ('{"flowName":5}', "NUMBER_VALUE can not be converted to a String at 'flowName'"),
        ('{"flowName":true}', "BOOLEAN_VALUE can not be converted to a String at 'flowName'"),
        ('{"flowName":{}}', "START_OBJECT can not be converted to a String at 'flowName'"),
        ('{"tasks":{}}', "START_OBJECT can not be converted to a List at 'tasks'"),
        ('{"tasks":["x"]}', "STRING_VALUE can not be converted to a Object at 'tasks.1.member'"),
        ('{"tags":[]}', "START_ARRAY can not be converted to a Map at 'tags'"),
        ('{"tags":{"a":1}}', "NUMBER_VALUE can not be converted to a String at 'tags.a'"),
        ("[]", "START_ARRAY can not be converted to a Object"),
        ("null", "NULL_VALUE can not be converted to a Object"),
        ('"x"', "STRING_VALUE can not be converted to a Object"),
    ],
)
def test_a_wrong_json_type_is_told_with_its_place(body: str, message: str) -> None:
    with pytest.raises(SerializationError) as caught:
        read("CreateFlow", body)
    assert caught.value.message == message


@pytest.mark.parametrize(
    "body, said",
    [
        (b"{", "not valid JSON"),
        (b'{"a":NaN}', "not finite"),
        (b'{"a":Infinity}', "not finite"),
        (b'{"a":' + b"9" * 5000 + b"}", "too long"),
        (b'{"a":"\xff"}', "not valid UTF-8"),
        (b"\xef\xbb\xbf{}", "not valid JSON"),
        ('{"flowName":"a"}'.encode("utf-16"), "not valid UTF-8"),
        (b'{"flowName":"\\ud800"}', "half of a surrogate pair"),
        (b'{"\\udfff":1}', "half of a surrogate pair"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(SerializationError, match=said):
        decode(START, body=body)


def test_a_whole_surrogate_pair_is_one_character() -> None:
    assert read("StartFlow", b'{"flowName":"\\ud83d\\ude00"}') == {"flowName": "\U0001f600"}


@pytest.mark.parametrize("given, read_as", [("5", 5), ("5.0", 5)])
def test_a_whole_number_may_be_written_with_a_point(given: str, read_as: int) -> None:
    answer = read("ListFlows", f'{{"maxResults":{given}}}')["maxResults"]
    assert (answer, type(answer)) == (read_as, int)


@pytest.mark.parametrize("given", ["5.5", '"5"', "true", "2147483648", "-2147483649", "1e400"])
def test_what_is_no_32_bit_number_is_refused(given: str) -> None:
    with pytest.raises(SerializationError, match="maxResults"):
        read("ListFlows", f'{{"maxResults":{given}}}')


@pytest.mark.parametrize("value", [float("inf"), float("nan"), -(10**400), "1", True], ids=repr_start)
def test_a_double_is_a_finite_number(value: object) -> None:
    with pytest.raises(SerializationError):
        decode_as("Double", value)
    assert decode_as("Double", 1.5) == 1.5


def test_a_secret_of_the_wrong_type_is_not_shown() -> None:
    body = {
        "connectorProfileConfig": {
            "connectorProfileCredentials": {"CustomConnector": {"custom": {"credentialsMap": {"key": 5}}}}
        }
    }
    with pytest.raises(SerializationError) as caught:
        read("CreateConnectorProfile", json.dumps(body))
    assert caught.value.message.endswith("custom.credentialsMap.value'")


def test_path_and_query_members_come_from_there_only() -> None:
    untag = OPERATIONS["UntagResource"]
    body = b'{"resourceArn":"arn:other","tagKeys":["z"]}'
    request = decode(untag, path_values={"resourceArn": "arn:one"}, query={"tagKeys": ["a", "b"]}, body=body)
    assert request == {"resourceArn": "arn:one", "tagKeys": ["a", "b"]}
    assert decode(untag, path_values={"resourceArn": "arn:one"}, body=body) == {"resourceArn": "arn:one"}


def test_answers_leave_nulls_out_and_keep_empty_maps() -> None:
    answer = {
        "tags": {},
        "description": None,
        "tasks": [{"taskProperties": {}, "destinationField": None}],
        "flowName": "null",
    }
    assert json.loads(encode(OPERATIONS["DescribeFlow"], answer)) == {
        "tags": {},
        "tasks": [{"taskProperties": {}}],
        "flowName": "null",
    }


def test_instants_are_written_as_epoch_seconds_with_milliseconds() -> None:
    answer = {"createdAt": datetime(2021, 8, 12, 1, 36, 8, 132_499, UTC)}
    assert encode(OPERATIONS["DescribeFlow"], answer) == b'{"createdAt":1628732168.132}'


def test_answers_are_utf8() -> None:
    assert encode(OPERATIONS["DescribeFlow"], {"description": "naïve"}) == '{"description":"naïve"}'.encode()


def test_tag_changes_have_no_body() -> None:
    assert encode(OPERATIONS["TagResource"], {}) == b""
    assert encode(OPERATIONS["DeleteFlow"], {}) == b"{}"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_can_not_hold_is_a_fault_of_ours(value: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        encode(LIST, {"x": value})


def test_a_value_that_json_can_not_hold_is_a_fault_of_ours() -> None:
    with pytest.raises(TypeError, match="mappingproxy can't be written"):
        encode(CREATE, {"x": MappingProxyType({})})
