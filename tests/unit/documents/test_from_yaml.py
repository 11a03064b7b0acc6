"""YAML with the line of every part; the model decides what a plain word is."""

from __future__ import annotations

import pytest
import yaml

from headrace.documents.from_yaml import MOST_PARTS, from_yaml
from headrace.documents.tree import Listed, Mapped, Scalar, Unreadable, plain


def test_every_part_knows_its_line_and_every_plain_word_its_text() -> None:
    (node,) = from_yaml("a:\n  - 012\n  - 'x'\nb: 2026-01-01\n")

    assert isinstance(node, Mapped)
    listed = node.members["a"]
    assert isinstance(listed, Listed)
    assert list(listed.parts) == [Scalar(12, 2, "012"), Scalar("x", 3)]
    assert node.members["b"] == Scalar("2026-01-01", 4, "2026-01-01")
    assert node.line_of("b") == 4


@pytest.mark.parametrize(
    "word, value",
    [
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-3", -3),
        ("=", "="),
    ],
)
def test_a_plain_word_is_what_yaml_1_2_says(word: str, value: object) -> None:
    (node,) = from_yaml(f"a: {word}")

    assert plain(node) == {"a": value}


def test_short_forms_become_long_ones() -> None:
    text = """
    a: !Ref Bucket
    b: !GetAtt Bucket.Arn
    c: !Sub 'x-${Y}'
    d: !Join ['-', [a, !Ref B]]
    e: !If [Is, x, !Ref AWS::NoValue]
    f: !Condition Is
    g: !FindInMap [A, B, C]
    """

    assert [plain(node) for node in from_yaml(text)] == [
        {
            "a": {"Ref": "Bucket"},
            "b": {"Fn::GetAtt": ["Bucket", "Arn"]},
            "c": {"Fn::Sub": "x-${Y}"},
            "d": {"Fn::Join": ["-", ["a", {"Ref": "B"}]]},
            "e": {"Fn::If": ["Is", "x", {"Ref": "AWS::NoValue"}]},
            "f": {"Condition": "Is"},
            "g": {"Fn::FindInMap": ["A", "B", "C"]},
        }
    ]


def test_aliases_and_merges_are_followed() -> None:
    text = "base: &b {x: 1, y: 2}\nother: &o {y: 4, z: 5}\nuse: {<<: [*b, *o], x: 3}\nsame: *b\n"

    (node,) = from_yaml(text)

    assert plain(node) == {
        "base": {"x": 1, "y": 2},
        "other": {"y": 4, "z": 5},
        "use": {"x": 3, "y": 2, "z": 5},
        "same": {"x": 1, "y": 2},
    }


def test_each_document_of_a_file_is_a_tree() -> None:
    assert [plain(node) for node in from_yaml("a: 1\n---\nb: 2\n")] == [{"a": 1}, {"b": 2}]
    assert from_yaml("# nothing\n") == ()


@pytest.mark.parametrize(
    "text, line, told",
    [
        ("a: [1\nb: 2", 2, "is not valid YAML"),
        ("a: 1\nb: 2\na: 3\n", 3, "a is there a second time"),
        ("a:\n  [x]: 1\n", 2, "one word or text in quotes"),
        ("a: 1\n<<: 5\n", 2, "<< takes a mapping"),
        ("a: *none\n", 1, "is not valid YAML"),
        ("a: \x00", None, "is not valid YAML"),
        ("a: &x [*x]", None, "an alias stands within"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(text: str, line: int | None, told: str) -> None:
    with pytest.raises(Unreadable) as caught:
        from_yaml(text)

    assert caught.value.line == line
    assert told in caught.value.message


def test_aliases_of_aliases_are_bounded() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    with pytest.raises(Unreadable, match=f"more than {MOST_PARTS:,} parts"):
        from_yaml("\n".join(levels))


def test_what_pyyaml_writes_is_read_the_same() -> None:
    value = {"a": ["yes", "012", "", " x ", "a: b", "é\n\n"], "b": {"n": 5, "t": True, "none": None}}

    (node,) = from_yaml(yaml.safe_dump(value, allow_unicode=True))

    assert plain(node) == value


@pytest.mark.parametrize(
    "text, shown",
    [
        ("a: !!binary b3JkZXJz", "!!binary"),
        ("a: !!null x", "!!null"),
        ("a: !!int '7'", "!!int"),
        ("a: !!python/object:os.system x", "!!python/object:os.system"),
        ("a: !!set {b}", "!!set"),
        ("!!binary YQ==: b", "!!binary"),
        ("a: !<tag:example.com,2000:x> b", "tag:example.com,2000:x"),
    ],
)
def test_a_tag_that_means_another_value_than_is_written_is_refused(text: str, shown: str) -> None:
    with pytest.raises(Unreadable, match=f"^the tag {shown} is not worked out here; write the value") as caught:
        from_yaml(f"# first\n{text}")
    assert caught.value.line == 2


def test_tags_that_mean_what_is_written_may_stand() -> None:
    assert plain(from_yaml("a: !!str b\nc: !!seq [d]\ne: !!map {f: ! g}")[0]) == {"a": "b", "c": ["d"], "e": {"f": "g"}}
