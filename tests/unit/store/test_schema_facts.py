from __future__ import annotations

from types import ModuleType

from sqlalchemy import create_engine

from headrace.store import schema_facts
from headrace.store.tables import METADATA


def revision(works_with: str | None) -> ModuleType:
    module = ModuleType("revision")
    if works_with is not None:
        module.__dict__["works_with"] = works_with
    return module


def test_a_schema_names_the_oldest_version_that_every_one_of_its_revisions_goes_with() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        assert schema_facts.oldest_that_works(connection) is None
        METADATA.create_all(connection)
        assert schema_facts.oldest_that_works(connection) is None
        schema_facts.keep(connection, [revision(None)])
        first = schema_facts.oldest_that_works(connection)
        schema_facts.keep(connection, [revision(None), revision("0040"), revision("0031")])
        assert (first or "") < "0031"
        assert schema_facts.oldest_that_works(connection) == "0040"
    engine.dispose()
