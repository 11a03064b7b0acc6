from __future__ import annotations

from collections import Counter

from headrace.model.states import State
from headrace.store import executions
from headrace.store.executions import Claim
from headrace.store.store import Store
from tests.unit.store.rows import add_flow, queue, take, write


def plant(store: Store, **counts: int) -> None:
    """Flows with so many queued executions, in that order."""
    for flow, count in counts.items():
        write(store, lambda tx, flow=flow: add_flow(tx, flow, flow_id=flow))
        write(store, lambda tx, flow=flow, count=count: [queue(tx, f"{flow}{n}", flow=flow) for n in range(count)])


def claim(store: Store, limit: int, flow_limit: int | None = None, after: str = "") -> list[Claim]:
    return write(
        store,
        lambda tx: executions.claim(
            tx, owner="w", now_ms=3000, lease_until_ms=4000, limit=limit, flow_limit=flow_limit, after=after
        ),
    )


def names(claims: list[Claim]) -> list[str]:
    return [claim.execution.execution_id for claim in claims]


def end(store: Store, claims: list[Claim]) -> None:
    for one in claims:
        id_, fence = one.execution.execution_id, one.execution.fence
        write(
            store,
            lambda tx, id_=id_, fence=fence: executions.settle(
                tx, id_, fence, state=State.DONE, counts=None, message=None, now_ms=1
            ),
        )


def test_a_flow_with_thousands_of_queued_executions_holds_up_no_other(file_store: Store) -> None:
    plant(file_store, backfill=10_000, orders=2, users=1)
    served, last = list[str](), ""
    for _ in range(5):
        claims = claim(file_store, 1, after=last)
        served += names(claims)
        last = claims[0].execution.flow_id
        end(file_store, claims)
    assert served == ["backfill0", "orders0", "users0", "backfill1", "orders1"]


def test_one_claim_is_shared_out_among_the_flows(store: Store) -> None:
    plant(store, backfill=9, orders=2, users=1)
    assert names(claim(store, 5)) == ["backfill0", "orders0", "users0", "backfill1", "orders1"]


def test_a_claim_of_more_than_one_statement_takes_keeps_the_turns_and_is_renewed_as_a_whole(store: Store) -> None:
    plant(store, backfill=20, orders=2, users=1)
    taken = names(claim(store, 19))
    assert taken == ["backfill0", "orders0", "users0", "backfill1", "orders1", *(f"backfill{n}" for n in range(2, 16))]
    held = write(store, lambda tx: executions.renew(tx, taken, owner="w", now_ms=3000, lease_until_ms=5000))
    assert held == dict.fromkeys(taken, State.RUNNING)
    assert {each.execution_id for each in write(store, lambda tx: executions.get_some(tx, [*taken, "no"]))} == set(
        taken
    )


def test_the_flow_with_the_fewest_running_executions_goes_first(store: Store) -> None:
    plant(store, backfill=9)
    claim(store, 3)
    plant(store, orders=9)
    assert Counter(name.rstrip("0123456789") for name in names(claim(store, 5))) == {"orders": 4, "backfill": 1}


def test_no_more_executions_of_a_flow_run_than_it_may_whoever_runs_them(store: Store) -> None:
    plant(store, backfill=9)
    first = claim(store, 2, flow_limit=3)
    assert names(claim(store, 9, flow_limit=3)) == ["backfill2"]
    assert claim(store, 9, flow_limit=3) == []
    end(store, first[:1])
    assert names(claim(store, 9, flow_limit=3)) == ["backfill3"]


def test_flows_at_their_limit_hide_no_other_flow_however_many_they_are(store: Store) -> None:
    plant(store, **{f"full{number:03d}": 2 for number in range(120)})
    assert len(claim(store, 120, flow_limit=1)) == 120
    plant(store, last=1)
    assert names(claim(store, 1, flow_limit=1)) == ["last0"]


def test_every_one_of_many_flows_comes_to_its_turn_in_one_round(store: Store) -> None:
    plant(store, **{f"f{number:03d}": 3 for number in range(90)})
    flows, last = list[str](), ""
    for _ in range(45):
        claims = claim(store, 2, after=last)
        flows += [one.execution.flow_id for one in claims]
        last = flows[-1]
        end(store, claims)
    assert sorted(flows) == [f"f{number:03d}" for number in range(90)]


def test_what_fell_silent_is_taken_before_what_is_queued_and_still_counts_for_its_flow(store: Store) -> None:
    plant(store, orders=2)
    write(store, lambda tx: take(tx, now_ms=1000, lease_ms=1000))
    assert names(claim(store, 2, flow_limit=1)) == ["orders0"]
    assert claim(store, 2, flow_limit=1) == []
