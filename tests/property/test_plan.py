"""Planning any document that fits the API's shape: a plan or faults, never anything else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.engine.tasks import Tasks
from headrace.flow.defaults import with_defaults
from headrace.flow.plan import PlanFaults, plan
from headrace.flow.update import bumps_schema_version, check_update, updated
from headrace.model.api import SHAPES
from headrace.model.connector_names import connector_types, member_name
from headrace.model.shapes import Boolean, Integer, ListShape, MapShape, Shape, String, Structure, Timestamp
from tests.unit.flow.documents import document, s3_destination

HOSTILE = (
    "",
    "a",
    "a,b",
    "a}b",
    "${a}",
    '"; DROP TABLE records; --',
    "it's",
    "\0",
    "__error",
    "😀",
    "n" * 10_000,
    "[" * 1500,
    "{}",
    "[]",
    '["a"]',
    "0",
    "1e9",
    "true",
    "2024-01-31",
)
UNIONS = ("ConnectorOperator", "SourceConnectorProperties", "DestinationConnectorProperties")
names = st.sampled_from(HOSTILE) | st.text(max_size=8)
NUMBERS: dict[type, st.SearchStrategy[Any]] = {
    Integer: st.integers(-(2**31), 2**31 - 1),
    Boolean: st.booleans(),
    Timestamp: st.integers(-(2**60), 2**60) | st.integers(0, 2**31) | st.floats(),
}
schedules = st.sampled_from(["rate(1days)", "cron(0 0 * * ? *)", "at(2030-01-01T00:00:00)", "once"]) | names


@cache
def values(shape_name: str) -> st.SearchStrategy[Any]:
    """Documents that fit a shape of the model, whatever they mean."""
    return of_shape(shape_name, SHAPES[shape_name])


def of_shape(name: str, shape: Shape) -> st.SearchStrategy[Any]:
    match shape:
        case Structure():
            return union_of(shape) if name in UNIONS else structure_of(shape)
        case ListShape():
            return st.lists(values(shape.member), max_size=3)
        case MapShape():
            return st.dictionaries(values(shape.key), values(shape.value), max_size=4)
        case String():
            return schedules if name == "ScheduleExpression" else text_of(shape)
        case _:
            return NUMBERS[type(shape)]


def structure_of(shape: Structure) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {member.name: values(member.shape) for member in shape.members if member.is_required},
        optional={member.name: values(member.shape) for member in shape.members if not member.is_required},
    )


def union_of(shape: Structure) -> st.SearchStrategy[Any]:
    """One member set, mostly; none or two, too."""
    one = st.sampled_from(shape.members).flatmap(
        lambda member: st.fixed_dictionaries({member.name: values(member.shape)})
    )
    return st.one_of(one, one, one, st.just({}), st.tuples(one, one).map(lambda both: {**both[0], **both[1]}))


def text_of(shape: String) -> st.SearchStrategy[str]:
    return st.sampled_from((*shape.enum, *shape.beyond)) if shape.enum else names


documents = values("CreateFlowRequest")


def aligned(made: dict[str, Any]) -> dict[str, Any]:
    """The document with connectorTypes that fit the properties set, and one destination at most."""
    source = as_given(made["sourceFlowConfig"], "sourceConnectorProperties")
    destinations = [
        as_given(config, "destinationConnectorProperties") for config in made["destinationFlowConfigList"][:1]
    ]
    return {**made, "sourceFlowConfig": source, "destinationFlowConfigList": destinations}


def as_given(config: dict[str, Any], union: str) -> dict[str, Any]:
    fitting = [each for each in connector_types() if member_name(each, config[union]) is not None]
    return {"connectorProfileName": "p", **config, "connectorType": [*fitting, config["connectorType"]][0]}


def operators(*choices: str) -> st.SearchStrategy[dict[str, str]]:
    return st.sampled_from(choices).map(lambda operator: {"S3": operator})


fields = st.sampled_from(["a", "b", "c", "a,b", "m", "n"])
properties = st.fixed_dictionaries(
    {},
    optional={
        "DATA_TYPE": st.sampled_from(["string", "integer", "datetime"]),
        "VALUE": st.sampled_from(["1", "x", "2024-01-31"]),
        "LOWER_BOUND": st.just("1"),
        "UPPER_BOUND": st.just("2"),
        "MASK_LENGTH": st.sampled_from(["1", "3"]),
        "TRUNCATE_LENGTH": st.just("2"),
        "VALIDATION_ACTION": st.just("DropRecord"),
        "CONCAT_FORMAT": st.sampled_from(["${a}", "-${a}${b}", "x"]),
        "ORDERED_PARTITION_KEYS_LIST": st.sampled_from(["a", '["m","n"]']),
        "EXCLUDE_SOURCE_FIELDS_LIST": st.sampled_from(["[]", '["a"]']),
    },
)
likely = st.fixed_dictionaries(
    {
        "taskType": st.sampled_from(
            ["Arithmetic", "Filter", "Map", "Map_all", "Mask", "Merge", "Partition", "Truncate", "Validate"]
        ),
        "sourceFields": st.lists(fields, max_size=2),
        "taskProperties": properties,
    },
    optional={
        "destinationField": fields,
        "connectorOperator": operators(
            "NO_OP", "PROJECTION", "EQUAL_TO", "BETWEEN", "MASK_ALL", "MASK_LAST_N", "ADDITION", "VALIDATE_NUMERIC"
        ),
    },
)
good = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {
                "taskType": st.just("Map"),
                "sourceFields": st.lists(fields, min_size=1, max_size=1),
                "destinationField": st.text(min_size=1, max_size=4),
            }
        ),
        st.fixed_dictionaries(
            {
                "taskType": st.just("Mask"),
                "sourceFields": st.lists(fields, min_size=1, max_size=1),
                "connectorOperator": operators("MASK_ALL", "MASK_FIRST_N", "MASK_LAST_N"),
                "taskProperties": st.fixed_dictionaries({"MASK_LENGTH": st.sampled_from(["1", "2", "3"])}),
            }
        ),
        st.fixed_dictionaries(
            {
                "taskType": st.just("Filter"),
                "sourceFields": st.lists(fields, min_size=1, max_size=1),
                "connectorOperator": operators("EQUAL_TO", "PROJECTION"),
                "taskProperties": st.just({"VALUE": "1"}),
            }
        ),
        st.fixed_dictionaries(
            {
                "taskType": st.just("Merge"),
                "sourceFields": st.just(["a", "b"]),
                "destinationField": st.sampled_from(["m", "n"]),
                "taskProperties": st.just({"CONCAT_FORMAT": "${a}${b}"}),
            }
        ),
        st.just({"taskType": "Map_all", "sourceFields": list[str]()}),
    ),
    max_size=5,
)


def outcome(made: dict[str, Any]) -> Tasks | tuple[str, ...]:
    try:
        return plan(made).tasks
    except PlanFaults as faults:
        return faults.faults


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.one_of(documents, documents.map(aligned)))
def test_any_document_of_the_right_shape_gets_a_plan_or_faults(made: dict[str, Any]) -> None:
    before = json.dumps(made)
    found = outcome(made)
    if not isinstance(found, Tasks):
        assert found
        assert all(fault.isprintable() and 20 < len(fault) < 4000 for fault in found)
        assert len(set(found)) == len(found)
    assert json.dumps(made) == before


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(documents.map(aligned), documents)
def test_an_update_with_any_document_is_accepted_or_refused(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert with_defaults(with_defaults(after)) == with_defaults(after) or "nan" in repr(after)
    assert set(refusals(before, after)) <= {
        "Source object for the source connector can not be updated",
        "Destination object for the destination connector can not be updated",
    }
    bumps_schema_version(before, updated(before, after))


def refusals(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
    try:
        check_update(before, after)
    except PlanFaults as faults:
        return faults.faults
    return ()


@settings(max_examples=200)
@given(st.lists(likely, max_size=6), st.sampled_from(["S3", "Salesforce", "Amplitude"]))
def test_every_fault_of_a_task_names_an_index_that_exists(tasks: list[dict[str, Any]], source: str) -> None:
    found = outcome(document(*tasks, source=source))
    if isinstance(found, Tasks):
        return
    for fault in found:
        assert fault.startswith("Task Validation Error: ")
        if fault == "Task Validation Error: You must specify a projection task or a MAP_ALL task":
            continue
        indices = [int(index) for index in re.findall(r"tasks\[([0-9]+)\]", fault)]
        assert indices
        assert all(0 <= index < len(tasks) for index in indices)


def meaning(tasks: Tasks) -> tuple[object, ...]:
    """Everything that tasks do, without their places in the list; masks of a field keep their order."""
    unplaced = [
        {replace(one, index=0) for one in group}
        for group in (tasks.filters, tasks.validates, tasks.truncates, tasks.merges, tasks.arithmetics, tasks.maps)
    ]
    masks = [replace(mask, index=0) for mask in tasks.masks]
    excluded = None if tasks.map_all is None else tasks.map_all.excluded
    return (unplaced, masks, tasks.projection, excluded, tasks.partition, tasks.passthrough)


@settings(max_examples=200)
@given(
    st.one_of(good, st.lists(likely, max_size=4)).flatmap(
        lambda tasks: st.tuples(st.just(tasks), st.permutations(tasks))
    )
)
def test_the_order_of_tasks_changes_neither_their_meaning_nor_whether_there_are_faults(
    orders: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    one, other = (outcome(document(*tasks)) for tasks in orders)
    if isinstance(one, Tasks) and isinstance(other, Tasks):
        assert meaning(one) == meaning(other)
        assert not bumps_schema_version(document(*orders[0]), document(*orders[1]))
    else:
        assert isinstance(one, Tasks) == isinstance(other, Tasks)
        assert len(one) == len(other) if isinstance(one, tuple) and isinstance(other, tuple) else False


@given(st.lists(likely, max_size=4), st.lists(likely, max_size=4))
def test_a_fault_stays_when_other_tasks_are_added(tasks: list[dict[str, Any]], others: list[dict[str, Any]]) -> None:
    alone = [{**task, "taskType": "Truncate", "taskProperties": {}} for task in tasks]
    found = outcome(document(*alone, *others))
    assert (not alone) or (isinstance(found, tuple) and len(found) >= len(alone))


prefixes = st.fixed_dictionaries({}, optional={"prefixType": st.just("PATH")})
aggregations = st.fixed_dictionaries({}, optional={"targetFileSize": st.integers(1, 9)})
formats = st.fixed_dictionaries(
    {},
    optional={
        "aggregationConfig": aggregations,
        "prefixConfig": prefixes,
        "fileType": st.just("CSV"),
        "preserveSourceDataTyping": st.booleans(),
    },
)
extras = st.fixed_dictionaries(
    {},
    optional={
        "tags": st.just({"a": "b"}),
        "kmsArn": st.just("arn:aws:kms:x"),
        "description": st.just("d"),
        "metadataCatalogConfig": st.just({}),
    },
)


@given(
    good,
    st.fixed_dictionaries({}, optional={"s3OutputFormatConfig": formats}),
    extras,
    st.sampled_from(["S3", "Salesforce"]),
)
def test_a_flow_updated_with_its_own_description_is_described_as_before(
    tasks: list[dict[str, Any]], output: dict[str, Any], extra: dict[str, Any], source: str
) -> None:
    stored = {**document(*tasks, source=source, destination=s3_destination(**output)), **extra}
    described = with_defaults(stored)
    check_update(stored, described)
    again = updated(stored, described)
    assert json.dumps(with_defaults(again)) == json.dumps(described)
    assert json.dumps(with_defaults(updated(again, described))) == json.dumps(described)
    assert not bumps_schema_version(stored, again)
    assert outcome(stored) == outcome(described)
