from __future__ import annotations

from dataclasses import replace

from headrace.store import connectors
from headrace.store.connectors import Connector
from headrace.store.store import Store

STOCK = Connector(
    arn="arn:aws:appflow:r:1:connector/stock",
    account="1",
    region="r",
    label="stock",
    description=None,
    lambda_arn="arn:aws:lambda:r:1:function:stock",
    configuration={"connectorModes": ["SOURCE"], "ü": None},
    registered_ms=5,
    registered_by="arn:ann",
)


def test_a_connector_is_kept_as_it_is_until_it_is_deleted(store: Store) -> None:
    store.write(lambda tx: connectors.insert(tx, STOCK)).result()
    assert store.read(lambda tx: connectors.get(tx, "1", "r", "stock")).result() == STOCK
    assert store.read(lambda tx: connectors.get(tx, "2", "r", "stock")).result() is None
    assert store.write(lambda tx: connectors.delete_connector(tx, "1", "r", "stock")).result()
    assert not store.write(lambda tx: connectors.delete_connector(tx, "1", "r", "stock")).result()


def test_an_update_changes_what_may_change_of_a_connector_that_is_there(store: Store) -> None:
    store.write(lambda tx: connectors.insert(tx, STOCK)).result()
    changed = replace(STOCK, description="d", lambda_arn="arn:other", configuration={})
    assert store.write(lambda tx: connectors.update(tx, changed)).result()
    assert store.read(lambda tx: connectors.get(tx, "1", "r", "stock")).result() == changed
    assert not store.write(lambda tx: connectors.update(tx, replace(STOCK, arn="arn:gone"))).result()


def test_a_page_goes_on_after_a_label(store: Store) -> None:
    for label in ("b", "a", "c"):
        one = replace(STOCK, label=label, arn=label)
        store.write(lambda tx, one=one: connectors.insert(tx, one)).result()
    found = store.read(lambda tx: connectors.page(tx, "1", "r", after="a", limit=5)).result()
    assert [each.label for each in found] == ["b", "c"]


def test_a_lambda_arn_has_one_place(store: Store) -> None:
    store.write(lambda tx: connectors.put_place(tx, "arn", {"url": "http://a"})).result()
    store.write(lambda tx: connectors.put_place(tx, "arn", {"url": "http://b"})).result()
    assert store.read(connectors.places).result() == {"arn": {"url": "http://b"}}
    assert store.read(lambda tx: connectors.place(tx, "arn")).result() == {"url": "http://b"}
    assert store.write(lambda tx: connectors.remove_place(tx, "arn")).result()
    assert not store.write(lambda tx: connectors.remove_place(tx, "arn")).result()
    assert store.read(lambda tx: connectors.place(tx, "arn")).result() is None
