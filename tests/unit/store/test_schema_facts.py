from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine

from headrace.store import schema_facts
from headrace.store.core.tables import METADATA


def revision(folder: Path, works_with: str | None) -> Path:
    file = folder / f"{works_with}_a.py"
    said = "" if works_with is None else f'works_with = "{works_with}"\n'
    file.write_text(f'revision = "0050"\n{said}')
    return file


def test_a_schema_names_the_oldest_version_that_every_one_of_its_revisions_goes_with(tmp_path: Path) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        assert schema_facts.oldest_that_works(connection) is None
        METADATA.create_all(connection)
        assert schema_facts.oldest_that_works(connection) is None
        schema_facts.keep(connection, [revision(tmp_path, None)])
        first = schema_facts.oldest_that_works(connection)
        schema_facts.keep(connection, [revision(tmp_path, each) for each in (None, "0040", "0031")])
        assert (first or "") < "0031"
        assert schema_facts.oldest_that_works(connection) == "0040"
    engine.dispose()
