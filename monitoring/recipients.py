"""Who is told of an entry, by which channel and why: rules, jobs and their configuration, people who are asked, people who asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitoring import wishes
from monitoring.models import (
    ITSELF,
    Announcement,
    NotificationChannel,
    NotificationRule,
    Severity,
    Subscription,
)
from monitoring.notifications import channels as kinds
from monitoring.notifications.base import RecipientRefused
from monitoring.subscribers import Heard, sees_system
from monitoring.told_entries import Told
from monitoring.wishes import Wish
from strategies import signing
from strategies.models import ApprovalWord, User
from strategies.signing import Voices

ASKS = frozenset({"approval.asked", "approval.level_passed", "approval.reminded", "approval.escalated"})
ANSWERS = frozenset(
    {"approval.given", "approval.sent_back", "approval.expired", "approval.opened", "approval.withdrawn"}
)


@dataclass(frozen=True, slots=True)
class To:
    """One recipient on one channel. `refusal` says why nothing is sent there all the same.

    They are told with the times of `zone` (empty = of what it is about), with a `subscription` in plain words.
    """

    channel: NotificationChannel
    recipient: str
    why: str
    refusal: str = ""
    subscription: Subscription | None = None
    zone: str = ""


@dataclass(slots=True)
class Directory:
    """All channels, rules and people, loaded once for many entries. `troubles` gathers sentences for whoever keeps them."""

    moment: datetime
    channels: Sequence[NotificationChannel]
    rules: Sequence[NotificationRule]
    people: Sequence[User]
    troubles: list[str] = field(default_factory=list)
    _voices: dict[int, Voices] = field(default_factory=dict)
    _addresses: dict[str, list[User]] = field(default_factory=dict)

    @classmethod
    def load(cls, moment: datetime) -> Directory:
        channels = [row for row in NotificationChannel.objects.all() if row.kind in kinds()]
        rules = NotificationRule.objects.filter(is_active=True).order_by("pk")
        people = User.objects.prefetch_related("groups", "tenants").order_by("pk")
        return cls(moment, channels, list(rules), list(people))

    def of(self, told: Told, said: Mapping[int, Sequence[ApprovalWord]], heard: Heard) -> list[To]:
        """Each recipient once on each channel. `said` has the words that were given for each approval, by its key.

        Who subscribed is told as a subscriber, whatever else leads to them: so who heard of a maintenance hears of its end.
        """
        found: dict[tuple[int, str], To] = {}
        led = (*self._by_rules(told), *self._by_wish(told), *self._asked(told, said), *self._who_asked(told))
        for to in (*self._subscribed(told, heard), *led):
            of = (to.channel.pk, to.recipient.casefold())
            kept = found.get(of)
            if kept is None or (kept.refusal and not to.refusal):
                found[of] = to
        return list(found.values())

    def _by_rules(self, told: Told) -> Iterator[To]:
        by_pk = {row.pk: row for row in self.channels}
        for rule in self.rules:
            channel = by_pk.get(rule.channel_id)
            if channel is None or not self._carries(channel, told) or not takes(rule, told):
                continue
            why = f"rule {rule.name}"[:200]
            if not kinds()[channel.kind].is_for_people:
                yield To(channel, ITSELF, why)
                continue
            for address in rule.addresses:
                yield self._to(channel, address, told, why)
            for person in self.people if rule.role else ():
                if person.may_know(told.tenants) and rule.role in person.roles:
                    yield from self._to_person(channel, person, f"{why}, as {rule.get_role_display()}"[:200])

    def _by_wish(self, told: Told) -> Iterator[To]:
        wish = _wish(told)
        work = f"the job {told.facts['job']}" if told.job is not None else "the configuration of its strategy"
        if wish.problems:
            self.troubles.append(f"{work[0].upper()}{work[1:]}: {' '.join(wish.problems)}"[:500])
        if not wish.takes(told.event.event) or _is_withdrawn(told):
            return
        if wish.recipients and (channel := self._for_people(told, work)) is not None:
            for recipient in wish.recipients:
                yield self._to(channel, recipient, told, work[:200])
        for name in wish.channels:
            there = next((row for row in self.channels if row.name.casefold() == name.casefold()), None)
            if there is None or not self._carries(there, told):
                self.troubles.append(
                    f"{work[0].upper()}{work[1:]} names the channel {name}, which is not there for it."[:500]
                )
            elif kinds()[there.kind].is_for_people:
                self.troubles.append(
                    f"{work[0].upper()}{work[1:]} names the channel {name}, which needs recipients."[:500]
                )
            else:
                yield To(there, ITSELF, work[:200])

    def _asked(self, told: Told, said: Mapping[int, Sequence[ApprovalWord]]) -> Iterator[To]:
        """Whoever may give the word that is asked for now; whoever gave theirs, and whoever wanted the run, is not asked."""
        if told.event.event not in ASKS or told.approval is None or told.target is None:
            return
        if told.approval.state != "asked":
            return  # it was answered meanwhile
        words, tenant = said.get(told.approval.pk, ()), told.target.tenant_id
        asked = [
            person for person in self.people
            if person.is_active and person.may_know(told.tenants)
            and signing.word_of(told.approval, words, self._voice(person), tenant) is not None
        ]  # fmt: skip
        if asked and (channel := self._for_people(told, "approvals")) is not None:
            for person in asked:
                yield from self._to_person(channel, person, "asked to approve it")

    def _who_asked(self, told: Told) -> Iterator[To]:
        if told.event.event not in ANSWERS:
            return
        names = {name.removeprefix("cli:").casefold() for name in told.people}
        wanted = [
            person for person in self.people if person.username.casefold() in names and person.may_know(told.tenants)
        ]
        if wanted and (channel := self._for_people(told, "approvals")) is not None:
            for person in wanted:
                yield from self._to_person(channel, person, "wanted the run")

    def _subscribed(self, told: Told, heard: Heard) -> Iterator[To]:
        wanted = heard.wanting(told)
        if (
            told.announcement is not None
            and wanted
            and (channel := self._for_people(told, "subscriptions")) is not None
        ):
            for one in wanted:
                yield self._to_subscriber(channel, one, told.announcement)

    def _to_subscriber(self, channel: NotificationChannel, one: Subscription, row: Announcement) -> To:
        """Whoever has an account here hears only of systems of their tenants, as long as the account is on."""
        why, people = f"your subscription to {row.system.name}"[:200], self._by_address().get(one.address, ())
        may = [person for person in people if sees_system(person, row.system)]
        if people and not may:
            return To(channel, one.address, why, f"{people[0].username} may not see this system.", one)
        zone = next((person.time_zone for person in may if person.time_zone), row.system.time_zone)
        return To(channel, one.address, why, "", one, zone)

    def _by_address(self) -> dict[str, list[User]]:
        if not self._addresses:
            for person in self.people:
                self._addresses.setdefault(person.email.casefold(), []).append(person)
        return self._addresses

    def _voice(self, person: User) -> Voices:
        if person.pk not in self._voices:
            self._voices[person.pk] = signing.voices(person, self.moment)
        return self._voices[person.pk]

    def _for_people(self, told: Told, what: str) -> NotificationChannel | None:
        """The channel by which people are told who are named and not led to one: the tenant's own before one for all."""
        found = for_people(self.channels, told.tenants)
        if found is None:
            self.troubles.append(f"There is no e-mail channel by which those could be told whom {what} names."[:500])
        return found

    def _to(self, channel: NotificationChannel, text: str, told: Told, why: str) -> To:
        """A mail address, or the user name of somebody. Whoever signs in here is told only what they may see."""
        person = self._named(text)
        if person is None and "@" not in text:
            return To(channel, text[:254], why, f"{text[:100]} is no mail address and no user name.")
        if person is not None and not person.email:
            return To(channel, text[:254], why, f"{person.username} has no mail address.")
        try:
            recipient = kinds()[channel.kind].read_recipient(person.email if person is not None else text)
        except RecipientRefused as refusal:
            return To(channel, text[:254], why, str(refusal)[:500])
        if person is not None and not person.may_know(told.tenants):
            return To(channel, recipient, why, f"{person.username} may not see what it is about.")
        return To(channel, recipient, why, zone=person.time_zone if person is not None else "")

    def _to_person(self, channel: NotificationChannel, person: User, why: str) -> Iterator[To]:
        """Nothing where somebody has no address; it stands with the person."""
        if not person.email:
            self.troubles.append(f"{person.username} cannot be told: no mail address stands with the account."[:500])
            return
        try:
            yield To(channel, kinds()[channel.kind].read_recipient(person.email), why, zone=person.time_zone)
        except RecipientRefused as refusal:
            yield To(channel, person.email[:254], why, str(refusal)[:500])

    def _named(self, text: str) -> User | None:
        wanted = text.casefold()
        named = (person for person in self.people if wanted in (person.username.casefold(), person.email.casefold()))
        return next(named, None)

    @staticmethod
    def _carries(channel: NotificationChannel, told: Told) -> bool:
        """Whether this may go by this channel: it is on, and a tenant's own carries only what is of that tenant."""
        return _is_for(channel, told.tenants)


