"""Who may open a page: roles as decorators, and what a signed-in request is. Which rows they see is each model's `visible_to`."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from strategies.models import SIGNS, Role, User, may
from strategies.models.access import OPERATES, READS, READS_AUDIT, READS_SQL

P = ParamSpec("P")


class SignedIn(HttpRequest):
    """A request that has passed a decorator of this module: its user is a person with a role."""

    user: User


Page = Callable[Concatenate[SignedIn, P], HttpResponseBase]
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def _for(roles: tuple[Role, ...]) -> Callable[[Page[P]], View[P]]:
    def decorate(page: Page[P]) -> View[P]:
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not may(request.user, *roles):
                raise PermissionDenied
            return page(request, *args, **kwargs)  # type: ignore[arg-type]

        return update_wrapper(guarded, page)  # type: ignore[return-value]

    return decorate


for_readers = _for(READS)
for_readers_of_sql = _for(READS_SQL)
for_readers_of_audit = _for(READS_AUDIT)
for_operators = _for(OPERATES)
for_signers = _for(SIGNS)  # whose word may be asked for; whether it is, is decided where it is given
