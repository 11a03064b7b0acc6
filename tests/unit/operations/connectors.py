"""Requests about custom connectors, and hosts that the stock connector answers on."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headrace.connector_sdk.hosts import Host, Request
from headrace.errors import NotThere
from tests.standins import stock_connector
from tests.unit.operations.calls import Calls, Json, serving

ARN = "arn:aws:lambda:us-east-1:123456789012:function:stock"
BROKEN = "arn:aws:lambda:us-east-1:123456789012:function:broken"
NOWHERE = "arn:aws:lambda:us-east-1:123456789012:function:nowhere"
LABEL = {"connectorLabel": "Stock"}
PROFILE = {"connectorProfileName": "shop"}
STOCK = PROFILE | {"connectorEntityName": "stock"}


class StockHosts:
    """One host, on which the stock connector answers in the test's own process; `failure` is raised instead."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.failure: Exception | None = None

    def host(self, lambda_arn: str) -> Host:
        if lambda_arn == NOWHERE:
            raise NotThere(f"Nothing here answers for {lambda_arn}.")
        return BrokenHost() if lambda_arn == BROKEN else self

    def invoke(self, request: Request, *, batch_key: str | None = None) -> object:
        self.asked.append(json.loads(json.dumps(request)))
        if self.failure is not None:
            raise self.failure
        return json.loads(json.dumps(stock_connector.handle(self.asked[-1], None)))

    def close(self) -> None:
        return


class BrokenHost:
    def invoke(self, request: Request, *, batch_key: str | None = None) -> object:
        return "no such thing"

    def close(self) -> None:
        return


@contextmanager
def stocked(data: Path, hosts: StockHosts) -> Generator[Calls]:
    with serving(data, has_applications=False, hosts=hosts) as calls:
        yield calls


def registration(label: str = "Stock", arn: str = ARN, **members: Any) -> Json:
    return {
        "connectorLabel": label,
        "connectorProvisioningType": "LAMBDA",
        "connectorProvisioningConfig": {"lambda": {"lambdaArn": arn}},
    } | members


def shop(name: str = "shop", label: str = "Stock", **properties: str) -> Json:
    """A profile of the stock connector."""
    return {
        "connectorProfileName": name,
        "connectorType": "CustomConnector",
        "connectorLabel": label,
        "connectionMode": "Public",
        "connectorProfileConfig": {
            "connectorProfileProperties": {"CustomConnector": {"profileProperties": properties}},
            "connectorProfileCredentials": {
                "CustomConnector": {
                    "authenticationType": "BASIC",
                    "basic": {"username": "ann", "password": "planted-password"},
                }
            },
        },
    }


def registered(call: Calls, **members: Any) -> Calls:
    call("RegisterConnector", registration(**members))
    return call


def opened(call: Calls) -> Calls:
    registered(call)("CreateConnectorProfile", shop())
    return call
