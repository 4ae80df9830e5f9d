"""What the list of notifications can be narrowed by."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import QuerySet

from monitoring.channel_changes import TRIED
from monitoring.deliveries import ASKED, WELCOMED
from monitoring.models import Delivery, Notification, NotificationChannel
from monitoring.notifiable import EVENTS
from strategies.filters import FilterForm, StrictFilterSet, visible_targets


def _channels(request: Any) -> QuerySet[NotificationChannel]:
    return NotificationChannel.objects.visible_to(request.user)


class NotificationFilter(StrictFilterSet):
    state = filters.ChoiceFilter(label="State", empty_label="Any", choices=Delivery.choices)
    channel = filters.ModelChoiceFilter(label="Channel", empty_label="Any", queryset=_channels)
    event = filters.ChoiceFilter(
        label="What", empty_label="Anything",
        choices=[
            *((name, one.title) for name, one in EVENTS.items()), (ASKED, "Question to a subscriber"),
            (WELCOMED, "First message to a subscriber"), (TRIED, "Test of a channel"),
        ],
    )  # fmt: skip
    target = filters.ModelChoiceFilter(label="Database", empty_label="Any", queryset=visible_targets)
    recipient = filters.CharFilter(label="Recipient", lookup_expr="iexact", max_length=254)

    class Meta:
        model = Notification
        fields: list[str] = []
        form = FilterForm
