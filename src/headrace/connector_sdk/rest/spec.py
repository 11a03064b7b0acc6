"""An application's REST interface as data: what a connector says instead of doing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from headrace.connector_sdk.declaring import DataType, Field
from headrace.connector_sdk.http.limits import USUAL_LIMITS, Limits
from headrace.connector_sdk.http.logins import Login
from headrace.connector_sdk.records import CredentialKind, WriteOperation
from headrace.connector_sdk.rest.bodies import Path
from headrace.connector_sdk.rest.faults import BY_STATUS, Faults
from headrace.connector_sdk.rest.filters import Filter
from headrace.connector_sdk.rest.paging import ONE_PAGE, Paging

Place = Literal["query", "json", "form"]


@dataclass(frozen=True, slots=True)
class PageSize:
    """What asks for pages of a size, and the most that the application takes."""

    param: str
    most: int


@dataclass(frozen=True, slots=True)
class Projection:
    """What asks for some fields only; those of `always` are asked for too."""

    param: str
    join: str = ","
    always: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Fields that the application lists: each record of `by` is one.

    Its parts are where a field's name, its type, its label lie in the record; `types` says what the application's
    types are, texts where it doesn't. `key` has the value true in the record of the primary key. `more` are fields
    that the application leaves out.
    """

    by: Resource
    name: Path
    type: Path | None = None
    types: Mapping[str, DataType] = field(default_factory=dict[str, DataType])
    label: Path | None = None
    key: Path | None = None
    cursors: tuple[str, ...] = ()
    more: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The members of a family of entities: each record of `by` is one.

    `names` has where in the record each of the names in the family's entity lies. `under` is the entity that they are
    listed below, None: at the top.
    """

    by: Resource
    names: Mapping[str, Path]
    label: Path | None = None
    under: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What an answer says of each record that was sent.

    `at` is the list of results, in the order of the records; with `place`, where in a result the record's number from
    0 lies, it may have those of failures only. A result is a failure unless it has what `ok` says, ("success", True);
    without `ok` if there are words. `words` is where they lie.
    """

    at: Path
    words: Path
    ok: tuple[Path, Any] | None = None
    place: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """How records are sent for one operation.

    `{id}` in `path` is what the flow's first id field has in the record, `{id_field}` its name. `many` records go in
    one request: more than one as a list, which `within` says where to put, as it says of a single record; each may be
    put `record_within` something else. `body` has what else goes along. With `drops_ids` id fields are left out.

    `is_repeatable`: sent twice, a record is there once; None: of all but INSERT. `key_header` is the header that makes
    it so, by a key. Answers of the statuses `refusing` refuse records: a list is then sent again in halves, until
    those that are refused are found.
    """

    operation: WriteOperation
    path: str
    method: str = "POST"
    many: int = 1
    within: Path = ""
    record_within: Path = ""
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    drops_ids: bool = False
    is_repeatable: bool | None = None
    key_header: str | None = None
    refusing: frozenset[int] = frozenset({400, 409, 413, 422})
    results: Results | None = None

    @property
    def may_repeat(self) -> bool:
        """Whether a request may be sent twice."""
        return self.key_header is not None or (
            self.operation != "INSERT" if self.is_repeatable is None else self.is_repeatable
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One entity, or a family of them, and how its records are read.

    `entity` is its identifier; `{names}` in it make a family, conversations/{channel}, and can be used in `path` and
    `params`, as can profile properties and the flow's settings. `send` is where parameters go; in JSON they may be more
    than texts, and dots in their names part levels. `records` is where the list of records lies in an answer, `record`
    where the record lies in each element; with `is_optional` there may be no list. `filters` and `projection` ask for
    less. Without `fields` they are inferred from the first page. A family is browsed as `listed` says, else not at
    all. `writes` has one for each operation.
    """

    entity: str
    path: str
    method: str = "GET"
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    send: Place = "query"
    records: Path = ""
    record: Path = ""
    is_optional: bool = False
    paging: Paging = ONE_PAGE
    page_size: PageSize | None = None
    filters: tuple[Filter, ...] = ()
    projection: Projection | None = None
    label: str | None = None
    fields: tuple[Field, ...] | Described = ()
    listed: Listed | None = None
    writes: tuple[Write, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One application.

    `base_url` may hold `{names}` of profile properties. `logins` says how each kind of credentials is sent. `check`
    is a path that answers success to good credentials; None: the first page of the first single entity is read, or of
    what lists the members of a family.
    """

    name: str
    base_url: str
    logins: Mapping[CredentialKind, Login]
    resources: tuple[Resource, ...]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    faults: Faults = BY_STATUS
    limits: Limits = USUAL_LIMITS
    check: str | None = None
