"""A custom connector of our own, for the tests: plain AppFlow contract, standard library only, any Python.

The entity `stock` has as many records as the setting `count` says; `written` is what WriteData appended to the file
that the setting `file` names. The setting `mood` of a request, or the connector's label, makes it misbehave.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import urllib.request
from pathlib import Path

FIELDS = [
    {
        "fieldName": "id",
        "dataType": "Integer",
        "isPrimaryKey": True,
        "readProperties": {"isRetrievable": True, "isQueryable": True},
        "writeProperties": {"isCreatable": True, "supportedWriteOperations": ["INSERT", "UPSERT"]},
    },
    {"fieldName": "name", "dataType": "String", "label": "Name", "readProperties": {"isRetrievable": True}},
]


def handle(event, context):
    settings = event.get("connectorRuntimeSettings") or (event.get("connectorContext") or {}).get(
        "connectorRuntimeSettings", {}
    )
    print(f"handling {event['type']}")
    mood = event.get("mood") or settings.get("mood") or event.get("connectorLabel")
    if mood in MOODS:
        return MOODS[mood](event)
    return ANSWERS[event["type"]](event, settings)


def configuration(_event, _settings):
    return {
        "isSuccess": True,
        "connectorOwner": "Tests",
        "connectorName": "Stock",
        "connectorVersion": "1.0",
        "connectorModes": ["SOURCE", "DESTINATION"],
        "supportedApiVersions": ["v1.0"],
        "authenticationConfig": {"isBasicAuthSupported": True},
        "connectorRuntimeSetting": [
            {"key": "count", "dataType": "Integer", "required": False, "label": "Count", "scope": "CONNECTOR_PROFILE"}
        ],
    }


def settings_are_fine(_event, settings):
    if settings.get("count", "0").isdigit():
        return {"isSuccess": True}
    return {"isSuccess": False, "errorsByInputField": {"count": "no number"}}


def credentials_are_fine(_event, _settings):
    return {"isSuccess": True, "errorDetails": None}


def entities(event, _settings):
    if event["entitiesPath"] == "warehouse":
        return {"isSuccess": True, "entities": [{"entityIdentifier": "warehouse/shelf"}]}
    found = [
        {"entityIdentifier": "stock", "label": "Stock", "isWritable": True},
        {"entityIdentifier": "warehouse", "hasNestedEntities": True},
    ]
    place = int(event["nextToken"] or 0)
    last = place + 1 == len(found)
    return {"isSuccess": True, "entities": [found[place]], "nextToken": None if last else str(place + 1)}


def entity(event, _settings):
    if event["entityIdentifier"] != "stock":
        details = {"errorCode": "ResourceNotFoundError", "errorMessage": f"no {event['entityIdentifier']} here"}
        return {"isSuccess": False, "errorDetails": details}
    definition = {"entity": {"entityIdentifier": "stock"}, "fields": FIELDS, "customProperties": None}
    return {"isSuccess": True, "entityDefinition": definition}


def query(event, settings):
    start, count = int(event["nextToken"] or 0), int(settings.get("count", "0"))
    end = min(start + event["maxResults"], count)
    wanted = event["selectedFieldNames"]
    records = [{"id": number, "name": f"thing {number}"} for number in range(start, end)]
    texts = [json.dumps({name: record[name] for name in wanted}) for record in records]
    return {"isSuccess": True, "records": texts, "nextToken": str(end) if end < count else None}


def write(event, settings):
    results = []
    with Path(settings["file"]).open("a", encoding="utf-8") as file:
        for record in event["records"]:
            is_fine = "bad" not in record
            results.append({"isSuccess": is_fine, "recordId": "1", "errorMessage": "[]" if is_fine else "it is bad"})
            if is_fine:
                file.write(record + "\n")
    if all(each["isSuccess"] for each in results):
        return {"isSuccess": True, "writeRecordResults": results}
    details = {"errorCode": "PartialWriteFailure", "errorMessage": "some are bad"}
    return {"isSuccess": False, "errorDetails": details, "writeRecordResults": results}


def refused(code, message, after=None):
    details = {"errorCode": code, "errorMessage": message, "retryAfterSeconds": after}
    return lambda _event: {"isSuccess": False, "errorDetails": details}


def hang(_event):
    threading.Event().wait()


def ask_home(event):
    """Wait for the file that the setting `file` names, then see whether headrace still answers."""
    if event["type"] != "QueryDataRequest":
        return ANSWERS[event["type"]](event, {})
    while not Path(event["connectorContext"]["connectorRuntimeSettings"]["file"]).exists():
        threading.Event().wait(0.02)
    with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL_SECRETS_MANAGER"] + "/healthz", timeout=120):
        return {"isSuccess": True, "records": ['{"id": 1}']}


def linger(event):
    threading.Thread(target=hang, args=(event,)).start()
    return MOODS["context"](event)


def crash(_event):
    print("about to fall over", file=sys.stderr)
    sys.stderr.flush()
    os.kill(os.getpid(), 9)


def leave(_event):
    os._exit(3)


def fail(_event):
    raise LookupError("the shelf is empty")


ANSWERS = {
    "DescribeConnectorConfigurationRequest": configuration,
    "ValidateConnectorRuntimeSettingsRequest": settings_are_fine,
    "ValidateCredentialsRequest": credentials_are_fine,
    "ListEntitiesRequest": entities,
    "DescribeEntityRequest": entity,
    "QueryDataRequest": query,
    "WriteDataRequest": write,
}
MOODS = {
    "hangs": hang,
    "lingers": linger,
    "crashes": crash,
    "leaves": leave,
    "raises": fail,
    "no-json": lambda _event: {1, 2},
    "no-object": lambda _event: "all is well",
    "no-reason": lambda _event: {"isSuccess": False},
    "huge": lambda _event: {"isSuccess": True, "records": ["x" * 8_000_000]},
    "greedy": lambda _event: {"isSuccess": True, "records": [len(bytearray(1 << 33))]},
    "asks-home": ask_home,
    "environment": lambda _event: {"isSuccess": True, "environment": dict(os.environ)},
    "context": lambda _event: {"isSuccess": True, "pid": os.getpid(), "started": time.monotonic()},
    "credentials": refused("InvalidCredentials", "who are you"),
    "limited": refused("RateLimitExceeded", "slow down", 7),
}


def keyed(_event, context):
    client = context.client_context
    return {"isSuccess": True, "custom": client and client.custom}


# Handlers that always misbehave.
raising = lambda event, _context: fail(event)  # noqa: E731
without_reason = lambda event, _context: MOODS["no-reason"](event)  # noqa: E731
without_object = lambda event, _context: MOODS["no-object"](event)  # noqa: E731
