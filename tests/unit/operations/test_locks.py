"""What callers ask of two nodes at once, on one database."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.fernet import Fernet

from headrace.errors import ConflictException, ServiceError, ServiceQuotaExceededException, ValidationException
from headrace.operations.profiles import MOST_PROFILES
from headrace.store.postgres_database import WRITERS
from tests.standins.processes import PATIENCE_S
from tests.unit.operations.calls import Calls, Json, flow, serving
from tests.unit.operations.profiles import profile

MANY = 64


@dataclass
class Nodes:
    """Two nodes that answer the same callers."""

    one: Calls
    other: Calls

    def at_once(self, name: str, requests: list[Json]) -> list[Json | ServiceError]:
        """What the nodes in turn answer to requests that come at the same time."""
        with ThreadPoolExecutor(len(requests)) as threads:
            nodes = itertools.cycle([self.one, self.other])
            answers = [threads.submit(node, name, request) for node, request in zip(nodes, requests, strict=False)]
            return [_outcome(answer) for answer in answers]


def _outcome(answer: Future[Json]) -> Json | ServiceError:
    try:
        return answer.result(timeout=PATIENCE_S)
    except ServiceError as error:
        return error


@pytest.fixture(name="new_nodes")
def nodes_on_one_database(tmp_path: Path, database_url: str) -> Callable[..., Any]:
    def new_id() -> str:
        return str(uuid.uuid4())

    given = {"database_url": database_url, "key": Fernet.generate_key().decode(), "new_id": new_id}

    def make(**settings: Any) -> Any:
        return serving(tmp_path / "one", **given, **settings), serving(tmp_path / "other", **given, **settings)

    return make


@pytest.fixture(name="nodes")
def two_nodes(new_nodes: Callable[..., Any]) -> Iterator[Nodes]:
    first, second = new_nodes()
    with first as one, second as other:
        # So that no request waits for its connection, and they do meet.
        for idle in [node.store.write(lambda _: None) for node in (one, other) * WRITERS]:
            idle.result(timeout=PATIENCE_S)
        yield Nodes(one, other)


def named(name: str) -> Json:
    return profile(connectorProfileName=name)


def conflicts(answers: list[Json | ServiceError]) -> int:
    return sum(isinstance(answer, ConflictException) for answer in answers)


def test_one_token_starts_one_run_however_often_and_wherever_it_is_sent(nodes: Nodes) -> None:
    nodes.one("CreateFlow", flow())
    answers = nodes.at_once("StartFlow", [{"flowName": "orders", "clientToken": "t"}] * MANY)
    (record,) = nodes.other.records()
    assert [answer for answer in answers if answer != answers[0]] == []
    assert answers[0] == {**nodes.one("StartFlow", flowName="orders", clientToken="t")}
    assert cast("Json", answers[0])["executionId"] == record["executionId"]


def test_a_flow_that_runs_is_started_by_one_of_many_callers(nodes: Nodes) -> None:
    nodes.one("CreateFlow", flow())
    answers = nodes.at_once("StartFlow", [{"flowName": "orders"}] * MANY)
    assert conflicts(answers) == MANY - 1
    assert len(nodes.other.records()) == 1


def test_runs_that_may_overlap_are_all_started_and_counted_without_a_gap(nodes: Nodes) -> None:
    nodes.one("CreateFlow", flow(tags={"headrace:parallel-runs": "true"}))
    answers = nodes.at_once("StartFlow", [{"flowName": "orders"}] * 32)
    assert len({answer["executionId"] for answer in answers if isinstance(answer, dict)}) == 32
    assert len(nodes.other.records(maxResults=100)) == 32


def test_a_name_is_given_to_one_flow(nodes: Nodes) -> None:
    answers = nodes.at_once("CreateFlow", [flow(tags={"n": str(number)}) for number in range(16)])
    assert conflicts(answers) == 15
    created = next(number for number, answer in enumerate(answers) if isinstance(answer, dict))
    assert nodes.other.describe()["tags"] == {"n": str(created)}


def test_one_token_creates_one_flow_and_all_who_sent_it_hear_so(nodes: Nodes) -> None:
    answers = nodes.at_once("CreateFlow", [flow(clientToken="t")] * 16)
    assert conflicts(answers) == 0
    assert [answer for answer in answers if answer != answers[0]] == []


def test_of_changes_of_one_flow_each_is_made_or_refused(nodes: Nodes) -> None:
    nodes.one("CreateFlow", flow())
    changes = [flow(description=str(number)) for number in range(16)]
    answers = nodes.at_once("UpdateFlow", changes)
    assert conflicts(answers) + sum(isinstance(answer, dict) for answer in answers) == 16
    made = {str(number) for number, answer in enumerate(answers) if isinstance(answer, dict)}
    assert nodes.other.describe()["description"] in made


def test_a_flow_has_no_more_tags_than_it_may_however_many_tag_it(nodes: Nodes) -> None:
    arn = nodes.one("CreateFlow", flow())["flowArn"]
    tags = [{f"{batch}-{number}": "x" for number in range(10)} for batch in range(12)]
    answers = nodes.at_once("TagResource", [{"resourceArn": arn, "tags": batch} for batch in tags])
    assert sum(isinstance(answer, ValidationException) for answer in answers) == 7
    assert len(nodes.other.describe()["tags"]) == 50


def test_a_name_is_given_to_one_connector_profile(nodes: Nodes) -> None:
    answers = nodes.at_once("CreateConnectorProfile", [profile()] * 16)
    assert conflicts(answers) == 15


def test_a_quota_holds_however_many_ask_at_once(new_nodes: Callable[..., Any]) -> None:
    first, second = new_nodes(limits="aws")
    with first as one, second as other:
        nodes = Nodes(one, other)
        for number in range(MOST_PROFILES - 5):
            one("CreateConnectorProfile", named(f"early{number}"))
        answers = nodes.at_once("CreateConnectorProfile", [named(f"late{number}") for number in range(16)])
    assert sum(isinstance(answer, ServiceQuotaExceededException) for answer in answers) == 11
