"""What people say to the question whether a run may start: yes, send it back, a comment. Four eyes are held here, for every way in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from strategies import approvals, audit
from strategies.approval_rules import Word, is_met, word_for
from strategies.audit import Actor
from strategies.models import (
    OPERATES,
    READS_SQL,
    SIGNS,
    Approval,
    ApprovalState,
    ApprovalWord,
    Delegation,
    JobRun,
    RunStatus,
    User,
    Verdict,
)
from strategies.refused import Refused

_NOT_BEGUN = (RunStatus.PLANNED, RunStatus.WAITING, RunStatus.READY)


@dataclass(frozen=True, slots=True)
class Voice:
    """In whose name a person can speak, and the tenants whose databases that one sees; None = all."""

    word: Word
    tenants: frozenset[int] | None

    def sees(self, tenant: int) -> bool:
        return self.tenants is None or tenant in self.tenants


@dataclass(frozen=True, slots=True)
class Voices:
    """One's own, and those of whoever gave this person their word."""

    own: Word
    others: tuple[Voice, ...] = ()


def roles_of(user: User) -> frozenset[str]:
    """Whose word may be asked for, of the roles that a person has: a superuser has every role."""
    return frozenset(role.value for role in SIGNS if user.has_role(role))


def voices(user: User, moment: datetime) -> Voices:
    """Loaded once for a page: with one query, and two more where anybody gave their word to this person.

    Whose own word is not asked for any more speaks for nobody.
    """
    own = Word(user.username, roles_of(user))
    if not own.roles:
        return Voices(own)
    lent = Delegation.objects.in_force(moment).filter(delegate=user.username)
    people = User.objects.filter(username__in=lent.values("person"), is_active=True)
    others = [
        _voice_of(person, user.username) for person in people.prefetch_related("groups", "tenants").order_by("username")
    ]
    return Voices(own, tuple(others))


def _voice_of(person: User, speaker: str) -> Voice:
    names = {group.name for group in person.groups.all()}
    roles = frozenset(role.value for role in SIGNS if person.is_superuser or role.value in names)
    tenants = None if person.is_superuser else frozenset(tenant.pk for tenant in person.tenants.all())
    return Voice(Word(speaker, roles, person.username), tenants)


def word_of(approval: Approval, said: Iterable[ApprovalWord], who: Voices, tenant: int) -> Word | None:
    """The word that this person may give for the level that is asked now; None = they are not asked, wanted the run, or spoke already.

    `tenant` is whose database it is: nobody lends a word that they do not have themselves.
    """
    wanted_by = {name.casefold() for name in approval.requesters}
    given = [word for word in said if word.verdict == Verdict.APPROVE]
    person = who.own.person
    if person.casefold() in wanted_by or any(word.person == person for word in given):
        return None
    words = (voice.word for voice in who.others if voice.sees(tenant))
    others = (word for word in words if word.voice.casefold() not in wanted_by)
    spoken = {*approval.requesters, *(word.instead_of or word.person for word in given)}
    level = approvals.level_asked(approval)
    return word_for(level, who.own, others, spoken, is_escalated=approval.is_escalated)


def approve(pk: int, user: User, actor: Actor, level: int, comment: str, moment: datetime) -> Approval:
    """One person agrees to the level that they were shown. Raises Refused.

    Everybody takes turns at the row, and each level is left once: many clicks at once are one word.
    """
    with transaction.atomic():
        approval = _hold(pk, user, level, moment)
        said = list(approval.words.all())
        word = _word(approval, said, user, moment)
        kept = _keep(approval, user, word, Verdict.APPROVE, comment, moment, once=f"{approval.pk}:{user.username}")
        given = [*said, kept]
        is_passed, is_given = _advance(approval, _words_of(given, level), moment)
        after = {"run": approval.run_id, "level": level + 1, "of": len(approval.levels)}
        audit.record(
            actor,
            "approval.given" if is_given else "approval.level_passed" if is_passed else "approval.word_given",
            approval, after={**after, **_instead(word)}, reason=kept.comment, target=approval.run.target,
        )  # fmt: skip
    approval.refresh_from_db()
    return approval


def send_back(pk: int, user: User, actor: Actor, level: int, reason: str, moment: datetime) -> Approval:
    """Whoever is asked says no, and why. Raises Refused."""
    if not reason.strip():
        raise Refused("Say why it is sent back: whoever wants it reads this.")
    with transaction.atomic():
        approval = _hold(pk, user, level, moment)
        word = _word(approval, list(approval.words.all()), user, moment)
        kept = _keep(approval, user, word, Verdict.SEND_BACK, reason, moment)
        why = f"{user.username}: {kept.comment}"[:1000]
        _end(approval, ApprovalState.SENT_BACK, why, moment, leaving=(ApprovalState.ASKED,))
        after = {"run": approval.run_id, "level": level + 1, **_instead(word)}
        audit.record(
            actor, "approval.sent_back", approval, after=after, reason=kept.comment, target=approval.run.target
        )
    approval.refresh_from_db()
    return approval


