"""An Airbyte connector of an imaginary shop: well-behaved, or as its setting `mood` says."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

SPEC = {
    "type": "object",
    "required": ["credentials", "shop"],
    "properties": {
        "shop": {"type": "string", "title": "Shop", "default": "corner"},
        "count": {"type": "integer", "default": 3},
        "mood": {"type": "string"},
        "credentials": {
            "type": "object",
            "oneOf": [
                {
                    "required": ["kind", "token"],
                    "properties": {
                        "kind": {"type": "string", "const": "token"},
                        "token": {"type": "string", "airbyte_secret": True},
                    },
                },
                {
                    "properties": {
                        "kind": {"type": "string", "const": "login"},
                        "user": {"type": "string"},
                        "password": {"type": "string", "airbyte_secret": True},
                    }
                },
            ],
        },
    },
}
SCHEMA = {
    "properties": {
        "id": {"type": "integer", "airbyte_type": "big_integer"},
        "price": {"oneOf": [{"type": "number"}, {"type": "null"}]},
        "at": {"type": "string", "format": "date-time"},
        "tags": {"type": ["null", "array"]},
        "more": {"type": "object"},
        "anything": {"type": ["string", "integer"]},
    }
}
CATALOG = [
    {
        "name": "orders",
        "namespace": "shop",
        "json_schema": SCHEMA,
        "supported_sync_modes": ["full_refresh", "incremental"],
        "source_defined_cursor": True,
        "default_cursor_field": ["at"],
        "source_defined_primary_key": [["id"]],
    },
    {"name": "things", "json_schema": SCHEMA, "supported_sync_modes": ["full_refresh"]},
]


def say(kind: str, **members: Any) -> None:
    sys.stdout.write(json.dumps({"type": kind, **members}) + "\n")


def trouble(words: str, kind: str, inner: str | None = None) -> None:
    error = {"message": words, "internal_message": inner, "failure_type": kind}
    say("TRACE", trace={"type": "ERROR", "emitted_at": 0, "error": error})


def check(config: dict[str, Any]) -> None:
    token = str(config["credentials"].get("token"))
    if not token.startswith("planted-"):
        say("CONNECTION_STATUS", connectionStatus={"status": "FAILED", "message": f"The shop knows no {token}."})
        return
    if config.get("mood") == "crashes":
        trouble("The shop can't be reached.", "system_error", "timed out")
        sys.exit(1)
    if config.get("mood") != "mute":
        say("CONNECTION_STATUS", connectionStatus={"status": "SUCCEEDED"})


def state(kind: str, number: int) -> None:
    own = {"stream_descriptor": {"name": "orders", "namespace": "shop"}, "stream_state": {"id": number}}
    if kind == "global":
        say("STATE", state={"type": "GLOBAL", "global": {"shared_state": {"id": number}, "stream_states": [own]}})
    elif kind == "legacy":
        say("STATE", state={"data": {"id": number}})
    else:
        say("STATE", state={"type": "STREAM", "stream": own, "sourceStats": {"recordCount": 1}})


def begin(given: Any) -> int:
    if not given:
        return 0
    if isinstance(given, dict):
        return given["id"]
    (one,) = given
    return one["global"]["shared_state"]["id"] if one["type"] == "GLOBAL" else one["stream"]["stream_state"]["id"]


def read(config: dict[str, Any], chosen: dict[str, Any], given: Any) -> None:
    (found,) = chosen["streams"]
    mood, entity = config.get("mood"), found["stream"]
    own = {"stream": entity["name"]} | ({"namespace": entity["namespace"]} if "namespace" in entity else {})
    say("LOG", log={"level": "INFO", "message": f"reading with {config['credentials'].get('token')}\nand patience"})
    for number in range(begin(given), config["count"]):
        if mood == "control":
            say("CONTROL", control={"type": "CONNECTOR_CONFIG", "connectorConfig": {"config": {}}})
        if mood in {"transient_error", "system_error"} and number == 1:
            trouble("The shop is closed.", mood, "come back later")
            sys.exit(1)
        whole = {"id": number, "price": 1.5, "at": "2026-01-01T00:00:00Z", "tags": [], "more": {"a": 1}}
        kept = {name: value for name, value in whole.items() if name in entity["json_schema"]["properties"]}
        say("RECORD", record={**own, "data": kept, "emitted_at": 0})
        say("RECORD", record={"stream": "others", "data": {"id": -1}, "emitted_at": 0})
    if mood == "quiet_error":
        trouble("Half of the shop is closed.", "config_error")
    if found["sync_mode"] == "incremental":
        state(mood or "", max(begin(given), config["count"]))


def main(arguments: list[str]) -> None:
    def option(name: str) -> Any:
        return json.loads(Path(arguments[arguments.index(name) + 1]).read_text("utf-8")) if name in arguments else None

    match arguments[0]:
        case "spec":
            say("SPEC", spec={"connectionSpecification": SPEC})
        case "check":
            check(option("--config"))
        case "discover":
            say("LOG", log={"level": "INFO", "message": "Looking around"})
            say("CATALOG", catalog={"streams": CATALOG})
        case _:
            read(option("--config"), option("--catalog"), option("--state"))


if __name__ == "__main__":
    main(sys.argv[1:])
