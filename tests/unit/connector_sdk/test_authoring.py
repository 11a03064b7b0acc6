from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, cast

import pytest

from headrace.connector_sdk.authored import AuthoredConnector
from headrace.connector_sdk.authoring import Batch, Destination, Entity, Field, Page, Query, Rejection, Source
from headrace.errors import NotThere, Refused, Stop
from tests.standins.shop import Shop, connection, shop
from tests.unit.connector_sdk.connections import batch, query


class Countries(Source):
    """Countries of the world, three to a page: the smallest whole source."""

    label = "Countries"
    entities = (Entity("country", (Field("code", is_primary_key=True), Field("name"))),)

    def read(self, query: Query) -> Iterator[Page]:
        offset = int(query.after or 0)
        while rows := get(after=offset):
            offset += len(rows)
            yield Page(rows, position=str(offset))


def get(after: int) -> list[dict[str, str]]:
    codes = ["AT", "BE", "CH", "DE", "ES", "FR", "IT"][after : after + 3]
    return [{"code": code, "name": f"country {code}"} for code in codes]


def opened(kind: Any, **properties: str) -> AuthoredConnector:
    return AuthoredConnector(kind, connection(**properties))


def asked(entity: str = "country", **members: Any) -> Query:
    return query(**({"entity": entity, "fields": None} | members))


def test_the_smallest_source_is_read_to_its_end_and_from_any_position() -> None:
    pages = list(opened(Countries).read(asked()))
    assert [len(page.records) for page in pages] == [3, 3, 1]
    assert list(opened(Countries).read(asked(after=pages[0].position))) == pages[1:]


def test_what_was_declared_is_listed_and_described_in_the_apis_shapes() -> None:
    countries = opened(Countries)
    assert countries.entities(None) == [{"name": "country", "label": "country", "hasNestedEntities": False}]
    code, name = countries.describe("country")
    assert (code["identifier"], code["isPrimaryKey"], name["isPrimaryKey"]) == ("code", True, False)
    assert code["supportedFieldTypeDetails"]["v1"]["fieldType"] == "String"


def test_entities_in_a_folder_are_listed_below_it() -> None:
    top = opened(Shop).entities(None)
    assert [(each["name"], each["hasNestedEntities"]) for each in top] == [
        ("customer", False),
        ("archive", True),
        ("journal", False),
        ("nothing", False),
    ]
    assert [each["name"] for each in opened(Shop).entities("archive")] == ["archive/order"]


@pytest.mark.parametrize("ask", [lambda of: of.describe("nobody"), lambda of: next(of.read(asked("nobody")))])
def test_an_entity_that_is_not_there_is_said_not_to_be(ask: Any) -> None:
    with pytest.raises(NotThere, match="no entity 'nobody'"):
        ask(opened(Shop))


def test_fields_that_nobody_asked_for_are_left_out() -> None:
    page = next(opened(Countries).read(asked(fields=("name",))))
    assert page.records[0] == '{"name": "country AT"}'


def test_the_entities_may_be_asked_from_the_application() -> None:
    class Asking(Countries):
        def find_entities(self) -> Iterable[Entity]:
            return [Entity(self.properties["table"], (Field("id"),))]

    assert [each["name"] for each in opened(Asking, table="planets").entities(None)] == ["planets"]
    assert [each["identifier"] for each in opened(Asking, table="planets").describe("planets")] == ["id"]


def reading(*pages: object) -> AuthoredConnector:
    class Odd(Countries):
        def read(self, query: Query) -> Iterator[Page]:
            return cast("Any", iter(pages) if pages else None)

    return opened(Odd)


@pytest.mark.parametrize(
    "pages, words",
    [
        ((), "it answered None"),
        (([{"code": "AT"}],), "one of them is a list"),
        ((Page([], cast("Any", 3)),), "one is 3"),
        ((Page([], ""),), "one is ''"),
        ((Page([], "a"), Page([], "b"), Page([], "a")), "position 'a' twice"),
    ],
)
def test_pages_that_are_none_or_go_in_a_circle_are_told_to_their_author(pages: Any, words: str) -> None:
    with pytest.raises(Stop, match=rf"Odd\.read.*{words}"):
        list(reading(*pages).read(asked()))


