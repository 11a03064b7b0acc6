"""A Singer tap of an imaginary shop: well-behaved, or as its setting `mood` says."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

ABOUT = {
    "name": "tap-shop",
    "version": "1.2.3",
    "settings": {
        "type": "object",
        "required": ["token"],
        "properties": {
            "token": {"type": ["string"], "secret": True, "title": "Token"},
            "count": {"type": ["integer", "null"], "default": 3, "description": "How many orders there are."},
            "mood": {"type": ["string", "null"], "enum": ["fine", "hangs"]},
            "after": {"type": ["integer", "null"]},
            "marker": {"type": ["string", "null"]},
            "padding": {"type": ["integer", "null"]},
            "is_vip": {"type": ["boolean", "null"]},
            "regions": {"type": ["array", "null"], "items": {"type": "string"}},
            "tunnel": {"type": "object", "properties": {"key": {"type": "string", "writeOnly": True}}},
        },
    },
}
PROPERTIES = {
    "id": {"type": ["integer"]},
    "name": {"type": ["string", "null"]},
    "changed": {"type": ["string", "null"], "format": "date-time"},
    "address": {"type": ["object", "null"], "properties": {"city": {"type": "string"}}},
}


def entry(name: str, root: dict[str, Any]) -> dict[str, Any]:
    keys = {"table-key-properties": ["id"], "inclusion": "available"}
    return {
        "tap_stream_id": name,
        "stream": name,
        "schema": {"type": "object", "properties": PROPERTIES},
        "metadata": [
            {"breadcrumb": [], "metadata": keys | root},
            {"breadcrumb": ["properties", "id"], "metadata": {"inclusion": "automatic"}},
        ],
    }


def catalog() -> dict[str, Any]:
    whole = {"forced-replication-method": "FULL_TABLE"}
    known = {"valid-replication-keys": ["id"]}
    return {"streams": [entry("shop-orders", known), entry("shop things", {}), entry("shop-views", whole)]}


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")


def schema(name: str, **more: Any) -> None:
    say({"type": "SCHEMA", "stream": name, "schema": {"properties": PROPERTIES | more}, "key_properties": ["id"]})


def record(name: str, number: int, fields: set[str], padding: int = 0) -> None:
    whole = {
        "id": number,
        "name": f"order {number} ☃" + "." * padding,
        "changed": f"2026-01-01T00:{number % 60:02d}:00Z",
        "address": {"city": "here"},
    }
    kept = {field: value for field, value in whole.items() if field in fields}
    say({"type": "RECORD", "stream": name, "record": kept, "time_extracted": "2026-01-01T00:00:00Z"})


class Moods:
    """What it does in the middle of a reading."""

    def __init__(self, config: dict[str, Any], name: str) -> None:
        self._config = config
        self._name = name

    def garbage(self) -> None:
        sys.stdout.write("Have a nice day\n\n")

    def broken(self) -> None:
        sys.stdout.write('{"type": "RECORD", "stream": "shop-ord\n')

    def unknown(self) -> None:
        say({"type": "ACTIVATE_VERSION", "stream": self._name, "version": 1})
        say({"type": "PARTY", "guests": [1, 2]})

    def others(self) -> None:
        schema("shop-views")
        record("shop-views", 99, {"id"})

    def changes(self) -> None:
        schema(self._name, size={"type": "integer"})

    def batch(self) -> None:
        say({"type": "BATCH", "stream": self._name, "manifest": ["file:///x"]})

    def hangs(self) -> None:
        sys.stdout.flush()
        threading.Event().wait()

    def huge(self) -> None:
        for _ in range(20):
            sys.stdout.write("x" * 1024 * 1024)

    def raises(self) -> None:
        sys.stdout.flush()
        raise RuntimeError(f"the shop burnt down, and with it {self._config['token']}")

    def killed(self) -> None:
        """Once, where there is a marker to remember it by."""
        marker = self._config.get("marker")
        if marker is not None and Path(marker).exists():
            return
        if marker is not None:
            Path(marker).touch()
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    def waits(self) -> None:
        """Until the marker is there."""
        sys.stdout.flush()
        while not Path(self._config["marker"]).exists():
            threading.Event().wait(0.1)

    def greedy(self) -> None:
        sys.stderr.write(f"{len(bytes(2**31))}\n")

    def environment(self) -> None:
        sys.stderr.write(f"I see {' '.join(sorted(os.environ))}\n")

    def talks(self) -> None:
        sys.stderr.write(f"my token is {self._config['token']}\n")


def read(config: dict[str, Any], chosen: dict[str, Any], state: dict[str, Any]) -> None:
    (found,) = chosen["streams"]
    name, said = found["stream"], {tuple(each["breadcrumb"]): each["metadata"] for each in found["metadata"]}
    fields = {place[1] for place, each in said.items() if place and (each.get("selected") or place[1] == "id")}
    if config.get("mood") != "schemaless":
        schema(name)
    begin = state.get("bookmarks", {}).get(name, {}).get("id", 0)
    for number in range(begin, int(config.get("count", 3))):
        if number == int(config.get("after", 1)):
            getattr(Moods(config, name), config.get("mood", ""), lambda: None)()
        record(name, number, fields, int(config.get("padding", 0)))
        if said[()]["replication-method"] == "INCREMENTAL" and number % 100 == 99:
            say({"type": "STATE", "value": {"bookmarks": {name: {"id": number + 1}}}})
    if said[()]["replication-method"] == "INCREMENTAL":
        end = max(begin, int(config.get("count", 3)))
        say({"type": "STATE", "value": {"bookmarks": {name: {"id": end, "by": said[()]["replication-key"]}}}})


def option(arguments: list[str], name: str) -> dict[str, Any]:
    if name not in arguments:
        return {}
    path = Path(arguments[arguments.index(name) + 1])
    assert path.stat().st_mode & 0o077 == 0, "others may read it"
    return json.loads(path.read_text("utf-8"))


def main(arguments: list[str]) -> None:
    if "--about" in arguments:
        if "--silent" in arguments:
            sys.exit("unknown option --about")
        say(ABOUT)
        return
    if "--help" in arguments:
        sys.stdout.write("usage: fake_tap.py --config CONFIG [--discover] [--catalog CATALOG] [--state STATE]\n")
        return
    config = option(arguments, "--config")
    if not str(config.get("token")).startswith("planted-"):
        raise PermissionError(f"401 Unauthorized: {config['token']} opens nothing")
    if "--discover" in arguments:
        if config.get("mood") == "aimless":
            sys.stdout.write("nothing to see\n")
            return
        sys.stdout.write("Looking around\n" + json.dumps(catalog(), indent=2))
        return
    read(config, option(arguments, "--catalog"), option(arguments, "--state"))


if __name__ == "__main__":
    main(sys.argv[1:])
