from __future__ import annotations

from typing import Any

import pytest

from headrace.connector_sdk import lambda_answers as answers
from headrace.connector_sdk.records import Rejection
from headrace.errors import ConnectorError, NotThere, Refused, Retry, Stop


def failed(code: str, message: str = "because", **details: Any) -> dict[str, Any]:
    return {"isSuccess": False, "errorDetails": {"errorCode": code, "errorMessage": message, **details}}


@pytest.mark.parametrize(
    "code, kind",
    [
        ("RateLimitExceeded", Retry),
        ("ServiceUnavailable", Retry),
        ("RequestTimeout", Retry),
        ("ServerError", Retry),
        ("InvalidCredentials", Refused),
        ("ResourceNotFoundError", NotThere),
        ("AccessDenied", Stop),
        ("InvalidArgument", Stop),
        ("ClientError", Stop),
        ("UnknownError", Stop),
        ("SomethingNew", Stop),
    ],
)
def test_an_error_code_says_what_happens_next_in_the_connectors_own_words(
    code: str, kind: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError, match=rf"^because \({code}\)$") as caught:
        answers.checked(failed(code))
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    "after, wanted", [(7, 7.0), ("7", 7.0), (0.5, 0.5), (None, None), (-1, None), ("soon", None), (10**9, None)]
)
def test_a_connector_says_how_long_to_wait(after: object, wanted: float | None) -> None:
    with pytest.raises(Retry) as caught:
        answers.checked(failed("RateLimitExceeded", retryAfterSeconds=after))
    assert caught.value.after_s == wanted


@pytest.mark.parametrize("answer", [None, [], "fine", 3, {}, {"isSuccess": "true"}, {"isSuccess": False}])
def test_an_answer_that_says_neither_yes_nor_why_not_is_refused_in_appflows_words(answer: object) -> None:
    with pytest.raises(Stop, match="No valid response and error details found in the connector response"):
        answers.checked(answer)


def test_faults_of_settings_are_told_field_by_field() -> None:
    with pytest.raises(Stop, match="url: is no URL; size: too large"):
        answers.checked({"isSuccess": False, "errorsByInputField": {"url": "is no URL", "size": "too large"}})


def test_a_secret_in_a_connectors_words_is_not_told() -> None:
    with pytest.raises(Stop) as caught:
        answers.checked(failed("AccessDenied", "password=hunter2 " + "x" * 5000))
    assert "hunter2" not in caught.value.message
    assert len(caught.value.message) < 1100


def test_a_page_holds_texts_and_the_way_on() -> None:
    page = answers.page({"isSuccess": True, "records": ['{"a":1}', {"b": 2}, 3], "nextToken": "t"})
    assert (page.records, page.position) == (('{"a":1}', '{"b": 2}', "3"), "t")
    assert answers.page({"isSuccess": True, "nextToken": ""}).position is None
    assert answers.page({"isSuccess": True, "records": None, "nextToken": 5}).position == "5"


def test_records_that_are_no_list_are_refused() -> None:
    with pytest.raises(Stop, match="`records` is text, not a list"):
        answers.page({"isSuccess": True, "records": "x"})


@pytest.mark.parametrize("results", [None, [], [{"isSuccess": True}, {"isSuccess": True}]])
def test_success_needs_no_result_for_each_record(results: object) -> None:
    assert answers.rejections({"isSuccess": True, "writeRecordResults": results}, 2, "stock") == ()


@pytest.mark.parametrize("is_success", [True, False])
def test_records_that_were_refused_are_named_with_their_reason(*, is_success: bool) -> None:
    answer = failed("PartialWriteFailure", "some failed") | {
        "isSuccess": is_success,
        "writeRecordResults": [{"isSuccess": False, "errorMessage": "no"}, {"isSuccess": True}, {"isSuccess": False}],
    }
    reasons = answers.rejections(answer, 3, "stock")
    assert reasons == (Rejection(0, "no"), Rejection(2, "some failed (PartialWriteFailure)"))


@pytest.mark.parametrize("results", [[{"isSuccess": False}], [], None])
def test_refusals_that_name_no_record_stop_the_run(results: object) -> None:
    with pytest.raises(Stop, match="refused"):
        answers.rejections(failed("PartialWriteFailure") | {"writeRecordResults": results}, 2, "stock")


@pytest.mark.parametrize(
    "results",
    [
        [1, "x", None],
        [{"isSuccess": True}, {"isSuccess": True}],
        [{"isSuccess": True}] * 4,
        [{"isSuccess": True}, None, {"isSuccess": True}],
        [{"isSuccess": True}, {"recordId": "7"}, {"isSuccess": True}],
        [{"isSuccess": True}, {"isSuccess": "false"}, {"isSuccess": True}],
    ],
)
def test_success_with_results_that_leave_a_record_out_is_not_believed(results: object) -> None:
    with pytest.raises(Stop, match=r"connector stock answered \d results .* for 3 records.*one such object for each"):
        answers.rejections({"isSuccess": True, "writeRecordResults": results}, 3, "stock")


def test_a_refused_record_counts_whatever_is_said_of_the_whole() -> None:
    results = [{"isSuccess": True, "errorMessage": "[]"}, {"isSuccess": False, "errorMessage": "no"}]
    answer = {"isSuccess": True, "errorDetails": None, "writeRecordResults": results}
    assert answers.rejections(answer, 2, "stock") == (Rejection(1, "no"),)


def test_a_write_that_failed_as_a_whole_is_an_error() -> None:
    with pytest.raises(Retry, match="busy"):
        answers.rejections(failed("ServiceUnavailable", "busy"), 2, "stock")


@pytest.mark.parametrize(
    "control, seconds",
    [
        (None, 3600),
        ({"timeToLive": 2, "timeToLiveUnit": "HOURS"}, 7200),
        ({"timeToLive": 5, "timeToLiveUnit": "SECONDS"}, 600),
        ({"timeToLive": 1, "timeToLiveUnit": "FORTNIGHTS"}, 3600),
        ({"timeToLive": "x"}, 3600),
    ],
)
def test_metadata_holds_an_hour_or_as_long_as_the_connector_says(control: object, seconds: float) -> None:
    assert answers.time_to_live_s({"cacheControl": control}) == seconds
