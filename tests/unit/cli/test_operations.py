"""The API's operations as subcommands: what they print, page through and refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.cli.main import BAD_USAGE, DONE, NOT_STARTED, OPERATIONS, RUN_FAILED, run
from headrace.cli.members import option_of
from headrace.cli.skeleton import skeleton
from headrace.model import api
from headrace.model.check import violations
from tests.standins.recorder import Recorder, recording

FLOWS = [{"flowName": f"flow-{number}", "flowStatus": "Active", "createdAt": 1767225600.5} for number in range(5)]


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    with recording() as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL_APPFLOW", found.url)
        yield found


def pages(recorder: Recorder, *sizes: int) -> None:
    recorder.answers.clear()
    at = 0
    for size in sizes:
        at += size
        following = {} if at == sum(sizes) else {"nextToken": f"from-{at}"}
        recorder.answers.append({"flows": FLOWS[at - size : at], **following})


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = DONE) -> str:
    assert run(words) == code
    shown = capsys.readouterr()
    return shown.out if code == DONE else shown.err


def test_every_operation_of_the_model_is_a_subcommand() -> None:
    assert {option_of(name): name for name in api.OPERATIONS} == OPERATIONS


@pytest.mark.parametrize("name", list(OPERATIONS))
def test_every_operation_has_help_and_documents_to_fill_in(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    operation = api.OPERATIONS[OPERATIONS[name]]
    assert f"headrace {name}" in told(capsys, name, "--help")
    if name != "start-flow":
        assert "--cli-input-json" in told(capsys, name, "--help")
    assert json.loads(told(capsys, name, "--generate-cli-skeleton")) == skeleton(operation.input)
    assert json.loads(told(capsys, name, "--generate-cli-skeleton", "output")) == skeleton(operation.output)


def test_a_document_to_fill_in_has_the_right_enumerations_and_members() -> None:
    found = violations("CreateFlow", skeleton("CreateFlowRequest"))
    assert not [each for each in found if "enum value set" in each or "null" in each]


def test_all_pages_are_one_answer(recorder: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    pages(recorder, 2, 2, 1)
    answer = json.loads(told(capsys, "list-flows"))
    assert [each["flowName"] for each in answer["flows"]] == [each["flowName"] for each in FLOWS]
    assert answer.keys() == {"flows"}
    assert [asked.document for asked in recorder.requests] == [{}, {"nextToken": "from-2"}, {"nextToken": "from-4"}]
    assert answer["flows"][0]["createdAt"] == "2026-01-01T00:00:00.500000+00:00"


@pytest.mark.parametrize(
    "words, sent", [(["--no-paginate"], {}), (["--max-results", "2"], {"maxResults": 2}), (["--next-token", "a"], None)]
)
def test_one_page_is_asked_for(
    recorder: Recorder, capsys: pytest.CaptureFixture[str], words: list[str], sent: Any
) -> None:
    pages(recorder, 2, 3)
    assert json.loads(told(capsys, "list-flows", *words))["nextToken"] == "from-2"
    assert [asked.document for asked in recorder.requests] == [{"nextToken": "a"} if sent is None else sent]


def test_no_more_items_are_asked_for_than_wanted(recorder: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    pages(recorder, 2, 1, 2)
    answer = json.loads(told(capsys, "list-flows", "--max-items", "3", "--starting-token", "begin"))
    assert (len(answer["flows"]), answer["nextToken"]) == (3, "from-3")
    assert [asked.document for asked in recorder.requests] == [
        {"maxResults": 3, "nextToken": "begin"},
        {"maxResults": 1, "nextToken": "from-2"},
    ]


def test_a_listing_that_turns_in_a_circle_is_told(recorder: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    recorder.answers[:] = [{"flows": [], "nextToken": "again"}]
    assert "for ever" in told(capsys, "list-flows", code=NOT_STARTED)


def test_groups_of_pages_are_put_together(recorder: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    entity = {"name": "a"}
    recorder.answers[:] = [
        {"connectorEntityMap": {"Objects": [entity]}, "nextToken": "n"},
        {"connectorEntityMap": {"Objects": [entity], "More": [entity]}},
    ]
    answer = json.loads(told(capsys, "list-connector-entities"))
    assert answer == {"connectorEntityMap": {"Objects": [entity, entity], "More": [entity]}}


def test_answers_are_shown_as_asked(recorder: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    recorder.answers[:] = [
        {"flows": [{"flowName": "[red]a", "tags": {"k": "v"}}, {"flowName": "b", "createdBy": "me"}]}
    ]
    assert told(capsys, "list-flows", "--output", "text") == "FLOWS\t\t[red]a\nTAGS\tv\nFLOWS\tme\tb\n"
    table = told(capsys, "list-flows", "--output", "table")
    assert table.splitlines()[0].strip() == "flows"
    assert all(word in table for word in ("flowName", "[red]a", "createdBy", '{"k": "v"}'))
    assert told(capsys, "list-flows", "--query", "flows[].flowName", "--output", "text") == "[red]a\tb\n"


def test_an_answer_without_members_says_nothing(recorder: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    assert [
        told(capsys, "delete-flow", "--flow-name", "a", "--output", form) for form in ("json", "text", "table")
    ] == [
        "",
        "",
        "",
    ]
    assert len(recorder.requests) == 3


@pytest.mark.parametrize(
    "words, said",
    [
        (["describe-flow"], "Missing option '--flow-name'"),
        (["list-flows", "--max-results", "many"], "'--max-results': 'many' is no whole number"),
        (["tag-resource", "--resource-arn", "a", "--tags", "{"], "'--tags': is no JSON"),
        (["tag-resource", "--resource-arn", "a", "--tags", "k=v,,"], "'--tags': makes no sense at its character 5"),
        (["tag-resource", "--resource-arn", "a", "--tags", 'k="v'], 'the sign " belongs there'),
        (["describe-flow", "--flow-name", "file:///none/such"], "/none/such can't be read: No such file"),
        (["create-flow", "--cli-input-json", "[]"], "'--cli-input-json': is no JSON object"),
        (["create-flow", "--cli-input-json", '{"flowNam": "a"}', "--flow-name", "b"], "Missing option"),
        (["start-flow", "--flow-name", "a", "--wait"], "No such option"),
        (["describe-flow", "--flow-name", "a", "b"], "unexpected extra argument"),
        (["delete-flow", "--cli-input-json", '{"flowName": "a", "forced": true}'], "has no member 'forced'"),
        (["describe-connector", "--connector-type", "S4"], "'S4' is none of"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    recorder: Recorder, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert said in told(capsys, *words, code=BAD_USAGE)
    assert recorder.requests == []


def test_a_file_that_is_no_text_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "flow.json"
    file.write_bytes(b"\xff\xfe")
    assert "is no text in UTF-8" in told(capsys, "create-flow", "--cli-input-json", f"file://{file}", code=BAD_USAGE)


@pytest.mark.parametrize(
    "error, status, code, step",
    [
        ("ValidationException", 400, BAD_USAGE, ""),
        ("ResourceNotFoundException", 404, RUN_FAILED, " See what is there: headrace flows"),
        ("ConflictException", 409, RUN_FAILED, " See how it stands"),
        ("AccessDeniedException", 403, RUN_FAILED, " Use another access key"),
        ("UnrecognizedClientException", 403, RUN_FAILED, " Set AWS_ACCESS_KEY_ID"),
        ("SomethingNewException", 400, RUN_FAILED, ""),
    ],
)
def test_a_refusal_is_one_line_with_the_next_step(
    recorder: Recorder, capsys: pytest.CaptureFixture[str], error: str, status: int, code: int, step: str
) -> None:
    recorder.answers[:], recorder.status, recorder.error = [{"message": "It is\nnot so."}], status, error
    (line,) = told(capsys, "describe-flow", "--flow-name", "a", code=code).splitlines()
    assert error in line
    assert f"It is not so.{step}" in line


def test_a_service_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = told(capsys, "list-flows", "--endpoint-url", "http://127.0.0.1:9", code=NOT_STARTED).splitlines()
    assert line.startswith("ConnectionFailed: ")
    assert line.endswith("Start it with headrace serve, or give --endpoint-url.")
    assert "is no address" in told(capsys, "list-flows", "--endpoint-url", "here", code=NOT_STARTED)


def test_what_does_not_speak_the_api_is_told(recorder: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    recorder.answers[:] = [["no"]]
    assert "does not speak AppFlow's API" in told(capsys, "list-flows", code=NOT_STARTED)
