"""Flows from SAP's own OData server by schedule, and with tokens that end."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from headrace.testing import running
from tests.e2e import sap
from tests.standins.bearer_gate import BearerGate, bearer_gate
from tests.standins.cap import PASSWORD, USER, V2, V4, Cap

CODE = {"authCode": "planted-code", "redirectUri": "http://127.0.0.1/back"}


def oauth_profile(gate: BearerGate, root: str) -> dict[str, Any]:
    client = {"clientId": "client", "clientSecret": "planted-secret", "oAuthRequest": CODE}
    here = f"http://127.0.0.1:{gate.port}"
    properties = {"tokenUrl": f"{here}/token", "authCodeUrl": f"{here}/authorize", "oAuthScopes": ["API"]}
    return sap.profile(gate.port, root, credentials={"oAuthCredentials": client}, oAuthProperties=properties)


@pytest.mark.parametrize("root", [V4, V2], ids=["V4", "V2"])
def test_a_token_that_ends_within_a_run_is_renewed(tmp_path: Path, cap_server: Cap, root: str) -> None:
    with (
        running(tmp_path / "data", entries=sap.ENTRIES) as service,
        closing(boto3.client("appflow", **service.client_arguments)) as appflow,
        bearer_gate(cap_server.url, USER, PASSWORD, lasts=6) as gate,
    ):
        appflow.create_connector_profile(**oauth_profile(gate, root))
        # A token that was had just now is not had anew.
        service.turn(timedelta(minutes=10))
        tasks = sap.projected("ID")
        document = sap.flow(f"{root}/SalesOrders", tasks, paginationConfig={"maxPageSize": 100})
        record = sap.run(service, appflow, document)

        assert record["executionStatus"] == "Successful", record
        assert [each["ID"] for each in sap.written(service, document)] == list(range(1, 1251))
        assert [each["grant_type"] for each in gate.grants] == ["authorization_code", "refresh_token"]
        assert gate.grants[1]["refresh_token"] == "planted-refresh-1"


@pytest.mark.parametrize("root", [V4, V2], ids=["V4", "V2"])
def test_an_incremental_flow_reads_what_has_changed_since(tmp_path: Path, cap_server: Cap, root: str) -> None:
    start, day = datetime(2021, 1, 1, 12, 34, 56, tzinfo=UTC), timedelta(days=1)
    timing = {"scheduleExpression": "rate(1days)", "dataPullMode": "Incremental"}
    with (
        running(tmp_path / "data", entries=sap.ENTRIES, start=start) as service,
        closing(boto3.client("appflow", **service.client_arguments)) as appflow,
    ):
        appflow.create_connector_profile(**sap.profile(cap_server.port, root))
        document = sap.flow(f"{root}/SalesOrders", sap.projected("ID", "changedAt"))
        document["triggerConfig"] = {"triggerType": "Scheduled", "triggerProperties": {"Scheduled": timing}}
        document["sourceFlowConfig"]["incrementalPullConfig"] = {"datetimeTypeFieldName": "changedAt"}
        appflow.create_flow(**document)
        appflow.start_flow(flowName=document["flowName"])
        for by in (timedelta(seconds=1), day, day):
            service.turn(by)
            service.wait_until_idle()
        runs = appflow.describe_flow_execution_records(flowName=document["flowName"])["flowExecutions"][::-1]
        found = {each["ID"] for each in sap.written(service, document)}

    assert [each["executionStatus"] for each in runs] == ["Successful"] * 3
    first, last = runs[0]["dataPullStartTime"], runs[-1]["dataPullEndTime"]
    wanted = {
        row["ID"] for row in cap_server.rows("SalesOrders") if first <= datetime.fromisoformat(row["changedAt"]) < last
    }
    assert found == wanted
    assert 30 < len(wanted) < 40
    # A window is sent as a filter: little more than it is read.
    assert sum(each["executionResult"]["recordsProcessed"] for each in runs) <= len(wanted) + 3
