"""The inbox, the page of one question, and what people answer there: each right on the server, each refusal a sentence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from strategies import delegations, glass, runs, signing
from strategies.audit import Actor
from strategies.models import (
    Approval,
    ApprovalRule,
    ApprovalState,
    ApprovalWord,
    BreakGlass,
    Hold,
    JobRun,
    Role,
    RunStatus,
    Tag,
    Target,
    User,
)
from tests.consents import production, somebody, two_levels, waiting_for_people
from tests.pages import HOSTILE, step, text_of

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ledger() -> Target:
    return production()


@pytest.fixture
def bert(ledger: Target) -> Client:
    """An approver."""
    return client_of(somebody("bert", Role.APPROVER))


def answer(client: Client, approval: Approval, how: str, **data: Any) -> Any:
    return client.post(f"/approvals/{approval.pk}/{how}/", {"level": approval.level, **data}, follow=True)


class TestTheInbox:
    def test_it_says_all_that_one_needs_to_decide(self, bert: Client, ledger: Target) -> None:
        steps = (step(1, is_destructive=True, undo=("SELECT 1",)), step(2, undo_note="A rebuild is not taken back."))
        approval = waiting_for_people(ledger, *steps)
        text = text_of(bert.get("/approvals/"))
        for words in (
            "Index maintenance on ledger", "2 × Rebuild", "production", "writes wait until the step ends", "Not known",
            f"{approval.score} of 100", "1 step drops or deletes something.", "1 of 2 steps can be taken back.",
            "A rebuild is not taken back.", "Nothing of this kind was approved", "anna", "1 approver", "REINDEX",
        ):  # fmt: skip
            assert words in text, words

    def test_what_somebody_has_chosen_is_named_and_the_usual_is_not(self, bert: Client, ledger: Target) -> None:
        chosen = {"max_objects": 7, "retries": 2, "kept_from_an_older_version": True}
        waiting_for_people(ledger, parameters=chosen)
        text = " ".join(text_of(bert.get("/approvals/")).split())
        assert "<dt>With</dt>" in text
        assert 'At most this many objects: <b class="any">7</b>' in text
        assert 'kept_from_an_older_version: <b class="any">yes</b>' in text
        assert "Retries" not in text

    def test_where_nothing_was_chosen_nothing_is_named(self, bert: Client, ledger: Target) -> None:
        waiting_for_people(ledger, parameters={"retries": 2})
        assert "<dt>With</dt>" not in text_of(bert.get("/approvals/"))

    @pytest.mark.parametrize("typed", [0, 3])
    def test_the_version_that_a_run_works_with_is_named_once(self, bert: Client, ledger: Target, typed: int) -> None:
        asked = {"strategy": "TABLE_CARE", "version": typed}
        waiting_for_people(ledger, strategy_name="STRATEGY_DEPLOYMENT", parameters=asked)
        JobRun.objects.update(strategy_version=3)  # filled in when it is planned
        text = " ".join(text_of(bert.get("/approvals/")).split())
        assert 'Strategy: <b class="any">TABLE_CARE</b>' in text
        assert text.count('Version: <b class="any">3</b>') == 1

    def test_how_long_it_takes_is_said_where_it_is_known(self, bert: Client, ledger: Target) -> None:
        approval = waiting_for_people(ledger)
        predicted = {"p50_ms": 61_000, "p90_ms": 125_000, "known": 2, "steps": 2}
        JobRun.objects.filter(pk=approval.run_id).update(predicted=predicted)
        assert "1 min 01 s; 9 of 10 times up to 2 min 05 s" in text_of(bert.get("/approvals/"))

    def test_what_was_approved_before_of_the_same_kind_is_named(self, bert: Client, ledger: Target) -> None:
        before = waiting_for_people(ledger)
        answer(bert, before, "approve")
        JobRun.objects.filter(pk=before.run_id).update(status=RunStatus.SUCCEEDED)
        waiting_for_people(ledger)
        text = text_of(bert.get("/approvals/"))
        assert f"Run {before.run_id}</a>" in text
        assert "Succeeded" in text

    def test_the_badge_counts_what_waits_for_the_reader_and_nobody_else(self, bert: Client, ledger: Target) -> None:
        for _ in range(3):
            waiting_for_people(ledger)
        waiting_for_people(ledger, actor=Actor("bert"))
        badge = '<span class="n"> 3<span class="visually-hidden"> wait for you'
        side, _, bottom = text_of(bert.get("/runs/")).partition('<nav class="botnav"')
        assert (side.count(badge), bottom.count(badge)) == (1, 1)
        dora = client_of(somebody("dora", Role.DBA))
        assert "wait for you</span>" not in text_of(dora.get("/runs/"))

    def test_own_requests_and_those_of_others_stand_apart(self, ledger: Target) -> None:
        anna = client_of(somebody("anna", Role.DBA, Role.APPROVER))
        own = waiting_for_people(ledger)
        other = waiting_for_people(ledger, actor=Actor("dora"))
        page = anna.get("/approvals/")
        assert [card.approval.pk for card in page.context["cards"]] == [other.pk]
        assert [row.pk for row in page.context["others"]] == [own.pk]
        text = text_of(anna.get("/approvals/own/"))
        assert f"/approvals/{own.pk}/" in text
        assert f"/approvals/{other.pk}/" not in text

    def test_marks_say_that_somebody_was_reminded_or_that_time_is_short(self, bert: Client, ledger: Target) -> None:
        approval = waiting_for_people(ledger)
        Approval.objects.filter(pk=approval.pk).update(reminded=1, reminded_at=timezone.now())
        assert "Reminded" in text_of(bert.get("/approvals/"))
        Approval.objects.filter(pk=approval.pk).update(is_escalated=True)
        assert "Time is short: managers may decide" in text_of(bert.get("/approvals/"))

    def test_what_waits_for_nobody_here_names_the_next_step(self, bert: Client) -> None:
        assert "Nothing waits for your word." in text_of(bert.get("/approvals/"))
        assert "Nothing was asked for in your name." in text_of(bert.get("/approvals/own/"))

    def test_a_question_whose_steps_cannot_be_read_keeps_none_of_the_others(self, bert: Client, ledger: Target) -> None:
        broken, well = waiting_for_people(ledger), waiting_for_people(ledger)
        Approval.objects.filter(pk=broken.pk).update(sealed={"steps": [{"key": 1}]}, risk="?")
        odd = waiting_for_people(ledger)
        Approval.objects.filter(pk=odd.pk).update(sealed={"steps": [], "parameters": "?"})
        Approval.objects.filter(pk=waiting_for_people(ledger).pk).update(levels="?")
        page = bert.get("/approvals/")
        assert {card.approval.pk for card in page.context["cards"]} == {broken.pk, well.pk, odd.pk}
        assert "Its steps cannot be read" in text_of(page)
        assert bert.get(f"/approvals/{broken.pk}/").status_code == 200

    def test_more_questions_cost_no_more_queries(self, bert: Client, ledger: Target) -> None:
        def visit(path: str) -> int:
            with CaptureQueriesContext(connection) as queries:
                assert bert.get(path).status_code == 200
            return len(queries)

        first = waiting_for_people(ledger, step(1))
        paths = ("/approvals/", f"/approvals/{first.pk}/", "/runs/")
        before = [visit(path) for path in paths]
        for number in range(8):
            one = waiting_for_people(production(f"t{number}"), step(1), step(2), step(3))
            signing.comment(one.pk, User.objects.get(username="bert"), Actor("bert"), HOSTILE, timezone.now())
        assert [visit(path) for path in paths] == before


class TestAnswers:
    def test_approving_takes_the_level_that_was_shown(self, bert: Client, ledger: Target) -> None:
        two_levels()
        approval = waiting_for_people(ledger)
        response = answer(bert, approval, "approve", text="Fine.")
        assert "it still needs others" in text_of(response)
        mia = client_of(somebody("mia", Role.MANAGER))
        assert "level 2 is asked by now" in text_of(answer(mia, approval, "approve"))
        assert "is approved" in text_of(answer(mia, approval, "approve", level=1))
        approval.refresh_from_db()
        assert approval.state == ApprovalState.APPROVED

    def test_the_run_tells_at_once_what_was_decided(self, bert: Client, ledger: Target) -> None:
        """Not only when the gate is asked the next time by the clock."""
        sent_back, approved = waiting_for_people(ledger), waiting_for_people(ledger)
        answer(bert, sent_back, "send-back", text="Not tonight.")
        answer(bert, approved, "approve")
        run = JobRun.objects.get(pk=sent_back.run_id)
        assert [reason["sentence"] for reason in run.reasons] == ["It was sent back: bert: Not tonight."]
        assert JobRun.objects.get(pk=approved.run_id).status == RunStatus.READY
        anna = client_of(somebody("anna", Role.DBA))
        anna.post(f"/runs/{run.pk}/ask-again/")
        run.refresh_from_db()
        assert run.reasons[0]["sentence"] == "It waits for the approval of 1 approver."

    def test_a_double_click_says_that_it_was_done(self, bert: Client, ledger: Target) -> None:
        approval = waiting_for_people(ledger)
        answer(bert, approval, "approve")
        assert "no longer asked for: approved" in text_of(answer(bert, approval, "approve"))
        assert ApprovalWord.objects.count() == 1

    @pytest.mark.parametrize("level", ["", "x", "-1", "9" * 30])
    def test_a_level_that_is_none_is_refused(self, level: str, bert: Client, ledger: Target) -> None:
        approval = waiting_for_people(ledger)
        assert answer(bert, approval, "approve", level=level).status_code == 422
        assert not ApprovalWord.objects.exists()

    def test_the_requester_is_refused_on_the_page(self, ledger: Target) -> None:
        approval = waiting_for_people(ledger)
        anna = client_of(somebody("anna", Role.DBA, Role.APPROVER))
        text = text_of(anna.get(f"/approvals/{approval.pk}/"))
        assert "You want this run yourself" in text
        assert "Approve…" not in text
        assert "somebody else decides" in text_of(answer(anna, approval, "approve"))
        assert Approval.objects.get().state == ApprovalState.ASKED

    def test_sending_back_with_one_of_the_reasons_that_are_offered(self, bert: Client, ledger: Target) -> None:
        approval = waiting_for_people(ledger)
        answer(bert, approval, "send-back", preset="Talk to me first.", text="")
        assert ApprovalWord.objects.get().comment == "Talk to me first."
        run = text_of(client_of(somebody("anna", Role.DBA)).get(f"/runs/{approval.run_id}/"))
        assert "bert: Talk to me first." in run
        assert "Ask for approval again" in run

    def test_without_a_reason_nothing_is_sent_back_and_what_was_typed_stays(self, bert: Client, ledger: Target) -> None:
        approval = waiting_for_people(ledger)
        response = answer(bert, approval, "send-back", text=" ")
        assert response.status_code == 422
        assert "Comment: Say why, in a few words." in text_of(response)
        response = answer(bert, approval, "send-back", text="x" * 1001)
        assert response.status_code == 422
        assert "x" * 1001 in text_of(response)
        assert Approval.objects.get().state == ApprovalState.ASKED

    def test_comments_are_kept_as_text(self, ledger: Target) -> None:
        approval = waiting_for_people(ledger)
        aude = client_of(somebody("aude", Role.AUDITOR))
        text = text_of(answer(aude, approval, "comment", text=HOSTILE))
        assert "<script>alert" not in text
        assert ApprovalWord.objects.get().comment == HOSTILE
        assert answer(aude, approval, "comment", text="").status_code == 422

    def test_a_dba_withdraws_it_and_asks_again(self, ledger: Target) -> None:
        approval = waiting_for_people(ledger)
        anna = client_of(somebody("anna", Role.DBA))
        assert "was withdrawn" in text_of(answer(anna, approval, "withdraw", text="Another night."))
        response = anna.post(f"/runs/{approval.run_id}/ask-again/", follow=True)
        assert "People are asked again." in text_of(response)
        assert "Nobody has to be asked again" in text_of(anna.post(f"/runs/{approval.run_id}/ask-again/", follow=True))
        assert Approval.objects.filter(state=ApprovalState.ASKED).count() == 1

    def test_an_outsider_finds_nothing(self, ledger: Target) -> None:
        approval = waiting_for_people(ledger)
        olga = client_of(somebody("olga", Role.APPROVER, Role.DBA, tenant="Other"))
        assert olga.get(f"/approvals/{approval.pk}/").status_code == 404
        for how in ("approve", "send-back", "comment", "withdraw"):
            assert answer(olga, approval, how, text="x").status_code == 404
        assert "ledger" not in text_of(olga.get("/approvals/"))

    def test_in_the_name_of_another_it_says_so(self, ledger: Target) -> None:
        somebody("bert", Role.APPROVER)
        approval, now = waiting_for_people(ledger), timezone.now()
        dora = somebody("dora", Role.DBA)
        delegations.add(
            User.objects.get(username="bert"), dora, Actor("bert"), now, now + timedelta(days=1), "Away.", now
        )
        client = client_of(dora)
        assert "You speak for <b>bert</b>." in text_of(client.get("/approvals/"))
        answer(client, approval, "approve")
        assert "for bert: approved" in text_of(client.get(f"/approvals/{approval.pk}/"))


class TestThePageOfOne:
    def test_it_shows_what_differs_side_by_side(self, bert: Client, ledger: Target) -> None:
        approval = waiting_for_people(ledger, step(1), step(2))
        kept = JobRun.objects.get(pk=approval.run_id).plan
        kept["steps"][0]["statements"] = ['REINDEX "other"']
        del kept["steps"][1]
        JobRun.objects.filter(pk=approval.run_id).update(plan=kept)
        text = text_of(bert.get(f"/approvals/{approval.pk}/"))
        assert "rebuild:orders_1 is another than was approved." in text
        assert "<del>REINDEX &quot;orders_1&quot;;</del>" in text
        assert "<ins>REINDEX &quot;other&quot;;</ins>" in text
        assert "No longer needed" in text

    def test_a_step_that_fell_away_is_said_and_opens_nothing(self, bert: Client, ledger: Target) -> None:
        approval = waiting_for_people(ledger, step(1), step(2))
        kept = JobRun.objects.get(pk=approval.run_id).plan
        del kept["steps"][1]
        JobRun.objects.filter(pk=approval.run_id).update(plan=kept)
        text = text_of(bert.get(f"/approvals/{approval.pk}/"))
        assert "Only less would run" in text
        assert "No longer needed" in text

    def test_nothing_is_said_where_nothing_differs(self, bert: Client, ledger: Target) -> None:
        assert "What differs now" not in text_of(bert.get(f"/approvals/{waiting_for_people(ledger).pk}/"))

    def test_the_page_of_the_run_says_who_approved_what(self, bert: Client, ledger: Target) -> None:
        approval = waiting_for_people(ledger)
        answer(bert, approval, "approve", text="Fine.")
        for role in (Role.DBA, Role.AUDITOR):
            text = text_of(client_of(somebody(role.value.lower(), role)).get(f"/runs/{approval.run_id}/"))
            assert "<b>bert</b>: approved (level 1 of 1)" in text
            assert "Fine." in text
        sam = text_of(client_of(somebody("sam", Role.STAKEHOLDER)).get(f"/runs/{approval.run_id}/"))
        assert "Approved" in sam
        assert "Fine." not in sam


class TestOpenedSeals:
    def claim(self, approval: Approval) -> JobRun | None:
        run = JobRun.objects.select_related("target").get(pk=approval.run_id)
        runs.ask_gate([run], timezone.now())
        return runs.claim(run.pk, "w/1/1/1.00", timezone.now())

    def test_one_byte_that_changed_after_the_approval_keeps_it_from_starting(
        self, bert: Client, ledger: Target
    ) -> None:
        approval = waiting_for_people(ledger)
        answer(bert, approval, "approve")
        kept = JobRun.objects.get(pk=approval.run_id).plan
        kept["steps"][0]["statements"][0] += " "
        JobRun.objects.filter(pk=approval.run_id).update(plan=kept)
        assert self.claim(approval) is None
        text = text_of(bert.get(f"/approvals/{approval.pk}/"))
        assert "No longer what was approved" in text
        assert "another than was approved" in text

    def test_what_was_not_changed_starts(self, bert: Client, ledger: Target) -> None:
        approval = waiting_for_people(ledger)
        answer(bert, approval, "approve")
        claimed = self.claim(approval)
        assert claimed is not None
        assert claimed.status == RunStatus.RUNNING


class TestBreakGlass:
    @pytest.fixture
    def held(self, ledger: Target) -> Approval:
        Hold.objects.create(target=ledger, reason="Quarter close", placed_by="carl", placed_at=timezone.now())
        approval = waiting_for_people(ledger)
        Approval.objects.filter(pk=approval.pk).update(state=ApprovalState.APPROVED, decided_at=timezone.now())
        runs.ask_gate([JobRun.objects.select_related("target").get(pk=approval.run_id)], timezone.now())
        return approval

    def test_one_asks_with_a_reason_and_a_second_person_agrees(self, held: Approval, bert: Client) -> None:
        anna = client_of(somebody("anna", Role.DBA))
        assert "Break-glass…" in text_of(anna.get(f"/runs/{held.run_id}/"))
        assert "Reason: say why" in text_of(anna.post(f"/runs/{held.run_id}/break-glass/", {"reason": ""}, follow=True))
        anna.post(f"/runs/{held.run_id}/break-glass/", {"reason": "The disk is full."})
        row = BreakGlass.objects.get()
        text = text_of(bert.get("/approvals/"))
        assert "The disk is full." in text
        assert "Quarter close" in text
        for path, says_yes in (("/approvals/", bert), (f"/runs/{held.run_id}/", bert)):
            assert f"/break-glass/{row.pk}/agree/" in text_of(says_yes.get(path))
            assert f"/break-glass/{row.pk}/agree/" not in text_of(anna.get(path))
        assert "nothing waits for you" in text_of(anna.get("/approvals/"))
        assert "1 waits for you" in text_of(bert.get("/approvals/"))
        assert '<a href="/approvals/">Approvals</a></span>' in text_of(bert.get("/"))
        assert "A second person has to agree" in text_of(anna.post(f"/break-glass/{row.pk}/agree/", follow=True))
        assert "starts against windows" in text_of(bert.post(f"/break-glass/{row.pk}/agree/", follow=True))
        run = JobRun.objects.select_related("target").get(pk=held.run_id)
        runs.ask_gate([run], timezone.now())
        assert runs.claim(run.pk, "w/1/1/1.00", timezone.now()) is not None
        text = text_of(anna.get(f"/runs/{held.run_id}/"))
        assert "bert agreed" in text
        assert "It started on that" in text

    def test_a_run_that_nothing_of_that_kind_keeps_has_no_such_button(self, ledger: Target) -> None:
        approval = waiting_for_people(ledger)
        anna = client_of(somebody("anna", Role.DBA))
        assert "Break-glass…" not in text_of(anna.get(f"/runs/{approval.run_id}/"))
        anna.post(f"/runs/{approval.run_id}/break-glass/", {"reason": "Now."})
        assert not BreakGlass.objects.exists()

    def test_it_opens_no_approval(self, held: Approval, bert: Client) -> None:
        Approval.objects.update(state=ApprovalState.ASKED)
        row = glass.ask(held.run, Actor("anna"), "Now.", timezone.now())
        glass.agree(row, Actor("bert"), timezone.now())
        run = JobRun.objects.select_related("target").get(pk=held.run_id)
        runs.ask_gate([run], timezone.now())
        assert [reason["code"] for reason in run.reasons] == ["not_approved"]

    @pytest.mark.parametrize("page", ["home", "run"])
    def test_its_reason_is_read_by_those_who_read_plans(self, page: str, held: Approval) -> None:
        glass.ask(held.run, Actor("anna"), "The disk of ledger7 is full.", timezone.now())
        path = {"home": "/", "run": f"/runs/{held.run_id}/"}[page]
        assert "ledger7" in text_of(client_of(somebody("mia", Role.MANAGER)).get(path))
        text = text_of(client_of(somebody("sid", Role.STAKEHOLDER)).get(path))
        assert "ledger7" not in text
        assert "Break-glass" in text

    def test_an_outsider_agrees_to_nothing(self, held: Approval) -> None:
        row = glass.ask(held.run, Actor("anna"), "Now.", timezone.now())
        olga = client_of(somebody("olga", Role.APPROVER, tenant="Other"))
        assert olga.post(f"/break-glass/{row.pk}/agree/").status_code == 404


@pytest.mark.parametrize(
    "model", ["approval", "approvalword", "standingapproval", "delegation", "breakglass", "approvalrule"]
)
def test_the_administration_shows_them_and_changes_nothing(model: str, ledger: Target) -> None:
    root = User.objects.create_superuser("root")
    client = client_of(root)
    approval = waiting_for_people(ledger)
    assert client.get(f"/admin/strategies/{model}/").status_code == 200
    assert client.get(f"/admin/strategies/{model}/add/").status_code == 403
    if model == "approval":
        path = f"/admin/strategies/approval/{approval.pk}"
        assert client.get(f"{path}/change/").status_code == 200
        assert client.post(f"{path}/change/", {"state": "approved"}).status_code == 403
        assert client.post(f"{path}/delete/", {"post": "yes"}).status_code == 403
        approval.refresh_from_db()
        assert approval.state == ApprovalState.ASKED


def test_a_tag_whose_rule_asks_people_is_not_deleted_beneath_it(ledger: Target) -> None:
    tag = Tag.objects.create(name="finance")
    two_levels(environment="", tag=tag)
    client = client_of(User.objects.create_superuser("root"))
    client.post(f"/admin/strategies/tag/{tag.pk}/delete/", {"post": "yes"})
    assert ApprovalRule.objects.filter(tag=tag).exists()
