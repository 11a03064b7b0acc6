"""The AWS CLI's shorthand."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.cli.shorthand import read_shorthand


@pytest.mark.parametrize(
    "text, shape, expected",
    [
        ("a=1,b=x y", "TagMap", {"a": "1", "b": "x y"}),
        ("a=,b=2", "TagMap", {"a": "", "b": "2"}),
        ('a = "x, y" , b=\'it"s\'', "TagMap", {"a": "x, y", "b": 'it"s'}),
        (r"a=x\,y\z", "TagMap", {"a": "x,y\\z"}),
        ("sourceFields=a,b,taskType=Map", "Task", {"sourceFields": ["a", "b"], "taskType": "Map"}),
        ("sourceFields=[a,b],taskType=Map", "Task", {"sourceFields": ["a", "b"], "taskType": "Map"}),
        ("sourceFields=[]", "Task", {"sourceFields": []}),
        ("connectorOperator={S3=NO_OP}", "Task", {"connectorOperator": {"S3": "NO_OP"}}),
        ("unknown=x", "Task", {"unknown": "x"}),
        ("unknown={deep=[x,y]}", "Task", {"unknown": {"deep": ["x", "y"]}}),
        ("scheduleOffset=5", "ScheduledTriggerProperties", {"scheduleOffset": 5}),
    ],
)
def test_the_shapes_say_what_the_words_are(text: str, shape: str, expected: Any) -> None:
    assert read_shorthand(text, shape) == expected


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "character 1: a key"),
        ("word", "character 1: a key"),
        ("a=1,", "character 5: a key"),
        ("a='1", "the sign '"),
        ("a='1'x", "a comma or the end"),
        ("sourceFields=[a", "the sign ]"),
        ("connectorOperator={S3=NO_OP", "the sign }"),
    ],
)
def test_where_it_makes_no_sense_is_told(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="makes no sense") as failure:
        read_shorthand(text, "Task")
    assert said in str(failure.value)


def test_a_number_that_is_none_is_told() -> None:
    with pytest.raises(ValueError, match="'many' is no number"):
        read_shorthand("scheduleOffset=many", "ScheduledTriggerProperties")
