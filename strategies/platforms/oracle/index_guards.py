"""What has to hold just before a step on an index begins: room for the copy, nobody at work on it, no transaction that is too old."""

from __future__ import annotations

from strategies.plans import ErrorClass, Step, TargetError
from strategies.platforms.base import PlatformError, Session
from strategies.platforms.oracle import index_room, index_state
from strategies.platforms.oracle.index_findings import held_by
from strategies.platforms.oracle.index_state import State


def ask_for_room(session: Session, step: Step) -> None:
    """Raises PlatformError where the copy would not fit beside the old index, or cannot be written at all."""
    spaces, _ = index_room.tablespaces(session)
    room = index_room.room_of(step.check["needs_bytes"], spaces.get(step.check["tablespace"]))
    if room.why_not:
        raise refusal(ErrorClass.PERMANENT, "no_room", room.why_not)


def wait_for_others(session: Session, step: Step, state: State) -> None:
    """Raises PlatformError where a build may still run: class LOCK where it is seen, so that it is tried again later."""
    locks = index_state.locks(session, state.lock_binds(step))
    if locks is None:
        why = "it cannot be seen whether an online build still runs, so nothing is cleaned up."
        raise refusal(ErrorClass.PERMANENT, "no_right", why)
    if locks:
        why = f"{held_by(locks)} works on the table, and may be building this index."
        raise refusal(ErrorClass.LOCK, "at_work", why)


def wait_for_old_transactions(session: Session, step: Step) -> None:
    """An online rebuild waits for the transactions on its table without any limit of Oracle's. Raises PlatformError (LOCK)."""
    binds = {name: step.check[name] for name in ("table_object_id", "object_id")}
    locks = index_state.locks(session, {**binds, "journal_object_id": None}) or []
    old = [lock for lock in locks if (lock["transaction_minutes"] or 0) >= step.check["oldest_minutes"]]
    if old:
        raise refusal(ErrorClass.LOCK, "old_transaction", f"the rebuild would wait for {held_by(old)}.")


def refusal(error_class: ErrorClass, code: str, why: str) -> PlatformError:
    return PlatformError(TargetError(error_class, code, f"Not now: {why}"))
