"""The task types beside Filter, and the rules between tasks."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.engine.tasks import Arithmetic, Map, Mask, Merge, Tasks, Truncate, Validate
from headrace.flow.plan import plan
from tests.unit.flow.documents import MAP_ALL, condition, document, mapped, projection, task
from tests.unit.flow.test_plan_filters import faults_of


def tasks_of(*tasks: dict[str, Any], source: str = "S3") -> Tasks:
    return plan(document(*tasks, source=source)).tasks


def merge(fields: list[str], to: str, text: str) -> dict[str, Any]:
    return task("Merge", fields, to=to, operator="NO_OP", CONCAT_FORMAT=text)


def arithmetic(fields: list[str], to: str, operator: str = "ADDITION", **properties: str) -> dict[str, Any]:
    return task("Arithmetic", fields, to=to, operator=operator, **properties)


def partition(text: str) -> dict[str, Any]:
    return task("Partition", operator="NO_OP", ORDERED_PARTITION_KEYS_LIST=text)


def test_a_map_keeps_its_destination_type_as_it_was_written() -> None:
    found = tasks_of(mapped("a", "b", DESTINATION_DATA_TYPE="Character Varying")).maps
    assert found == (Map(0, "a", "b", "Character Varying"),)


@pytest.mark.parametrize(
    "made, part",
    [
        (task("Map", [], to="b"), "sourceFields has no field; write exactly one"),
        (task("Map", ["a", "c"], to="b"), "sourceFields has 2 fields ('a', 'c'); write exactly one"),
        (task("Map", ["a"]), "it has no destinationField"),
        (task("Map", ["a"], to=""), "it has no destinationField"),
        (task("Map", ["a"], to="b", operator="EQUAL_TO"), "the operator EQUAL_TO is not valid for Map tasks"),
        (task("Map_all", ["a"]), "Map_all copies every field"),
        (task("Map_all", EXCLUDE_SOURCE_FIELDS_LIST="[1]"), "EXCLUDE_SOURCE_FIELDS_LIST is '[1]'"),
        (task("Map_all", EXCLUDE_SOURCE_FIELDS_LIST="[" * 2000), "write a JSON list of field names"),
        (task("Mask", ["a"], operator="MASK_FIRST_N"), "taskProperties has no MASK_LENGTH"),
        (task("Mask", ["a"], operator="MASK_ALL", MASK_LENGTH="-1"), "MASK_LENGTH is '-1'; write a whole number"),
        (task("Mask", ["a"], operator="MASK_ALL", MASK_LENGTH="65536"), "from 0 to 65535"),
        (task("Mask", ["a"], operator="NO_OP"), "the operator NO_OP is not valid for Mask tasks"),
        (task("Mask", operator="MASK_ALL"), "sourceFields has no field"),
        (task("Truncate", ["a"]), "taskProperties has no TRUNCATE_LENGTH"),
        (task("Truncate", ["a"], TRUNCATE_LENGTH="five"), "TRUNCATE_LENGTH is 'five'"),
        (task("Truncate", ["a"], TRUNCATE_LENGTH="٣"), "TRUNCATE_LENGTH is '٣'"),
        (task("Validate", ["a"], operator="VALIDATE_NUMERIC"), "write DropDataset or DropRecord"),
        (
            task("Validate", ["a"], operator="VALIDATE_NUMERIC", VALIDATION_ACTION="Keep"),
            "VALIDATION_ACTION is 'Keep'",
        ),
        (task("Validate", ["a"], VALIDATION_ACTION="DropRecord"), "it has no connectorOperator"),
        (task("Merge", ["a"], to="b"), "taskProperties has no CONCAT_FORMAT"),
        (merge([], "b", "x"), "sourceFields has no field; write at least 1"),
        (merge(["a"], "b", "${a} ${c}"), "names the field 'c', which is not in sourceFields ('a')"),
        (merge(["a"], "b", "${a"), "has '${' without '}' before 'a'"),
        (merge(["a"], "", "${a}"), "it has no destinationField"),
        (arithmetic(["a"], "b"), "sourceFields has one field ('a'); write at least 2"),
        (arithmetic(["a", "b"], "c", "NO_OP"), "the operator NO_OP is not valid for Arithmetic tasks"),
        (
            arithmetic(["a", "b"], "c", MATH_OPERATION_FIELDS_ORDER="a,d"),
            "MATH_OPERATION_FIELDS_ORDER is 'a,d', sourceFields 'a,b'",
        ),
        (partition(","), "it names 0 partition keys; write 1 to 10"),
        (partition(",".join("abcdefghijk")), "it names 11 partition keys"),
        (partition("a,a"), "the partition key 'a' 2 times"),
        (partition("[1]"), "ORDERED_PARTITION_KEYS_LIST is '[1]'"),
        (task("Passthrough", operator="EQUAL_TO"), "the operator EQUAL_TO is not valid for Passthrough tasks"),
    ],
)
def test_a_task_that_is_wrong_by_itself_is_refused_with_what_to_write(made: dict[str, Any], part: str) -> None:
    (fault,) = faults_of(document(condition("EQUAL_TO", VALUE="a"), made))
    assert fault.startswith(f"Task Validation Error: tasks[1] ({made['taskType']}): ")
    assert part in fault


def test_maps_and_map_all_need_no_operator() -> None:
    assert tasks_of(task("Map", ["a"], to="a"), task("Map_all")).map_all is not None


def test_a_source_whose_operators_lack_no_op_maps_all_the_same() -> None:
    made = tasks_of(mapped("a"), projection("a"), source="Googleanalytics")
    assert made.maps[0].destination == "a"


def test_a_source_without_masks_is_told_so() -> None:
    made = document(task("Mask", ["a"], operator="MASK_ALL"), mapped("a"), source="Amplitude")
    assert "not supported for Amplitude sources; Amplitude sources have none: remove the task" in faults_of(made)[0]


@pytest.mark.parametrize(
    "text, excluded",
    [
        ('["a","b,c"]', {"a", "b,c"}),
        ("[]", set[str]()),
        ("{}", set[str]()),
        ("a, b", {"a", "b"}),
    ],
)
def test_map_all_excludes_the_fields_of_a_list(text: str, excluded: set[str]) -> None:
    found = tasks_of(task("Map_all", [""], EXCLUDE_SOURCE_FIELDS_LIST=text, DESTINATION_DATA_TYPE="id")).map_all
    assert found is not None
    assert found.excluded == excluded


def test_an_explicit_map_all_lifts_the_projection_and_an_implied_one_keeps_it() -> None:
    assert tasks_of(projection("a"), MAP_ALL).projection is None
    implied = tasks_of(projection("a"))
    assert implied.projection == {"a"}
    assert implied.map_all is not None
    assert implied.map_all.index == -1
    assert tasks_of().map_all is not None
    assert tasks_of(projection("a"), mapped("a")).map_all is None


def test_masks_have_their_defaults_and_an_order_of_their_own() -> None:
    first = task("Mask", ["a"], operator="MASK_LAST_N", MASK_LENGTH="2", MASK_VALUE="#")
    second = task("Mask", ["a"], operator="MASK_ALL")
    one, two = tasks_of(first, second).masks
    assert (one, two) == (Mask(1, "a", "MASK_ALL", None, "*"), Mask(0, "a", "MASK_LAST_N", 2, "#"))
    assert [mask.operator for mask in tasks_of(second, first).masks] == ["MASK_ALL", "MASK_LAST_N"]


def test_truncate_and_validate_are_read() -> None:
    made = tasks_of(
        task("Truncate", ["a"], operator="NO_OP", TRUNCATE_LENGTH="0"),
        task("Validate", ["b"], operator="VALIDATE_NON_ZERO", VALIDATION_ACTION="dropdataset"),
    )
    assert made.truncates == (Truncate(0, "a", 0),)
    assert made.validates == (Validate(1, "b", "VALIDATE_NON_ZERO", "DropDataset"),)


def test_a_merge_alternates_literals_and_fields() -> None:
    made = tasks_of(merge(["A", "B"], "A,B", "${A}-${B}"), mapped("A,B", "c"))
    assert made.merges == (Merge(0, "A,B", ("", "A", "-", "B", "")),)


def test_a_placeholder_may_hold_any_character() -> None:
    made = tasks_of(merge(["a}b", "a", "$"], "m", "x${a}b}y${a}b}${$}$"), mapped("m"))
    assert made.merges[0].parts == ("x", "a}b", "y", "a}b", "", "$", "$")


def test_arithmetic_takes_its_operands_in_the_given_order() -> None:
    made = tasks_of(arithmetic(["a", "b"], "a,b", "DIVISION", MATH_OPERATION_FIELDS_ORDER="b, a"), mapped("a,b", "c"))
    assert made.arithmetics == (Arithmetic(0, "a,b", "DIVISION", ("b", "a")),)
    assert tasks_of(arithmetic(["x", "x"], "s")).arithmetics[0].fields == ("x", "x")


def test_operands_may_be_intermediate_fields_whose_names_hold_commas() -> None:
    made = tasks_of(
        arithmetic(["a", "b"], "a,b"),
        arithmetic(["a,b", "c"], "s", MATH_OPERATION_FIELDS_ORDER="c,a,b"),
        merge(["s"], "m", "=${s}"),
        mapped("m"),
    )
    assert made.arithmetics[1].fields == ("c", "a,b")


def test_an_order_of_names_that_takes_too_many_tries_is_refused_at_once() -> None:
    names = [",".join("a" * length) for length in range(1, 30)]
    made = arithmetic(names, "s", MATH_OPERATION_FIELDS_ORDER=",".join("a" * 435) + ",b")
    assert "write the same fields in both" in faults_of(document(made))[0]


def test_intermediate_fields_made_of_themselves_are_refused_each() -> None:
    faults = faults_of(document(merge(["b"], "a", "${b}"), arithmetic(["a", "c"], "b"), merge(["a"], "m", "${a}")))
    assert len(faults) == 2
    assert "tasks[0] (Merge): the intermediate field 'a' is made of itself" in faults[0]
    assert "tasks[1] (Arithmetic): the intermediate field 'b' is made of itself" in faults[1]


def test_a_task_on_source_values_can_not_name_an_intermediate_field() -> None:
    validate = task("Validate", ["m"], operator="VALIDATE_NON_NULL", VALIDATION_ACTION="DropRecord")
    (fault,) = faults_of(document(merge(["a"], "m", "${a}"), validate, mapped("m")))
    assert "tasks[1] (Validate): 'm' is the intermediate field of tasks[0]" in fault
    assert tasks_of(merge(["a"], "m", "${a}"), validate, mapped("m"), projection("a", "m")).validates


def test_a_merge_of_one_field_may_take_its_name() -> None:
    validate = task("Validate", ["a"], operator="VALIDATE_NON_NULL", VALIDATION_ACTION="DropRecord")
    made = tasks_of(merge(["a"], "a", "Dr ${a}"), validate, mapped("a", "b"))
    assert made.merges == (Merge(0, "a", ("Dr ", "a", "")),)


def test_a_destination_field_is_made_once() -> None:
    (fault,) = faults_of(document(mapped("a", "x"), mapped("b", "y"), mapped("c", "x")))
    assert fault == (
        "Task Validation Error: tasks[2] (Map): destinationField 'x' is already made by tasks[0]; write another name"
    )


def test_an_intermediate_field_is_made_once() -> None:
    (fault,) = faults_of(document(arithmetic(["a", "b"], "a,b"), merge(["a", "b"], "a,b", "${a}${b}"), mapped("a,b")))
    assert "tasks[1] (Merge): destinationField 'a,b' is already made by tasks[0]" in fault


def test_there_is_one_map_all_and_one_partition() -> None:
    faults = faults_of(document(MAP_ALL, partition("a"), MAP_ALL, partition("b")))
    assert "tasks[2] (Map_all): the flow has another at tasks[0]" in faults[0]
    assert "tasks[3] (Partition): the flow has another at tasks[1]" in faults[1]


def test_a_passthrough_stands_alone_among_what_changes_records() -> None:
    made = document(mapped("a"), task("Passthrough"), task("Truncate", ["a"], TRUNCATE_LENGTH="1"))
    faults = faults_of(made)
    assert ["tasks[0] (Map)" in faults[0], "tasks[2] (Truncate)" in faults[1]] == [True, True]
    alone = tasks_of(task("Passthrough"), condition("EQUAL_TO", VALUE="a"), partition("a"))
    assert (alone.passthrough, alone.map_all, alone.partition) == (True, None, ("a",))


@pytest.mark.parametrize("text", ['["x","y"]', "x,y"])
def test_partition_keys_keep_their_order(text: str) -> None:
    assert tasks_of(mapped("a", "y"), mapped("b", "x"), partition(text)).partition == ("x", "y")


def test_partition_keys_may_stand_in_source_fields() -> None:
    assert tasks_of(MAP_ALL, task("Partition", ["x", "y"], operator="NO_OP")).partition == ("x", "y")


@pytest.mark.parametrize(
    "others",
    [
        [mapped("x", "z")],
        [projection("a")],
        [task("Map_all", EXCLUDE_SOURCE_FIELDS_LIST='["x"]')],
    ],
)
def test_a_partition_key_that_is_never_written_is_refused(others: list[dict[str, Any]]) -> None:
    assert "the partition key 'x' is not a destination field" in faults_of(document(*others, partition("x")))[0]


@pytest.mark.parametrize(
    "others",
    [
        [mapped("a", "x")],
        [projection("x")],
        [],
        [MAP_ALL],
        [mapped("a", "x"), task("Map_all", EXCLUDE_SOURCE_FIELDS_LIST='["x"]')],
    ],
)
def test_a_partition_key_that_may_be_written_is_accepted(others: list[dict[str, Any]]) -> None:
    assert tasks_of(*others, partition("x")).partition == ("x",)


def test_properties_that_a_task_type_does_not_use_are_let_through() -> None:
    assert tasks_of(mapped("a", MASK_VALUE="*", INCLUDE_NEW_FIELDS="true", SUBFIELD_CATEGORY_MAP="{}")).maps


def test_every_fault_comes_at_once_in_the_order_of_the_tasks() -> None:
    made = document(
        mapped("a", "x"),
        task("Mask", ["a"], operator="MASK_FIRST_N", MASK_LENGTH="x"),
        task("Filter", ["a"], operator="NO_OP"),
        mapped("b", "x"),
        source="Salesforce",
    )
    faults = faults_of(made)
    assert [fault.partition("tasks[")[2][:1] for fault in faults] == ["", "1", "2", "3"]


def test_a_long_or_unprintable_name_is_cut_and_escaped_in_a_fault() -> None:
    (fault,) = faults_of(document(mapped("a", "\0" + "n" * 10_000), mapped("b", "\0" + "n" * 10_000)))
    assert "\0" not in fault
    assert "'\\x00nnn" in fault
    assert len(fault) < 400