def test_a_circle_back_to_where_the_reading_went_on_is_seen() -> None:
    with pytest.raises(Stop, match="twice"):
        list(reading(Page([], "here")).read(asked(after="here")))


def test_nothing_is_read_after_the_last_page() -> None:
    assert len(list(reading(Page([], None), Page([], "more")).read(asked()))) == 1


def test_what_is_written_is_kept_and_what_is_refused_is_named() -> None:
    kind = shop()
    records = [json.dumps({"id": 100 + place, "name": name}) for place, name in enumerate(["x", "", "z"])]
    assert opened(kind).write(batch(*records, entity="customer")) == (Rejection(1, "name is missing"),)
    assert [each["id"] for each in kind.application.held["customer"]][-2:] == [100, 102]


def test_an_operation_that_is_not_declared_is_refused_before_it_reaches_the_author() -> None:
    class Notes(Destination):
        entities = (Entity("note", (Field("text"),)),)

        def write(self, batch: Batch) -> Iterable[Rejection]:
            raise AssertionError(batch)

    with pytest.raises(Stop, match=r"does not DELETE.*write operations are: INSERT"):
        opened(Notes).write(batch("{}", entity="note", operation="DELETE"))
    with pytest.raises(NotThere):
        opened(Notes).write(batch("{}", entity="nobody"))
    assert opened(Notes).write(batch(entity="note")) == ()


def test_a_connector_is_used_on_the_sides_it_has() -> None:
    with pytest.raises(Stop, match="Countries is no destination"):
        opened(Countries).write(batch("{}", entity="country"))
    with pytest.raises(Stop, match="Notes is no source"):
        next(opened(type("Notes", (Destination,), {})).read(asked()))


@pytest.mark.parametrize(
    "answer, words",
    [
        ([Rejection(3, "no")], "places count from 0"),
        ([Rejection(0, "no"), Rejection(0, "no")], "places count from 0"),
        (["no"], "one of them is a str"),
        (7, "it answered a int"),
    ],
)
def test_rejections_that_name_no_record_are_told_to_their_author(answer: Any, words: str) -> None:
    class Odd(Shop):
        def write(self, batch: Batch) -> Any:
            return answer

    with pytest.raises(Stop, match=rf"Odd\.write.*{words}"):
        opened(Odd).write(batch("{}", entity="customer"))


def test_a_write_that_answers_nothing_refused_nothing() -> None:
    class Silent(Shop):
        def write(self, batch: Batch) -> Any:
            return None

    assert opened(Silent).write(batch("{}", entity="customer")) == ()


def test_rejections_come_in_the_order_of_the_records_whatever_order_they_were_found_in() -> None:
    class Backwards(Shop):
        def write(self, batch: Batch) -> Any:
            yield Rejection(1, "b")
            yield Rejection(0, "a")

    found = opened(Backwards).write(batch("{}", "{}", entity="customer"))
    assert [each.place for each in found] == [0, 1]


@pytest.mark.parametrize(
    "scope, settings, words",
    [
        ("CONNECTOR_PROFILE", {}, "branch: is missing: give a String"),
        ("CONNECTOR_PROFILE", {"branch": "west"}, "branch: is 'west': allowed are north, south"),
        ("SOURCE", {"limit": "many"}, "limit: is 'many': give a value of the type Integer"),
    ],
)
def test_settings_that_will_not_do_are_named_with_what_would(scope: Any, settings: Any, words: str) -> None:
    with pytest.raises(Stop, match=words):
        opened(Shop).check_settings(scope, settings)


def test_settings_of_another_side_are_not_looked_at() -> None:
    opened(Shop).check_settings("DESTINATION", {"limit": "many"})
    opened(Shop).check_settings("SOURCE", {"limit": "-7"})


def test_a_connection_is_tried_with_its_settings_and_its_credentials() -> None:
    AuthoredConnector(Shop, connection()).check()
    with pytest.raises(Refused):
        AuthoredConnector(Shop, connection("wrong")).check()
    with pytest.raises(Stop, match="branch"):
        AuthoredConnector(Shop, connection(branch="west")).check()


def test_two_entities_of_one_name_are_told_to_their_author() -> None:
    twice = type("Twice", (Source,), {"entities": (Entity("a"), Entity("b", entities=(Entity("a"),)))})
    with pytest.raises(Stop, match="Twice has two entities of one name"):
        opened(twice).entities(None)
