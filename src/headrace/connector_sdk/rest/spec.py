"""An application's REST interface as data: what a connector says instead of doing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from headrace.connector_sdk.http.limits import USUAL_LIMITS, Limits
from headrace.connector_sdk.http.logins import Login
from headrace.connector_sdk.records import CredentialKind
from headrace.connector_sdk.rest.bodies import Path
from headrace.connector_sdk.rest.faults import BY_STATUS, Faults
from headrace.connector_sdk.rest.fields import Field
from headrace.connector_sdk.rest.paging import ONE_PAGE, Paging

Place = Literal["query", "json", "form"]


@dataclass(frozen=True, slots=True)
class PageSize:
    """What asks for pages of a size, and the most that the application takes."""

    param: str
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One entity, or a family of them, and how its records are read.

    `entity` is its identifier; `{names}` in it make a family, conversations/{channel}, and can be used in `path` and
    `params`, as can profile properties and the flow's settings. `send` is where parameters go. `records` is where the
    list of records lies in an answer, `record` where the record lies in each element; with `is_optional` there may be
    no list. Without `fields` they are inferred from the first page.
    """

    entity: str
    path: str
    method: str = "GET"
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    send: Place = "query"
    records: Path = ""
    record: Path = ""
    is_optional: bool = False
    paging: Paging = ONE_PAGE
    page_size: PageSize | None = None
    label: str | None = None
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One application.

    `base_url` may hold `{names}` of profile properties. `logins` says how each kind of credentials is sent. `check`
    is a path that answers success to good credentials; None: the first resource's first page is read.
    """

    name: str
    base_url: str
    logins: Mapping[CredentialKind, Login]
    resources: tuple[Resource, ...]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    faults: Faults = BY_STATUS
    limits: Limits = USUAL_LIMITS
    check: str | None = None
