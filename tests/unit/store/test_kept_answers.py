from __future__ import annotations

import pytest

from headrace.store import tags, tokens
from headrace.store.statements import Statement
from headrace.store.store import Store
from headrace.store.tx import Tx
from tests.standins.stores import CONSTRAINT_BROKEN
from tests.unit.store.rows import read, write

COUNT = Statement(*["SELECT count(*) FROM tokens"] * 2)


def put(tx: Tx, token: str = "t", fingerprint: str = "f", now_ms: int = 0, expires_ms: int = 100) -> None:
    tokens.put(
        tx,
        "1",
        "r",
        "StartFlow",
        token,
        fingerprint=fingerprint,
        answer={"b": fingerprint, "a": now_ms},
        now_ms=now_ms,
        expires_ms=expires_ms,
    )


def get(store: Store, now_ms: int, *scope: str) -> list[tokens.TokenRow]:
    account, region, operation, token = scope or ("1", "r", "StartFlow", "t")
    return read(store, lambda tx: tokens.get(tx, account, region, operation, token, now_ms=now_ms))


def test_an_answer_is_kept_until_it_expires(store: Store) -> None:
    write(store, put)
    (kept,) = get(store, 99)
    assert (kept.fingerprint, kept.answer) == ("f", {"b": "f", "a": 0})
    assert get(store, 100) == []


@pytest.mark.parametrize(
    "scope",
    [
        ("2", "r", "StartFlow", "t"),
        ("1", "s", "StartFlow", "t"),
        ("1", "r", "CreateFlow", "t"),
        ("1", "r", "StartFlow", "u"),
    ],
)
def test_a_token_counts_in_its_account_region_and_operation_only(store: Store, scope: tuple[str, ...]) -> None:
    write(store, put)
    assert get(store, 1, *scope) == []


def test_one_token_keeps_an_answer_for_each_request(store: Store) -> None:
    write(store, put)
    write(store, lambda tx: put(tx, fingerprint="g"))
    assert {kept.fingerprint for kept in get(store, 1)} == {"f", "g"}


def test_the_same_call_is_not_kept_twice_before_it_expires(store: Store) -> None:
    write(store, put)
    with pytest.raises(CONSTRAINT_BROKEN):
        write(store, lambda tx: put(tx, now_ms=99, expires_ms=199))
    write(store, lambda tx: put(tx, now_ms=100, expires_ms=200))
    assert [kept.answer["a"] for kept in get(store, 150)] == [100]


def test_expired_answers_do_not_pile_up(store: Store) -> None:
    def many(tx: Tx, start: int) -> None:
        for number in range(start, start + 500):
            put(tx, token=f"token {number}", now_ms=number, expires_ms=number + 100)

    for start in range(0, 3000, 500):
        write(store, lambda tx, start=start: many(tx, start))
    (count,) = read(store, lambda tx: tx.rows(COUNT))[0]
    assert 100 <= count < 300


def test_tags_are_merged_removed_and_listed_by_key(store: Store) -> None:
    write(store, lambda tx: tags.put(tx, "arn", {"b": "1", "a": "2"}))
    write(store, lambda tx: tags.put(tx, "arn", {"b": "3", "c": ""}))
    write(store, lambda tx: tags.put(tx, "another", {"x": "y"}))
    assert list(read(store, lambda tx: tags.get(tx, "arn")).items()) == [("a", "2"), ("b", "3"), ("c", "")]
    write(store, lambda tx: tags.remove(tx, "arn", ["a", "unknown"]))
    assert read(store, lambda tx: tags.get(tx, "arn")) == {"b": "3", "c": ""}
    write(store, lambda tx: tags.delete_all(tx, "arn"))
    assert read(store, lambda tx: tags.get(tx, "arn")) == {}
    assert read(store, lambda tx: tags.get(tx, "another")) == {"x": "y"}