def for_people(channels: Iterable[NotificationChannel], tenants: Collection[int]) -> NotificationChannel | None:
    """The channel by which people are told of what is of these tenants: a tenant's own before one for all. None = there is none."""
    fit = [row for row in channels if row.kind in kinds() and kinds()[row.kind].is_for_people and _is_for(row, tenants)]
    return min(fit, key=lambda row: (row.tenant_id is None, row.pk), default=None)


def _is_for(channel: NotificationChannel, tenants: Collection[int]) -> bool:
    return channel.is_active and channel.tenant_id in (None, *tenants)


def takes(rule: NotificationRule, told: Told) -> bool:
    """Whether a rule leads this entry to its channel."""
    if rule.groups and told.event.group not in rule.groups:
        return False
    if Severity(told.event.severity).rank < Severity(rule.least_severity).rank:
        return False
    if rule.strategy_name and rule.strategy_name != told.strategy:
        return False
    where = rule.where
    return where.is_everything or where == told.where or any(where.covers(place) for place in told.places)


def _wish(told: Told) -> Wish:
    config = told.run.config if told.run is not None else None
    of_config = wishes.of_config(config.notification_config) if config is not None else Wish()
    if told.job is None:
        return of_config if told.run is not None else Wish()
    job = told.job
    return wishes.of_job(job.notify_on_success, job.notify_on_failure, job.notification_recipients, of_config)


def _is_withdrawn(told: Told) -> bool:
    """A run that was cancelled before it began: its job was changed, or nobody released it. That is no failure of the job."""
    return told.event.event == "run.cancelled" and told.run is not None and told.run.started_at is None


def words_by_approval(told: Iterable[Told]) -> dict[int, list[ApprovalWord]]:
    """What was said of the approvals that these entries are about; one query, none where they are about none."""
    keys = {one.approval.pk for one in told if one.approval is not None}
    found: dict[int, list[ApprovalWord]] = {}
    for word in ApprovalWord.objects.filter(approval__in=keys) if keys else ():
        found.setdefault(word.approval_id, []).append(word)
    return found