def comment(pk: int, user: User, actor: Actor, text: str, moment: datetime) -> Approval:
    """Whoever reads the plan may say something to it, the requester too. Raises Refused."""
    if not text.strip():
        raise Refused("A comment needs words.")
    with transaction.atomic():
        approval = _visible(pk, user)
        if not user.has_role(*READS_SQL):
            raise Refused("Only those who read the plan comment on it.")
        kept = _keep(approval, user, Word(user.username, roles_of(user)), Verdict.COMMENT, text, moment)
        audit.record(actor, "approval.commented", approval, reason=kept.comment, target=approval.run.target)
    return approval


def withdraw(pk: int, user: User, actor: Actor, reason: str, moment: datetime) -> Approval:
    """A DBA takes the question back, or what was approved, as long as the run has not begun. Raises Refused."""
    if not reason.strip():
        raise Refused("Say why it is withdrawn.")
    with transaction.atomic():
        approval = _visible(pk, user)
        if not user.has_role(*OPERATES):
            raise Refused("Only a DBA withdraws the question.")
        if approval.run.has_begun or approval.run.status not in _NOT_BEGUN:
            raise Refused("The run has begun, or is over.")
        why = f"{user.username}: {reason.strip()}"[:1000]
        _end(approval, ApprovalState.WITHDRAWN, why, moment, leaving=(ApprovalState.ASKED, ApprovalState.APPROVED))
        audit.record(actor, "approval.withdrawn", approval, reason=reason.strip(), target=approval.run.target)
    approval.refresh_from_db()
    return approval


def _visible(pk: int, user: User) -> Approval:
    """The approval, held for this transaction, of a run whose database this person sees."""
    approval = next(iter(Approval.objects.select_for_update().filter(pk=pk)), None)
    if approval is None or not JobRun.objects.visible_to(user).filter(pk=approval.run_id).exists():
        raise Refused(f"There is no approval {pk} among those that you see.")
    return approval


def _hold(pk: int, user: User, level: int, moment: datetime) -> Approval:
    approval = _visible(pk, user)
    if approval.state != ApprovalState.ASKED:
        raise Refused(f"It is no longer asked for: {approval.stage.label.lower()}.")
    if approval.run.status not in _NOT_BEGUN or approval.run.has_begun:
        raise Refused("The run has begun, or is over.")
    if approval.not_after < moment:
        raise Refused("It is too late: it had to start before now. A DBA may ask again.")
    if approval.level != level:
        raise Refused(f"Somebody was quicker: level {approval.level + 1} is asked by now. Read it again.")
    if approvals.is_requester(approval.run, user.username) or _is_one_of(user.username, approval.requesters):
        raise Refused("You want this run yourself: somebody else decides about it.")
    return approval


def _is_one_of(person: str, names: Iterable[str]) -> bool:
    return person.casefold() in {name.casefold() for name in names}


def _word(approval: Approval, said: list[ApprovalWord], user: User, moment: datetime) -> Word:
    word = word_of(approval, said, voices(user, moment), approval.run.target.tenant_id)
    if word is not None and not approvals.is_requester(approval.run, word.voice):
        return word
    if any(one.person == user.username and one.verdict == Verdict.APPROVE for one in said):
        raise Refused("You have given your word already: each level is somebody else's.")
    raise Refused(f"You are not asked now, but {approvals.in_words(approval)}.")


def _keep(
    approval: Approval, user: User, word: Word, verdict: Verdict, text: str, moment: datetime, once: str | None = None
) -> ApprovalWord:
    return ApprovalWord.objects.create(
        approval=approval, level=approval.level, person=user.username, roles=sorted(word.roles), instead_of=word.instead_of,
        verdict=verdict, comment=text.strip()[:1000], given_at=moment, once=once,
    )  # fmt: skip


def _words_of(said: Iterable[ApprovalWord], level: int) -> list[Word]:
    return [
        Word(word.person, frozenset(word.roles), word.instead_of)
        for word in said
        if word.level == level and word.verdict == Verdict.APPROVE
    ]


def _advance(approval: Approval, words: list[Word], moment: datetime) -> tuple[bool, bool]:
    """Whether the level has everybody it needs by the word that was given now, and whether it was the last one."""
    level = approvals.level_asked(approval)
    if not level or not is_met(level, words):
        return False, False
    is_last = approval.level + 1 >= len(approval.levels)
    changed: dict[str, Any] = {"level": approval.level + 1}
    if is_last:
        changed = {"state": ApprovalState.APPROVED, "decided_at": moment}
    rows = Approval.objects.filter(pk=approval.pk, state=ApprovalState.ASKED, level=approval.level)
    if rows.update(**changed) != 1:
        raise Refused("Somebody was quicker. Read it again.")
    return True, is_last


def _end(
    approval: Approval, to: ApprovalState, why: str, moment: datetime, *, leaving: tuple[ApprovalState, ...]
) -> None:
    if not Approval.objects.move(approval.pk, leaving=leaving, to=to, decided_at=moment, why=why):
        raise Refused("Somebody was quicker. Read it again.")


def _instead(word: Word) -> dict[str, str]:
    return {"for": word.instead_of} if word.instead_of else {}
