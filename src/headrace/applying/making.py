"""Changes made, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from headrace.applying.account import Account
from headrace.applying.change import Action, Change
from headrace.client import CallError
from headrace.errors import HeadraceError, ServiceError


class Unfinished(HeadraceError):
    """A change failed, and what comes after it was not begun: it may need what failed.

    `is_begun` says whether the failed change made a call that held, and is still so: the deletion before a replacement
    is not where the flow could be made anew as it was (`is_undone`).
    """

    def __init__(
        self,
        done: Sequence[Change],
        failed: Change,
        left: Sequence[Change],
        cause: ServiceError | CallError,
        *,
        is_begun: bool,
        is_undone: bool = False,
    ) -> None:
        super().__init__(f"The {failed.kind} {failed.name} could not be {failed.action}d: {cause.message}")
        self.done, self.failed, self.left = tuple(done), failed, tuple(left)
        self.cause = cause
        self.is_begun = is_begun
        self.is_undone = is_undone


def make(changes: Sequence[Change], account: Account, tell: Callable[[Change], object] | None = None) -> None:
    """Make the changes in their order, and tell each that is made. Raises Unfinished at the first that fails."""
    wanted = [change for change in changes if change.action is not Action.KEEP]
    for number, change in enumerate(wanted):
        made = 0
        try:
            for step in change.steps:
                account.do(step.operation, step.request)
                made += 1
        except (ServiceError, CallError) as error:
            is_undone = made == 1 and _undone(change, account)
            is_begun = made > 0 and not is_undone
            left = wanted[number + 1 :]
            raise Unfinished(wanted[:number], change, left, error, is_begun=is_begun, is_undone=is_undone) from error
        if tell is not None:
            tell(change)


def _undone(change: Change, account: Account) -> bool:
    """Whether what the first step deleted is there again."""
    try:
        for step in change.undo:
            account.do(step.operation, step.request)
    except (ServiceError, CallError):
        return False
    return bool(change.undo)
