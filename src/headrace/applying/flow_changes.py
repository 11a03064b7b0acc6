"""A flow's document beside the flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from headrace.applying.change import Action, Change, Step
from headrace.applying.differences import differences, pruned
from headrace.documents import Document, FlowState, Kind
from headrace.flow.defaults import with_defaults
from headrace.flow.plan import PlanFaults
from headrace.flow.update import check_update
from headrace.model.api import SHAPES
from headrace.model.shapes import Structure

# Who keeps a flow by documents: `headrace apply --prune` deletes no flow without it.
OWNER_TAG: Final = "headrace:owner"
# How the key ends that headrace shows where a flow names none.
NO_KEY: Final = ":key/68656164-7261-4365-8000-000000000000"
_ON_DEMAND: Final = "OnDemand"
_LOST: Final = "its runs, their records and its position are lost; what it wrote stays"


def _members(shape: str) -> frozenset[str]:
    found = SHAPES[shape]
    return frozenset(each.name for each in found.members) if isinstance(found, Structure) else frozenset[str]()


_OF_AN_UPDATE = _members("UpdateFlowRequest")
_OF_A_CREATION = _members("CreateFlowRequest")
_COMPARED = _OF_AN_UPDATE - {"clientToken"}

_Described = Mapping[str, Any]


def flow_change(document: Document, described: _Described | None, owner: str | None) -> Change:
    """What makes the flow that DescribeFlow describes (None: there is none) what the document says."""
    request = _owned(document.request, owner)
    if described is None:
        return _of(Action.CREATE, document, steps=_creation(document, request))
    if reasons := tuple(_immovable(request, described)):
        deletion = Step("DeleteFlow", {"flowName": document.name, "forceDelete": True})
        _, tags = _tags(request, described)
        steps = (deletion, *_creation(document, {**request, "tags": tags} if tags else request, described))
        return _of(
            Action.REPLACE,
            document,
            lines=_lines(request, described),
            reasons=(*reasons, _LOST),
            steps=steps,
            undo=_as_it_was(described),
        )
    lines = (*_lines(request, described), *_tag_lines(request, described))
    steps = (*_update(request, described), *_tagging(request, described))
    state = tuple(_to_state(document, _status_after(request, described), described))
    if state:
        lines = (*lines, f"~ flowStatus: {described.get('flowStatus')} → {_STATES[state[0].operation]}")
    action = Action.UPDATE if lines else Action.KEEP
    return _of(action, document, lines=lines, steps=(*steps, *state) if lines else ())


_STATES: Final = {"StartFlow": "Active", "StopFlow": "Suspended"}


def _of(action: Action, document: Document, **parts: tuple[Any, ...]) -> Change:
    return Change(action, Kind.FLOW, document.name, document, **parts)


def _as_it_was(described: _Described) -> tuple[Step, ...]:
    """The calls that make a flow anew as it is described."""
    request = {name: value for name, value in described.items() if name in _OF_A_CREATION}
    request["tags"] = {name: value for name, value in described.get("tags", {}).items() if not name.startswith("aws:")}
    if str(request.get("kmsArn", "")).endswith(NO_KEY):
        del request["kmsArn"]
    is_due = _kept_state(described) is FlowState.ACTIVE
    start = Step("StartFlow", {"flowName": described["flowName"]})
    return (Step("CreateFlow", request), *((start,) if is_due else ()))


def _owned(request: Mapping[str, Any], owner: str | None) -> Mapping[str, Any]:
    return request if owner is None else {**request, "tags": {**request.get("tags", {}), OWNER_TAG: owner}}


def _creation(document: Document, request: Mapping[str, Any], described: _Described | None = None) -> tuple[Step, ...]:
    status = "Active" if _trigger(request) == _ON_DEMAND else "Draft"
    return (Step("CreateFlow", request), *_to_state(document, status, described))


def _update(request: Mapping[str, Any], described: _Described) -> Iterator[Step]:
    if _body(request) != _body(described):
        yield Step("UpdateFlow", {name: value for name, value in request.items() if name in _OF_AN_UPDATE})


def _lines(request: Mapping[str, Any], described: _Described) -> tuple[str, ...]:
    return tuple(differences(_body(described), _body(request)))


def _body(document: Mapping[str, Any]) -> dict[str, Any]:
    """What an update can say of the flow, with defaults as AppFlow fills them in."""
    return pruned(with_defaults({name: value for name, value in document.items() if name in _COMPARED}))


def _immovable(request: Mapping[str, Any], described: _Described) -> Iterator[str]:
    """What of the difference no update can make, in AppFlow's words."""
    try:
        check_update(described, request)
    except PlanFaults as error:
        yield from error.faults
    key = request.get("kmsArn")
    # An alias is told as the key that it stands for.
    if key is not None and ":alias/" not in key and key != described.get("kmsArn"):
        yield "kmsArn can not be updated"


def _status_after(request: Mapping[str, Any], described: _Described) -> str:
    """The flow's status once it is updated: one whose trigger gets another type begins anew."""
    if _trigger(request) == _trigger(described):
        return str(described.get("flowStatus"))
    return "Active" if _trigger(request) == _ON_DEMAND else "Draft"


def _to_state(document: Document, status: str, described: _Described | None) -> Iterator[Step]:
    """Draft and Suspended are alike: neither runs, and no call leads back to Draft."""
    wanted = document.state or _kept_state(described)
    if wanted is None or _trigger(document.request) == _ON_DEMAND:
        return
    if wanted is FlowState.ACTIVE and status != "Active":
        yield Step("StartFlow", {"flowName": document.name})
    if wanted is not FlowState.ACTIVE and status == "Active":
        yield Step("StopFlow", {"flowName": document.name})


def _kept_state(described: _Described | None) -> FlowState | None:
    """A flow that runs when it is due goes on so, even where it has to be made anew."""
    if described is None or _trigger(described) == _ON_DEMAND or described.get("flowStatus") != "Active":
        return None
    return FlowState.ACTIVE


def _trigger(document: Mapping[str, Any]) -> str:
    return document["triggerConfig"]["triggerType"]


def _tags(request: Mapping[str, Any], described: _Described) -> tuple[dict[str, str], dict[str, str]]:
    """Tags there are, and those there are to be: a document without tags leaves them alone, AWS's own stay."""
    there: dict[str, str] = {k: v for k, v in described.get("tags", {}).items() if not k.startswith("aws:")}
    if "tags" not in request:
        return there, there
    wanted: dict[str, str] = request["tags"]
    is_only_owner = set(wanted) == {OWNER_TAG}
    kept = there if is_only_owner else {k: v for k, v in there.items() if k == OWNER_TAG}
    return there, {**kept, **wanted}


def _tag_lines(request: Mapping[str, Any], described: _Described) -> tuple[str, ...]:
    there, wanted = _tags(request, described)
    return tuple(differences(there, wanted, "tags"))


def _tagging(request: Mapping[str, Any], described: _Described) -> Iterator[Step]:
    there, wanted = _tags(request, described)
    arn = described.get("flowArn")
    if new := {name: value for name, value in wanted.items() if there.get(name) != value}:
        yield Step("TagResource", {"resourceArn": arn, "tags": new})
    if gone := [name for name in there if name not in wanted]:
        yield Step("UntagResource", {"resourceArn": arn, "tagKeys": gone})
