from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from headrace.log import Log
from headrace.testing import Headrace, running
from tests.e2e import custom
from tests.standins.processes import until


@pytest.fixture(name="lines")
def log_stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(name="service")
def running_service(tmp_path: Path, lines: io.StringIO) -> Iterator[Headrace]:
    with running(tmp_path / "data", settings={"HEADRACE_DRAIN": "120"}, log=Log(lines, form="json")) as service:
        yield service


@pytest.fixture(name="appflow")
def stocked(service: Headrace) -> Iterator[Any]:
    custom.host(service, "stock_connector:handle")
    appflow = custom.client(service)
    appflow.register_connector(**custom.registration("Stock"))
    yield appflow
    appflow.close()


def shop(**properties: str) -> dict[str, Any]:
    return custom.profile("shop", "Stock", custom.BASIC, **properties)


def test_a_custom_connector_is_read_into_a_bucket(service: Headrace, appflow: Any, lines: io.StringIO) -> None:
    appflow.create_connector_profile(**shop(count="2500"))
    record = custom.run(service, appflow, custom.from_connector("read", "shop", "stock", "id", "name"))
    assert (record["executionStatus"], record["executionResult"]["recordsProcessed"]) == ("Successful", 2500)
    (key,) = service.list_objects("lake")
    rows = [json.loads(line) for line in service.get_object("lake", key).splitlines()]
    assert [row["id"] for row in rows] == list(range(2500))
    assert rows[7] == {"id": 7, "name": "thing 7"}
    until(lambda: lines.getvalue().count('"handling QueryDataRequest"') == 3)
    said = [json.loads(line) for line in lines.getvalue().splitlines() if '"handling QueryDataRequest"' in line]
    assert {(each["flow"], each["execution"]) for each in said} == {("read", record["executionId"])}
    assert "planted" not in lines.getvalue()


def test_a_custom_connector_is_written_to_and_refuses_in_its_own_words(
    service: Headrace, appflow: Any, tmp_path: Path
) -> None:
    file = tmp_path / "written"
    appflow.create_connector_profile(**shop(file=str(file)))
    service.put_object("raw", "in/a.csv", b"id,name\n" + b"".join(b"%d,thing %d\n" % (n, n) for n in range(450)))
    record = custom.run(service, appflow, custom.to_connector("write", "shop", "stock", "id", "name"))
    assert record["executionStatus"] == "Successful"
    written = [json.loads(line) for line in file.read_text().splitlines()]
    assert [str(row["id"]) for row in written] == [str(number) for number in range(450)]


@pytest.mark.parametrize(
    "handler, words",
    [
        ("raising", "the shelf is empty"),
        ("without_reason", "No valid response"),
        ("without_object", "No valid response"),
    ],
)
def test_a_connector_that_turns_bad_fails_the_run_in_its_own_words(
    service: Headrace, appflow: Any, handler: str, words: str
) -> None:
    appflow.create_connector_profile(**shop(count="5"))
    flow = custom.from_connector("read", "shop", "stock", "id")
    appflow.create_flow(**flow)
    custom.host(service, f"stock_connector:{handler}")
    execution = appflow.start_flow(flowName="read")["executionId"]
    service.wait_until_settled([execution])
    (record,) = appflow.describe_flow_execution_records(flowName="read")["flowExecutions"]
    assert record["executionStatus"] == "Error"
    assert words in record["executionResult"]["errorInfo"]["executionMessage"]
    assert service.list_objects("lake") == []


def test_a_run_that_is_drained_still_gets_its_credentials(
    service: Headrace, appflow: Any, lines: io.StringIO, tmp_path: Path
) -> None:
    file = tmp_path / "go-on"
    appflow.create_connector_profile(**shop(mood="asks-home", file=str(file)))
    appflow.create_flow(**custom.from_connector("read", "shop", "stock", "id"))
    appflow.start_flow(flowName="read")
    until(lambda: "handling QueryDataRequest" in lines.getvalue())
    stopping = threading.Thread(target=service.service.stop)
    stopping.start()
    # Time enough for a server that stops before its runs have ended.
    stopping.join(1)
    file.touch()
    stopping.join()
    with running(service.data) as again, closing(custom.client(again)) as client:
        (record,) = client.describe_flow_execution_records(flowName="read")["flowExecutions"]
    assert record["executionStatus"] == "Successful", lines.getvalue()
