"""Made-up people with their orders: about twenty fields, the same for the same seed.

python -m bench.data --records 1000000 --format csv bench/out/people.csv
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

import duckdb

Format = Literal["csv", "json", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

_FIRST = (
    "Ada",
    "Zoë",
    "José",
    "李雷",
    "Søren",
    "Олена",
    "Nguyễn",
    "Fatima",
    "Łukasz",
    "さくら",
    "O'Brien",
    "Ana María",
)
_LAST = (
    "Lovelace",
    "Müller",
    "García",
    "王",
    "Ångström",
    "Шевченко",
    "Trần",
    "al-Zahra",
    "Żółć",
    "山田",
    'de "Wit"',
    "Smith",
)
_CITIES = (
    "Lisboa",
    "Zürich",
    "São Paulo",
    "北京",
    "København",
    "Київ",
    "Hà Nội",
    "القاهرة",
    "Łódź",
    "東京",
    "Dublin",
    "Rio",
)
_COUNTRIES = ("PT", "CH", "BR", "CN", "DK", "UA", "VN", "EG", "PL", "JP", "IE", "US")
_STATES = ("new", "paid", "shipped", "returned", "cancelled")
_WORDS = ("fragile", "call first", "leave at the door", "urgent", "gift, wrapped", "n/a", "двері", "請按鈴")

# Field -> the SQL of its value; {r} is a whole number that varies from field to field and record to record.
FIELDS = {
    "id": "i",
    "external_id": "lower(hex({r}))",
    "first_name": "one_of({first}, {r})",
    "last_name": "one_of({last}, {r})",
    "email": "maybe({r}, 'user' || i || '.' || {r} % 97 || '@example.com')",
    "phone": "maybe({r}, '+' || 1 + {r} % 98 || ' ' || 100 + {r} % 900 || ' ' || 1000000 + {r} % 9000000)",
    "birth_date": "maybe({r}, DATE '1940-01-01' + CAST({r} % 25000 AS INTEGER))",
    "street": "maybe({r}, 1 + {r} % 400 || ' ' || one_of({last}, {r} // 7) || ' Street')",
    "city": "one_of({cities}, {r})",
    "postcode": "right(CAST(100000 + {r} % 100000 AS VARCHAR), 5)",
    "country": "one_of({countries}, {r})",
    "order_id": "1000000000 + {r} % 9000000000",
    "ordered_at": "TIMESTAMP '2019-01-01' + to_seconds(CAST({r} % 200000000 AS BIGINT))",
    "shipped_at": "maybe({r}, TIMESTAMP '2020-01-01' + to_seconds(CAST({r} % 200000000 AS BIGINT)))",
    "status": "one_of({states}, {r})",
    "quantity": "{r} % 20",
    "price": "CAST({r} % 10000000 * 0.0001 AS DECIMAL(18, 4))",
    "discount": "maybe({r}, CAST({r} % 3000 * 0.0001 AS DECIMAL(18, 4)))",
    "balance": "maybe({r}, CAST({r} % 2000000 * 0.01 - 5000 AS DECIMAL(18, 2)))",
    "is_member": "{r} % 3 = 0",
    "note": "maybe({r}, one_of({words}, {r}) || ', ' || one_of({words}, {r} // 11) || ' ' || hex({r} % 65536))",
}

_COPY = {
    "csv": "FORMAT csv, HEADER true",
    "json": "FORMAT json",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
}


def write(
    path: Path, records: int, *, form: Format = "csv", seed: int = 7, fields: Collection[str] | None = None
) -> Path:
    """Write so many records to `path`, some 250 bytes each as CSV; values depend on seed and position alone.

    `fields` None: all of them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _numbers(records) as connection:
        connection.execute(f"COPY ({_select(seed, fields or FIELDS)}) TO '{path}' ({_COPY[form]})")
    return path


def write_parts(folder: Path, records: int, files: int, *, form: Format = "csv", seed: int = 7) -> Path:
    """Write the same records to so many files in `folder`, in the order of their names."""
    folder.mkdir(parents=True)
    each = -(-records // files)
    with _numbers(records) as connection:
        for place in range(files):
            part = f"{_select(seed, FIELDS)} WHERE i >= {place * each} AND i < {(place + 1) * each}"
            connection.execute(f"COPY ({part}) TO '{folder}/{place:05d}.{form}' ({_COPY[form]})")
    return folder


@contextmanager
def _numbers(records: int) -> Generator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("CREATE MACRO one_of(these, n) AS these[1 + CAST(n % len(these) AS BIGINT)]")
        connection.execute("CREATE MACRO maybe(n, value) AS CASE WHEN n % 20 = 13 THEN NULL ELSE value END")
        # From a table, which threads scan in pieces; range() itself would keep one thread busy.
        connection.execute("CREATE TABLE numbers AS SELECT i FROM range(?) AS t(i)", [records])
        yield connection


def _select(seed: int, wanted: Collection[str]) -> str:
    lists = {
        name: "[" + ", ".join("'" + word.replace("'", "''") + "'" for word in words) + "]"
        for name, words in (
            ("first", _FIRST),
            ("last", _LAST),
            ("cities", _CITIES),
            ("countries", _COUNTRIES),
            ("states", _STATES),
            ("words", _WORDS),
        )
    }
    fields: list[str] = []
    for number, (field, sql) in enumerate(FIELDS.items()):
        value = sql.format(r=f"(hash(i * 64 + {number} + {seed << 48}) >> 3)", **lists)
        if field in wanted:
            fields.append(f'{value} AS "{field}"')
    return f"SELECT {', '.join(fields)} FROM numbers"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--format", choices=sorted(_COPY), default="csv", dest="form")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    print(write(given.path, given.records, form=given.form, seed=given.seed))


if __name__ == "__main__":
    main()
