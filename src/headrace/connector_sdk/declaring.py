"""What an author declares of a connector: entities, fields, settings, ways to authenticate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headrace.connector_sdk.records import WriteOperation

if TYPE_CHECKING:
    from headrace.model.types import OAuth2GrantType

DataType = Literal[
    "String",
    "Integer",
    "Long",
    "Short",
    "BigInteger",
    "Float",
    "Double",
    "BigDecimal",
    "Boolean",
    "Date",
    "DateTime",
    "ByteArray",
    "Struct",
    "Map",
    "List",
]
SettingType = Literal["String", "Integer", "Boolean", "Double"]
SettingScope = Literal["CONNECTOR_PROFILE", "SOURCE", "DESTINATION", "SOURCE_AND_DESTINATION"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    label: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Field(_Named):
    """A field of an entity.

    `is_cursor`: a time that tells what is new. `operations`: the write operations that take the field; None: all
    that the connector has, () none. `values`: the only ones that it may have.
    """

    name: str
    data_type: DataType = "String"
    is_primary_key: bool = False
    is_nullable: bool = True
    is_filterable: bool = True
    is_cursor: bool = False
    operations: tuple[WriteOperation, ...] | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entity(_Named):
    """A kind of record, or a folder of other entities, or both; `name` is unique in the whole connector.

    `keeps_place`: of an incremental flow the connector itself says where it goes on, by the bookmarks of its pages;
    of other entities headrace asks for a window of time.
    """

    name: str
    fields: tuple[Field, ...] = ()
    entities: tuple[Entity, ...] = ()
    is_writable: bool = True
    keeps_place: bool = False


@dataclass(frozen=True, slots=True)
class Setting(_Named):
    """A value that users give with a profile or a flow; `options`: the only ones that it may have."""

    key: str
    data_type: SettingType = "String"
    is_required: bool = False
    scope: SettingScope = "CONNECTOR_PROFILE"
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter(_Named):
    """One credential of a CustomAuth."""

    key: str
    is_required: bool = True
    is_secret: bool = True


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """A user name and a password."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key, and an API secret key where the application has one."""


@dataclass(frozen=True, slots=True)
class OAuth2:
    """Tokens, which headrace gets and renews; URLs may hold `{{name}}` for a property of the profile."""

    token_urls: tuple[str, ...]
    authorize_urls: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    grant_types: tuple[OAuth2GrantType, ...] = ("AUTHORIZATION_CODE",)


@dataclass(frozen=True, slots=True)
class CustomAuth:
    """Whatever else an application wants to know; users choose it by its name."""

    name: str
    parameters: tuple[Parameter, ...] = ()


Authentication = BasicAuth | ApiKey | OAuth2 | CustomAuth

# What a profile of a connector that needs no credentials says: AppFlow has no word for it.
NO_AUTHENTICATION = CustomAuth("NoAuthentication")
