"""Log lines: their two forms, and no secrets in either."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from headrace.log import Level, LibraryLog, Log, redacted, silent

NOON = datetime(2026, 1, 2, 12, 0, 0, 123_456, tzinfo=UTC)
SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"


def a_log(form: Literal["text", "json"] = "json", level: Level = "info") -> tuple[Log, io.StringIO]:
    stream = io.StringIO()
    return Log(stream, now=lambda: NOON, form=form, level=level), stream


def open_with(credentials: str) -> None:
    raise ValueError(credentials)


def test_a_json_line_has_time_level_event_and_fields() -> None:
    log, stream = a_log()

    log.bind(flow="f", execution="e").info("execution started", records=3, missing=None)

    assert json.loads(stream.getvalue()) == {
        "time": "2026-01-02T12:00:00.123Z",
        "level": "info",
        "event": "execution started",
        "flow": "f",
        "execution": "e",
        "records": 3,
    }


def test_a_text_line_stays_one_line_whatever_a_field_holds() -> None:
    log, stream = a_log("text")

    log.warning("refused", flow="f", reason="two\nlines", empty="", counts={"a": 1})

    assert stream.getvalue() == (
        '2026-01-02T12:00:00.123Z WARNING refused  flow=f  reason="two\\nlines"  empty=""  counts="{\\"a\\": 1}"\n'
    )


def test_several_lines_are_written_at_once() -> None:
    log, stream = a_log()

    log.bind(flow="f").infos(
        [("StartFlow", {"status": 200}), ("StopFlow", {"status": 409, "error": "password=abcdef"})]
    )

    assert [tuple(json.loads(line).values())[2:] for line in stream.getvalue().splitlines()] == [
        ("StartFlow", "f", 200),
        ("StopFlow", "f", 409, "password=[redacted]"),
    ]


def test_lines_below_the_level_are_not_written() -> None:
    log, stream = a_log(level="warning")

    log.debug("a")
    log.info("b")
    log.infos([("d", {})])
    log.error("c")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["c"]


def test_a_failure_carries_its_traceback_without_secrets() -> None:
    log, stream = a_log("text")

    try:
        open_with(f"aws_secret_access_key={SECRET}")
    except ValueError as error:
        log.failure("internal failure", error, flow="f")

    assert "Traceback (most recent call last)" in stream.getvalue()
    assert SECRET not in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/appflow/aws4_request, Signature={SECRET}",
        f"authorization: Bearer {SECRET}",
        f"Basic {SECRET}",
        f"secretAccessKey={SECRET}",
        f'{{"secret_access_key": "{SECRET}"}}',
        f"https://x/?X-Amz-Algorithm=a&X-Amz-Signature={SECRET}&X-Amz-Security-Token={SECRET}",
        f"postgresql://user:{SECRET}@host/db",
        f"password: '{SECRET}'",
        f"refresh_token={SECRET}",
        f"clientSecret={SECRET}",
        f"api-key={SECRET}",
    ],
)
def test_a_secret_in_a_text_is_not_written(text: str) -> None:
    log, stream = a_log()

    log.info(text, detail=text, nested={"list": [text]})

    assert SECRET not in redacted(text)
    assert SECRET not in stream.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "Authorization",
        "secretAccessKey",
        "secret_access_key",
        "password",
        "clientSecret",
        "refreshToken",
    ],
)
def test_a_secret_in_a_field_is_not_written(name: str) -> None:
    log, stream = a_log()

    fields: dict[str, Any] = {name: SECRET}
    log.info("called", **fields, headers={name: SECRET}, several=[{name: SECRET}])

    assert SECRET not in stream.getvalue()
    assert "[redacted]" in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "clientToken 8c1f",
        "Flow basic_flow not found.",
        "s3://raw/2026/a@b:c.csv",
        "3 records written in 12:30:05",
        "tokens.py",
    ],
)
def test_an_ordinary_text_is_left_alone(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("name", ["clientToken", "nextToken", "execution", "keys", "monkey"])
def test_an_ordinary_field_is_left_alone(name: str) -> None:
    log, stream = a_log()

    fields: dict[str, Any] = {name: "value"}
    log.info("called", **fields)

    assert json.loads(stream.getvalue())[name] == "value"


def test_a_closed_stream_fails_nobody() -> None:
    log, stream = a_log()
    stream.close()

    log.info("lost")


def test_what_libraries_log_is_passed_on() -> None:
    log, stream = a_log()
    handler = LibraryLog(log)

    handler.emit(logging.LogRecord("uvicorn.error", logging.WARNING, "x.py", 1, "got %s", ("it",), None))

    line = json.loads(stream.getvalue())
    assert (line["level"], line["event"], line["library"]) == ("warning", "got it", "uvicorn.error")


def test_a_silent_log_takes_every_line() -> None:
    silent().error("nobody reads this")
