"""Checks of what a connector says of itself, its entities and their fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, cast, get_args

from headrace.connector_sdk import lambda_answers as answers
from headrace.connector_sdk import lambda_contract as requests
from headrace.connector_sdk.conformance.bench import Bench, FaultError, NotApplicableError, faulty, must_raise, walked
from headrace.connector_sdk.conformance.subject import Ask
from headrace.connector_sdk.declaring import DataType, SettingScope
from headrace.connector_sdk.lambda_shapes import configuration
from headrace.errors import ConnectorError, NotThere, Stop
from headrace.model.check import violations
from headrace.model.enums import values_of

Json = Mapping[str, Any]

_KNOWN = (
    ("connectorModes", ("SOURCE", "DESTINATION")),
    ("operatorsSupported", values_of("Operators")),
    ("triggerFrequenciesSupported", values_of("ScheduleFrequencyType")),
    ("supportedWriteOperations", values_of("WriteOperationType")),
    ("supportedTriggerTypes", ("SCHEDULED", "ONDEMAND")),
)
_TEXTS = ("connectorOwner", "connectorName", "connectorVersion")
_WAYS = ("isBasicAuthSupported", "isApiKeyAuthSupported", "isOAuth2Supported", "isCustomAuthSupported")
_UNITS = ("NANOSECONDS", "MICROSECONDS", "MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS")
_LONGEST_LISTING = 1000
# No entity has this name.
NOBODY = "no-such-entity-7f3a"


def describes_itself(bench: Bench) -> None:
    """It says what it is, in values that AppFlow knows."""
    given = bench.subject.configuration
    if given is None:
        raise NotApplicableError("a built-in connector is described by headrace's catalog")
    faulty([*_configuration_faults(given), *violations("ConnectorConfiguration", configuration(given))])


def lists_entities(bench: Bench) -> None:
    """It lists its entities, each with a name that no other has."""
    try:
        found = list(islice(walked(bench.connector), _LONGEST_LISTING))
    except ConnectorError as error:
        raise FaultError(f"they can't be listed: {error.message}") from error
    if not found:
        raise FaultError("it lists none")
    counts = Counter(each.name for each in found if each.name not in each.path)
    twice = [f"{name} is listed {count} times" for name, count in counts.items() if count > 1]
    faulty([*twice, *(fault for each in found for fault in violations("ConnectorEntity", each.given))])


def leads_into_folders(bench: Bench) -> None:
    """An entity that is said to have others in it leads to some, and never back to itself."""
    folders = [each for each in bench.listed if each.is_folder]
    if not folders:
        raise NotApplicableError("no entity has others in it")
    inside = {each.path[-1] for each in bench.listed if each.path}
    circles = [f"{each.name} is in itself, by {' > '.join(each.path)}" for each in folders if each.name in each.path]
    faulty([*circles, *(f"there is nothing in {each.name}" for each in folders if each.name not in inside)])


def lists_alike_every_time(bench: Bench) -> None:
    """Asked twice, it lists the same entities."""
    once = {each.name for each in bench.listed}
    again = {each.name for each in islice(walked(bench.anew()), len(bench.listed))}
    faulty([f"{name} is listed only now and then" for name in sorted(once ^ again)])


def lists_in_pages(bench: Bench) -> None:
    """Asked for one entity at a time, it lists the same entities, page after page."""
    ask = _asked(bench)
    wanted = [each.name for each in bench.listed if not each.path]
    found, token = list[str](), None
    for _ in range(len(wanted) + 2):
        answer = answers.checked(ask(_listing(bench, token, 1)))
        found += [str(each.get("entityIdentifier")) for each in answers.as_list(answer, "entities")]
        token = answers.token(answer)
        if token is None:
            break
    if token is not None:
        raise FaultError(f"there is a nextToken after all {len(wanted)} entities")
    if sorted(found) != sorted(wanted):
        raise FaultError(f"one by one it lists {found}, at once {wanted}")


def says_how_long_metadata_holds(bench: Bench) -> None:
    """What it says of how long entities and fields may be kept is a time."""
    ask = _asked(bench)
    if not bench.listed:
        raise NotApplicableError("it lists no entities")
    control = answers.checked(ask(_listing(bench, None, _LONGEST_LISTING))).get("cacheControl")
    if control is None:
        raise NotApplicableError("it does not say; an hour is taken")
    given = answers.as_object(control) or {}
    amount, unit = given.get("timeToLive"), given.get("timeToLiveUnit")
    if not isinstance(amount, int | float) or isinstance(amount, bool) or amount <= 0 or unit not in _UNITS:
        raise FaultError(f"cacheControl is {control}: timeToLive must be above 0, timeToLiveUnit one of {_UNITS}")


def describes_entities(bench: Bench) -> None:
    """Every entity has fields, each with a name that no other has and a type that AppFlow knows."""
    faulty([f"{each.name}: {fault}" for each in bench.listed for fault in _field_faults(bench, each.name, each.given)])


def names_keys(bench: Bench) -> None:
    """An entity whose records are updated, upserted or deleted has a primary key."""
    by_id = {"UPDATE", "UPSERT", "DELETE"}.intersection(bench.subject.abilities.operations)
    if not by_id:
        raise NotApplicableError("it writes nothing that is there already")
    faults: list[str] = []
    for entity, fields in bench.with_fields():
        used = {operation for field in fields for operation in _operations(field)} & by_id
        if used and not any(field.get("isPrimaryKey") for field in fields):
            faults.append(f"{entity} takes {', '.join(sorted(used))} and has no primary key")
    faulty(faults)


def knows_what_it_has_not(bench: Bench) -> None:
    """An entity that is not there is said not to be there, and nothing is read of it."""
    must_raise(NotThere, "describing it", lambda: bench.connector.describe(NOBODY))
    if bench.subject.abilities.reads:
        must_raise(Stop, "reading it", lambda: bench.look(bench.query(NOBODY)))


def _configuration_faults(given: Json) -> Iterator[str]:
    yield from (f"{name} is missing" for name in _TEXTS if not given.get(name))
    for name, known in _KNOWN:
        unknown = [each for each in _list(given, name) if each not in known]
        if unknown:
            yield f"{name} has {unknown}: allowed are {', '.join(known)}"
    if not _list(given, "connectorModes"):
        yield "connectorModes names neither SOURCE nor DESTINATION"
    if "DESTINATION" in _list(given, "connectorModes") and not _list(given, "supportedWriteOperations"):
        yield "supportedWriteOperations names none for a DESTINATION"
    if not _list(given, "supportedApiVersions"):
        yield "supportedApiVersions names none"
    ways = answers.as_object(given.get("authenticationConfig")) or {}
    if not any(ways.get(way) is True for way in _WAYS):
        yield f"authenticationConfig supports none of {', '.join(_WAYS)}"
    yield from _setting_faults(_list(given, "connectorRuntimeSetting"))


def _setting_faults(settings: Sequence[Any]) -> Iterator[str]:
    given = [answers.as_object(each) or {} for each in settings]
    counts = Counter(str(each.get("key")) for each in given)
    yield from (f"the setting {key} is declared {count} times" for key, count in counts.items() if count > 1)
    for each in given:
        if each.get("scope") not in get_args(SettingScope):
            yield f"the setting {each.get('key')} has the scope {each.get('scope')!r}: allowed are {_all(SettingScope)}"


def _field_faults(bench: Bench, entity: str, listed: Json) -> Iterator[str]:
    try:
        fields = bench.described(entity)
    except ConnectorError as error:
        yield f"can't be described: {error.message}"
        return
    if not fields and not listed.get("hasNestedEntities"):
        yield "has no fields"
    counts = Counter(str(field.get("identifier")) for field in fields)
    yield from (f"has {count} fields named {name}" for name, count in counts.items() if count > 1)
    for field in fields:
        yield from violations("ConnectorEntityField", field)
        kind = data_type(field)
        # A built-in connector may name the types of its application: so do AppFlow's own.
        if bench.subject.configuration is not None and kind is not None and kind not in get_args(DataType):
            yield f"{field.get('identifier')} is of the type {kind!r}: allowed are {_all(DataType)}"


def data_type(field: Json) -> str | None:
    """The type of a field, None where it says none."""
    details = cast("Json", field.get("supportedFieldTypeDetails") or {})
    return cast("str | None", cast("Json", details.get("v1") or {}).get("fieldType"))


def _operations(field: Json) -> Iterable[str]:
    return cast("Json", field.get("destinationProperties") or {}).get("supportedWriteOperations") or ()


def _asked(bench: Bench) -> Ask:
    if bench.subject.ask is None:
        raise NotApplicableError("it is not asked in AppFlow's Lambda contract")
    return bench.subject.ask


def _listing(bench: Bench, token: str | None, count: int) -> dict[str, Any]:
    given = bench.subject
    versions = _list(given.configuration or {}, "supportedApiVersions")
    context = requests.context(given.connection, str(versions[0]) if versions else None)
    return requests.list_entities(context, path=None, page_size=count, token=token)


def _list(given: Json, name: str) -> Sequence[Any]:
    return answers.as_list(given, name)


def _all(kind: object) -> str:
    return ", ".join(get_args(kind))


DESCRIBING = (
    describes_itself,
    lists_entities,
    leads_into_folders,
    lists_alike_every_time,
    lists_in_pages,
    says_how_long_metadata_holds,
    describes_entities,
    names_keys,
    knows_what_it_has_not,
)
