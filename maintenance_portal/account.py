"""A person's own account: what they change of it, each with its audit entry, and its last sign-ins."""

from __future__ import annotations

from django.contrib.auth.forms import PasswordChangeForm
from django.db import transaction

from strategies import audit
from strategies.audit import Actor
from strategies.models import AuditEntry, User

SIGN_INS = {
    "user.signed_in": ("box-arrow-in-right", "ok", "Signed in"),
    "user.sign_in_refused": ("x-lg", "fail", "Refused"),
    "user.locked_out": ("lock", "fail", "Locked out"),
}
SHOWN = 10


def choose_zone(actor: Actor, user: User, zone: str) -> bool:
    """`zone` is an IANA name, or empty for the portal's own. False = it was so already."""
    with transaction.atomic():
        before = _stored(user).time_zone
        if before == zone:
            return False
        User.objects.filter(pk=user.pk).update(time_zone=zone)
        audit.record(actor, "user.zone_changed", user, before={"time_zone": before}, after={"time_zone": zone})
    return True


def choose_theme(actor: Actor, user: User, theme: str) -> bool:
    """`theme` is a value of Theme. False = it was so already."""
    with transaction.atomic():
        before = _stored(user).theme
        if before == theme:
            return False
        User.objects.filter(pk=user.pk).update(theme=theme)
        audit.record(actor, "user.theme_changed", user, before={"theme": before}, after={"theme": theme})
    return True


def change_password(actor: Actor, user: User, form: PasswordChangeForm) -> None:
    """Keep the new password of a valid form. The audit says that it changed, and nothing of either."""
    with transaction.atomic():
        form.save()
        audit.record(actor, "user.password_changed", user)


def _stored(user: User) -> User:
    """As it is now, locked by this transaction."""
    return User.objects.select_for_update().get(pk=user.pk)


def last_sign_ins(user: User) -> list[tuple[AuditEntry, tuple[str, str, str]]]:
    """The latest ones, refused ones too, each with icon, colour and word. Whoever has no role sees their own as well."""
    rows = AuditEntry.objects.filter(object_type="User", object_id=str(user.pk), action__in=SIGN_INS)
    return [(entry, SIGN_INS[entry.action]) for entry in rows.order_by("-pk")[:SHOWN]]
