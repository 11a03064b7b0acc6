"""What the lines of programs mean, those too that are nearly messages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headrace.connector_sdk.hosts.adapters.airbyte import AirbyteHearing
from headrace.connector_sdk.hosts.adapters.found import cursor_of, data_type
from headrace.connector_sdk.hosts.adapters.messages import Bookmark, Failure, Record, Words
from headrace.connector_sdk.hosts.adapters.singer import SingerHearing
from headrace.errors import Retry, Stop
from headrace.runner.spool import as_lines

DEEP = b"[" * 100_000 + b"]" * 100_000


def singer(record: bytes, before: bytes = b"") -> Any:
    hearing = SingerHearing({"orders"})
    hearing(b'{"type":"SCHEMA","stream":"orders"}')
    return hearing(before + b'{"type":"RECORD","stream":"orders","record":' + record + b"}")


def airbyte(record: bytes, before: bytes = b"") -> Any:
    return AirbyteHearing("orders", None)(
        before + b'{"type":"RECORD","record":{"stream":"orders","data":' + record + b"}}"
    )


@pytest.mark.parametrize("hear", [singer, airbyte])
@pytest.mark.parametrize(
    "record, text",
    [
        (b'{"price":12345678901234567890.10}', '{"price":12345678901234567890.10}'),
        ('{"name":"☃"}'.encode(), '{"name":"☃"}'),
        # These are no JSON: the engine rejects the record, and the others are read.
        (b'{"price":NaN}', '{"price": NaN}'),
        (b'{"name":"\\ud800"}', '{"name": "\\ud800"}'),
        (b'{"name":"\xff"}', '{"name":"\udcff"}'),
    ],
)
def test_a_record_is_passed_on_as_it_came(hear: Any, record: bytes, text: str) -> None:
    assert hear(record) == Record(text)
    assert hear(record + b"  ", before=b" ") == Record(text)
    # All of them can be written to the disk.
    assert as_lines([text]).count(b"\n") == 1


@pytest.mark.parametrize("hear", [singer, airbyte])
@pytest.mark.parametrize("record", [b"{", b'{"a":1}}', DEEP, b'{"a":1'])
def test_a_line_that_may_have_been_a_record_ends_the_reading(hear: Any, record: bytes) -> None:
    with pytest.raises(Stop, match=r"may have been a record: \{"):
        hear(record)


def test_a_byte_order_mark_hides_no_message() -> None:
    hearing = SingerHearing({"orders"})
    hearing("\ufeff".encode() + b'{"type":"SCHEMA","stream":"orders"}')
    assert airbyte(b"{}", before="\ufeff".encode()) == Record("{}")


@pytest.mark.parametrize(
    "line, meaning",
    [
        (b"Traceback (most recent call last):", Words("Traceback (most recent call last):")),
        (b'{"type":"WHATEVER"}', None),
        (b'{"type":"LOG","log":{"level":"INFO","message":"hello"}}', Words("hello")),
        (b'{"type":"TRACE","trace":{"type":"STREAM_STATUS"}}', None),
        (b'{"type":"TRACE","trace":{"type":"ERROR","error":3}}', None),
        (b'{"type":"STATE","state":[]}', None),
        (b'{"type":"STATE","state":{"type":"STREAM"}}', None),
        (b'{"type":"STATE","state":{"type":"LEGACY","data":{"a":1}}}', Bookmark('{"a": 1}')),
        (b'{"type":"RECORD","record":{"stream":"orders","namespace":"other","data":{}}}', None),
        (b'{"type":"RECORD","record":{"stream":"others","data":{"a":NaN}}}', None),
    ],
)
def test_other_messages_of_airbytes_are_understood(line: bytes, meaning: object) -> None:
    assert AirbyteHearing("orders", None)(line) == meaning


def test_an_error_of_airbytes_says_whether_it_passes() -> None:
    error = {"message": "busy", "failure_type": "transient_error"}
    line = json.dumps({"type": "TRACE", "trace": {"type": "ERROR", "error": error}}).encode()
    failure = AirbyteHearing("orders", None)(line)
    assert isinstance(failure, Failure)
    assert isinstance(failure.error, Retry)


@pytest.mark.parametrize(
    "schema, expected",
    [
        ({"type": "string"}, ("String", False)),
        ({"type": ["null", "string"], "format": "date"}, ("Date", True)),
        ({"anyOf": [{"type": "null"}, {"type": "string", "format": "date-time"}]}, ("DateTime", True)),
        ({"type": "integer", "minimum": -32768, "maximum": 32767}, ("Short", False)),
        ({"type": "integer", "minimum": -2147483648, "maximum": 2147483647}, ("Integer", False)),
        ({"type": ["number", "string"], "format": "singer.decimal"}, ("BigDecimal", False)),
        ({"type": "string", "format": "singer.decimal"}, ("BigDecimal", False)),
        ({"type": "string", "airbyte_type": "timestamp_without_timezone"}, ("DateTime", False)),
        ({"type": ["boolean", "integer"]}, ("String", False)),
        ({"oneOf": [{"type": "boolean"}, {"type": "boolean"}]}, ("Boolean", False)),
        ({}, ("String", False)),
    ],
)
def test_json_schemas_have_data_types_of_appflows(schema: dict[str, Any], expected: tuple[str, bool]) -> None:
    assert data_type(schema) == expected


def test_an_entity_with_several_instants_needs_one_to_be_named() -> None:
    instant = {"type": "string", "format": "date-time"}
    with pytest.raises(Stop, match=r"by no field at all: .* such as made, changed\."):
        cursor_of("orders", None, (), {"made": instant, "changed": instant})
    with pytest.raises(Stop, match=r"datetimeTypeFieldName\.$"):
        cursor_of("orders", None, (), {})
    assert cursor_of("orders", None, ("id", "changed"), {}) == "id"
    assert cursor_of("orders", "changed", (), {"changed": instant}) == "changed"
