"""Connectors of records that come with headrace or with a package: what their modules name, and what they get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from headrace.connector_sdk.catalog import CATALOG, Declared, OAuth
from headrace.connector_sdk.http.session import Http
from headrace.connector_sdk.records import Connection, RecordConnector
from headrace.settings import Settings

__all__ = ["OBJECTS", "OAuth", "Outside", "RecordConnectorType"]

# The one group of entities that most of AppFlow's connectors have.
OBJECTS = "Objects"


@dataclass(frozen=True)
class Outside:
    """What an opened connector may use.

    `connection` is the profile as it is now. `refresh` gets new OAuth tokens, and says whether there are any: then
    `connection` has them. A call that raises Refused gets that done for it, see OpenedConnector. `http` makes
    sessions, which share connections and limits with those of all other profiles. `base_url` is where the application
    answers instead of at its usual address, None: there. `kept` answers what its second argument answers, asked once
    an hour for the profile and the name given first, and forgotten with the rest of the profile's metadata.
    """

    connection: Callable[[], Connection]
    refresh: Callable[[], bool]
    kept: Callable[[str, Callable[[], Any]], Any]
    settings: Settings
    now: Callable[[], datetime]
    http: Http = field(default_factory=Http)
    base_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecordConnectorType:
    """What the module of a connector of records names `CONNECTOR`.

    `open` makes the connector of one profile, without asking the application anything. `declared` is what it can
    do, None: all that AppFlow's own can. `group` names the group of the entities below a path, None: the topmost.
    """

    connector_type: str
    open: Callable[[Connection, Outside], RecordConnector]
    declared: Declared | None = None
    oauth: OAuth | None = None
    group: Callable[[str | None], str] = field(default=lambda _: OBJECTS)

    @property
    def declaration(self) -> Declared:
        """What the connector says of itself."""
        return replace(self.declared or CATALOG[self.connector_type], oauth=self.oauth)
