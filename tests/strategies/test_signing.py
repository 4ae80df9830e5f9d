"""Four eyes on the server: who may give their word for which level, once; and nobody for what they want themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from strategies import approvals, delegations, runs, signing
from strategies.audit import Actor
from strategies.models import (
    Approval,
    ApprovalRule,
    ApprovalState,
    ApprovalWord,
    AuditEntry,
    Delegation,
    JobRun,
    Origin,
    Role,
    RunStatus,
    User,
)
from strategies.plans import Locks
from strategies.refused import Refused
from tests.consents import ANNA, production, somebody, two_levels, waiting_for_people
from tests.jobs import a_config, a_job
from tests.pages import one_level, plan, step

DAY = timedelta(days=1)


def approve(approval: Approval, user: User, level: int = 0, comment: str = "") -> Approval:
    return signing.approve(approval.pk, user, Actor(user.username), level, comment, timezone.now())


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refusal:
        act()
    return str(refusal.value)


@pytest.mark.django_db
class TestOneLevel:
    def test_an_approver_agrees_and_the_gate_lets_the_run_in(self) -> None:
        approval = waiting_for_people(production())
        assert approval.run.status == RunStatus.WAITING
        assert "1 approver" in approval.run.reasons[0]["sentence"]
        approve(approval, somebody("bert", Role.APPROVER), comment="Looks fine.")
        approval.refresh_from_db()
        assert (approval.state, approval.words.get().comment) == (ApprovalState.APPROVED, "Looks fine.")
        run = JobRun.objects.select_related("target").get(pk=approval.run_id)
        runs.ask_gate([run], timezone.now())
        assert run.status == RunStatus.READY
        entry = AuditEntry.objects.get(action="approval.given")
        assert (entry.actor, entry.reason, entry.target) == ("bert", "Looks fine.", approval.run.target)

    def test_whoever_wants_the_run_does_not_approve_it_whatever_roles_they_have(self) -> None:
        approval = waiting_for_people(production())
        anna = somebody("anna", *Role)
        assert "somebody else decides" in refused(lambda: approve(approval, anna))
        User.objects.filter(pk=anna.pk).update(is_superuser=True)
        assert "somebody else decides" in refused(lambda: approve(approval, User.objects.get(pk=anna.pk)))
        approval.refresh_from_db()
        assert approval.state == ApprovalState.ASKED

    def test_whoever_released_what_another_only_planned_does_not_approve_it(self) -> None:
        target, bert, now = production(), somebody("bert", Role.DBA, Role.APPROVER), timezone.now()
        run = runs.ask(ANNA, target, "INDEX_MAINTENANCE", now, wake=False)
        runs.keep_plan(run, plan(step(1), target=target.name), now)
        assert runs.release(run, Actor("bert"), run.plan_digest, now)
        approval = Approval.objects.get(run=run)
        assert approval.requesters == ["anna", "bert"]
        assert "somebody else" in refused(lambda: approve(approval, bert))
        assert approve(approval, somebody("carl", Role.APPROVER)).state == ApprovalState.APPROVED

    def test_the_commands_of_a_person_are_that_person(self) -> None:
        approval = waiting_for_people(production(), actor=Actor("cli:anna", "host"))
        anna = somebody("anna", Role.APPROVER)
        assert "somebody else decides" in refused(lambda: approve(approval, anna))
        other = waiting_for_people(production("books"), actor=Actor("Anna"))
        assert "somebody else decides" in refused(lambda: approve(other, anna)), "however the name is written"

    def test_a_superuser_who_did_not_ask_for_it_has_every_role(self) -> None:
        approval = waiting_for_people(production())
        root = User.objects.create_superuser("root")
        assert approve(approval, root).state == ApprovalState.APPROVED

    @pytest.mark.parametrize("role", [Role.DBA, Role.MANAGER, Role.AUDITOR, Role.STAKEHOLDER])
    def test_another_role_than_the_one_that_is_asked_is_refused(self, role: Role) -> None:
        approval = waiting_for_people(production())
        assert "You are not asked now" in refused(lambda: approve(approval, somebody("dora", role)))
        assert not ApprovalWord.objects.exists()

    def test_an_approver_of_another_tenant_finds_no_such_question(self) -> None:
        approval = waiting_for_people(production())
        olga = somebody("olga", Role.APPROVER, tenant="Other")
        assert "no approval" in refused(lambda: approve(approval, olga))

    def test_one_who_was_switched_off_has_no_word(self) -> None:
        approval = waiting_for_people(production())
        bert = somebody("bert", Role.APPROVER)
        bert.is_active = False
        bert.save()
        assert "no approval" in refused(lambda: approve(approval, bert))

    def test_a_double_click_is_one_word(self) -> None:
        approval = waiting_for_people(production())
        bert = somebody("bert", Role.APPROVER)
        approve(approval, bert)
        assert "no longer asked for: approved" in refused(lambda: approve(approval, bert))
        assert ApprovalWord.objects.count() == 1

    def test_a_run_that_is_over_is_not_approved(self) -> None:
        approval = waiting_for_people(production())
        JobRun.objects.filter(pk=approval.run_id).update(status=RunStatus.CANCELLED)
        assert "over" in refused(lambda: approve(approval, somebody("bert", Role.APPROVER)))

    def test_after_its_time_nothing_is_approved_though_no_tick_has_come(self) -> None:
        approval = waiting_for_people(production())
        Approval.objects.filter(pk=approval.pk).update(not_after=timezone.now() - timedelta(seconds=1))
        assert "too late" in refused(lambda: approve(approval, somebody("bert", Role.APPROVER)))

    def test_of_a_job_neither_who_wrote_it_nor_who_changed_it_last_approves_its_runs(self) -> None:
        target = production()
        job = a_job(target, created_by="bert", last_modified_by="carl")
        config = a_config(target, created_by="cli:dora")
        approval = waiting_for_people(target, actor=Actor("portal"), job=job, config=config)
        for name in ("bert", "carl", "dora"):
            assert "somebody else decides" in refused(
                lambda name=name: approve(approval, somebody(name, Role.APPROVER))
            )
        assert approve(approval, somebody("emil", Role.APPROVER)).state == ApprovalState.APPROVED

    def test_what_goes_on_with_a_run_is_still_wanted_by_whoever_wanted_that(self) -> None:
        target = production()
        first = waiting_for_people(target).run
        approval = waiting_for_people(target, actor=Actor("portal"), parent=first, origin=Origin.CONTINUE)
        assert "somebody else decides" in refused(lambda: approve(approval, somebody("anna", Role.APPROVER)))


@pytest.mark.django_db
class TestLevels:
    def test_levels_come_one_after_the_other(self) -> None:
        two_levels()
        approval = waiting_for_people(production())
        bert, mia = somebody("bert", Role.APPROVER), somebody("mia", Role.MANAGER)
        assert "not asked now" in refused(lambda: approve(approval, mia))
        assert (approve(approval, bert).state, Approval.objects.get().level) == (ApprovalState.ASKED, 1)
        assert "level 2 is asked" in refused(lambda: approve(approval, mia, level=0))
        assert approve(approval, mia, level=1).state == ApprovalState.APPROVED
        actions = AuditEntry.objects.filter(object_type="Approval").order_by("id").values_list("action", flat=True)
        assert list(actions) == ["approval.asked", "approval.level_passed", "approval.given"]

    def test_one_person_signs_one_level_whatever_roles_they_have(self) -> None:
        two_levels()
        approval = waiting_for_people(production())
        both = somebody("both", Role.APPROVER, Role.MANAGER)
        approve(approval, both)
        assert "given your word already" in refused(lambda: approve(approval, both, level=1))
        assert Approval.objects.get().state == ApprovalState.ASKED

    def test_a_quorum_is_so_many_people(self) -> None:
        two_levels(levels=[one_level("approver", 2)])
        approval = waiting_for_people(production())
        bert, carl = (somebody(name, Role.APPROVER) for name in ("bert", "carl"))
        assert approve(approval, bert).state == ApprovalState.ASKED
        assert "given your word already" in refused(lambda: approve(approval, bert))
        assert approve(approval, carl).state == ApprovalState.APPROVED
        assert AuditEntry.objects.filter(action="approval.word_given", actor="bert").exists()

    def test_where_people_are_named_their_word_alone_counts(self) -> None:
        two_levels(levels=[one_level("approver", 1, "carl")])
        approval = waiting_for_people(production())
        bert, carl = (somebody(name, Role.APPROVER) for name in ("bert", "carl"))
        assert "carl" in refused(lambda: approve(approval, bert))
        assert approve(approval, carl).state == ApprovalState.APPROVED

    @pytest.mark.parametrize("levels", [[[{"role": "approver"}]], "nonsense", [[]], [[{"role": "king", "quorum": 1}]]])
    def test_levels_that_cannot_be_read_are_passed_by_nobody(self, levels: object) -> None:
        approval = waiting_for_people(production())
        Approval.objects.filter(pk=approval.pk).update(levels=levels)
        assert "cannot be read" in refused(lambda: approve(approval, somebody("bert", Role.APPROVER)))
        run = JobRun.objects.select_related("target").get(pk=approval.run_id)
        runs.ask_gate([run], timezone.now())
        assert "cannot be read" in run.reasons[0]["sentence"]


@pytest.mark.django_db
class TestOtherWords:
    def test_sending_back_needs_a_reason_and_ends_the_question(self) -> None:
        approval = waiting_for_people(production())
        bert, now = somebody("bert", Role.APPROVER), timezone.now()
        assert "Say why" in refused(lambda: signing.send_back(approval.pk, bert, Actor("bert"), 0, "  ", now))
        signing.send_back(approval.pk, bert, Actor("bert"), 0, "Not in the quarter close.", now)
        approval.refresh_from_db()
        assert (approval.state, approval.why) == (ApprovalState.SENT_BACK, "bert: Not in the quarter close.")
        run = JobRun.objects.select_related("target").get(pk=approval.run_id)
        runs.ask_gate([run], now)
        assert "Not in the quarter close." in run.reasons[0]["sentence"]
        assert "no longer asked" in refused(lambda: approve(approval, somebody("carl", Role.APPROVER)))

    def test_whoever_wants_it_cannot_send_it_back_but_comments(self) -> None:
        approval = waiting_for_people(production())
        anna, now = somebody("anna", Role.DBA, Role.APPROVER), timezone.now()
        assert "somebody else" in refused(lambda: signing.send_back(approval.pk, anna, ANNA, 0, "No.", now))
        signing.comment(approval.pk, anna, ANNA, "It is urgent.", now)
        signing.comment(approval.pk, anna, ANNA, "Really.", now)
        assert [word.comment for word in approval.words.order_by("pk")] == ["It is urgent.", "Really."]

    def test_a_dba_withdraws_the_question_even_after_it_was_approved(self) -> None:
        approval = waiting_for_people(production())
        bert, dora, now = somebody("bert", Role.APPROVER), somebody("dora", Role.DBA), timezone.now()
        approve(approval, bert)
        assert "Only a DBA" in refused(lambda: signing.withdraw(approval.pk, bert, Actor("bert"), "Why", now))
        signing.withdraw(approval.pk, dora, Actor("dora"), "Another plan.", now)
        approval.refresh_from_db()
        assert approval.state == ApprovalState.WITHDRAWN
        run = JobRun.objects.select_related("target").get(pk=approval.run_id)
        runs.ask_gate([run], now)
        assert run.status == RunStatus.WAITING


@pytest.mark.django_db
class TestDelegation:
    def give(self, person: User, delegate: User, **values: object) -> Delegation:
        now = timezone.now()
        known = {"starts_at": now - DAY, "ends_at": now + DAY, "reason": "Away."}
        return Delegation.objects.create(person=person.username, delegate=delegate.username, **{**known, **values})

    def test_a_delegate_gives_the_word_of_whom_they_speak_for(self) -> None:
        approval = waiting_for_people(production())
        bert, dora = somebody("bert", Role.APPROVER), somebody("dora", Role.DBA)
        assert "not asked" in refused(lambda: approve(approval, dora))
        self.give(bert, dora)
        assert approve(approval, dora).state == ApprovalState.APPROVED
        word = approval.words.get()
        assert (word.person, word.instead_of) == ("dora", "bert")
        assert AuditEntry.objects.get(action="approval.given").after["for"] == "bert"

    @pytest.mark.parametrize("values", [
        {"starts_at": timezone.now() + DAY / 2}, {"ends_at": timezone.now() - DAY / 2}, {"revoked_at": timezone.now() - DAY / 2},
    ])  # fmt: skip
    def test_only_while_it_is_in_force(self, values: dict[str, object]) -> None:
        approval = waiting_for_people(production())
        bert, dora = somebody("bert", Role.APPROVER), somebody("dora", Role.DBA)
        self.give(bert, dora, **values)
        assert "not asked" in refused(lambda: approve(approval, dora))

    def test_the_requester_approves_neither_as_a_delegate_nor_through_one(self) -> None:
        approval = waiting_for_people(production())
        anna, bert, dora = (
            somebody("anna", Role.DBA, Role.APPROVER),
            somebody("bert", Role.APPROVER),
            somebody("dora", Role.DBA),
        )
        self.give(bert, anna)
        assert "somebody else decides" in refused(lambda: approve(approval, anna))
        self.give(anna, dora)
        assert "not asked" in refused(lambda: approve(approval, dora))

    def test_nobody_lends_a_word_that_they_do_not_have(self) -> None:
        approval = waiting_for_people(production())
        dora = somebody("dora", Role.DBA)
        self.give(somebody("olga", Role.APPROVER, tenant="Other"), dora)
        self.give(somebody("aude", Role.AUDITOR), dora)
        gone = somebody("gone", Role.APPROVER)
        gone.is_active = False
        gone.save()
        self.give(gone, dora)
        assert "not asked" in refused(lambda: approve(approval, dora))

    def test_whose_own_word_is_asked_for_no_more_speaks_for_nobody(self) -> None:
        approval = waiting_for_people(production())
        bert, sam = somebody("bert", Role.APPROVER), somebody("sam", Role.STAKEHOLDER)
        self.give(bert, sam)
        assert "not asked" in refused(lambda: approve(approval, sam))

    def test_a_word_counts_once_also_where_two_give_it(self) -> None:
        two_levels(levels=[one_level("approver", 2, "bert", "carl")])
        approval = waiting_for_people(production())
        bert, dora, emil = somebody("bert", Role.APPROVER), somebody("dora", Role.DBA), somebody("emil", Role.DBA)
        somebody("carl", Role.APPROVER)
        self.give(bert, dora)
        self.give(bert, emil)
        approve(approval, dora)
        for one in (bert, emil):
            assert "not asked" in refused(lambda one=one: approve(approval, one))
        assert Approval.objects.get().state == ApprovalState.ASKED

    def test_it_is_given_and_taken_back_with_an_entry_each(self) -> None:
        bert, dora, now = somebody("bert", Role.APPROVER), somebody("dora", Role.DBA), timezone.now()
        row = delegations.add(bert, dora, Actor("bert"), now, now + 3 * DAY, "Away.", now)
        assert delegations.revoke(row, Actor("dora"), now)
        assert not delegations.revoke(row, Actor("dora"), now)
        actions = AuditEntry.objects.filter(object_type="Delegation").order_by("id").values_list("action", flat=True)
        assert list(actions) == ["delegation.added", "delegation.revoked"]

    def test_wrong_ones_are_refused(self) -> None:
        bert, dora, now = somebody("bert", Role.APPROVER), somebody("dora", Role.DBA), timezone.now()
        olga, sam = somebody("olga", Role.APPROVER, tenant="Other"), somebody("sam", Role.STAKEHOLDER)
        for giver, taker, days, field in (
            (bert, bert, 1, "delegate"), (bert, olga, 1, "delegate"), (bert, sam, 1, "delegate"), (sam, dora, 1, "delegate"),
            (bert, dora, -1, "ends_on"), (bert, dora, 93, "ends_on"),
        ):  # fmt: skip
            with pytest.raises(Refused) as refusal:
                delegations.add(giver, taker, Actor(giver.username), now, now + days * DAY, "x", now)
            assert refusal.value.field == field
        assert not Delegation.objects.exists()


@pytest.mark.django_db
class TestEscalation:
    def test_a_manager_steps_in_only_once_time_is_short(self) -> None:
        approval = waiting_for_people(production())
        mia, dora = somebody("mia", Role.MANAGER), somebody("dora", Role.DBA)
        assert "not asked" in refused(lambda: approve(approval, mia))
        Approval.objects.filter(pk=approval.pk).update(is_escalated=True)
        assert "not asked" in refused(lambda: approve(approval, dora))
        assert approve(approval, mia).state == ApprovalState.APPROVED

    def test_and_in_the_name_of_those_who_were_named(self) -> None:
        two_levels(levels=[one_level("approver", 1, "carl")])
        approval = waiting_for_people(production())
        Approval.objects.filter(pk=approval.pk).update(is_escalated=True)
        assert approve(approval, somebody("mia", Role.MANAGER)).state == ApprovalState.APPROVED
        assert approval.words.get().instead_of == "carl"

    def test_a_manager_who_wants_the_run_does_not(self) -> None:
        approval = waiting_for_people(production(), actor=Actor("mia"))
        Approval.objects.filter(pk=approval.pk).update(is_escalated=True)
        assert "somebody else" in refused(lambda: approve(approval, somebody("mia", Role.MANAGER)))


def at_once(clicks: list[Callable[[], object]]) -> list[str]:
    """Do all of these at the same moment, each with a connection of its own; what was refused."""
    start, said = threading.Barrier(len(clicks)), []

    def click(act: Callable[[], object]) -> None:
        try:
            start.wait()
            act()
        except Refused as refusal:
            said.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=click, args=(act,)) for act in clicks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


@pytest.mark.django_db(transaction=True)
def test_fifty_clicks_at_once_advance_exactly_one_level() -> None:
    two_levels(levels=[one_level(), one_level(), one_level()])
    approval = waiting_for_people(production())
    people = [somebody(f"approver-{n}", Role.APPROVER) for n in range(50)]
    said = at_once([lambda user=user: approve(approval, user) for user in people])
    approval.refresh_from_db()
    assert (approval.state, approval.level) == (ApprovalState.ASKED, 1)
    assert len(said) == 49
    assert approval.words.count() == 1
    assert AuditEntry.objects.filter(action="approval.level_passed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_clicks_of_one_person_are_one_word() -> None:
    two_levels(levels=[one_level("approver", 2)])
    approval = waiting_for_people(production())
    bert = somebody("bert", Role.APPROVER)
    said = at_once([lambda: approve(approval, User.objects.get(pk=bert.pk))] * 50)
    approval.refresh_from_db()
    assert (approval.state, approval.words.count(), len(said)) == (ApprovalState.ASKED, 1, 49)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("environment", "steps", "wanted"),
    [
        ("production", (step(1),), 2),
        ("test", (step(1),), 1),
        ("development", (step(1),), 0),
        ("development", (step(1, is_destructive=True),), 1),
        ("production", (step(1, check={"finds": "damage"}, locks=Locks.NONE),), 0),
        ("production", (), 0),
    ],
)
def test_levels_by_environment_and_what_is_done(environment: str, steps: tuple, wanted: int) -> None:
    """Two on production, one on test, none for what only reads, and never none for what drops."""
    two_levels()
    ApprovalRule.objects.create(name="test", environment="test", levels=[one_level("DBA")])
    target = production(environment=environment)
    run = runs.ask(ANNA, target, "INDEX_MAINTENANCE", timezone.now(), wake=False)
    made = plan(*steps, target=target.name)
    runs.keep_plan(run, made, timezone.now())
    approval = approvals.ask(run, made, timezone.now())
    assert len(approval.levels if approval else []) == wanted
    assert run.needs_approval is bool(wanted)
