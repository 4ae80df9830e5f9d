"""The pages that belong to the portal as a whole: Home, signing in and out, health, and what is shown when something failed."""

from __future__ import annotations

import sys
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.defaults import server_error
from django_htmx.http import HttpResponseClientRefresh

from maintenance_portal import home as homes
from maintenance_portal.vitals import vitals
from strategies.cut_off import is_cut_off
from strategies.models import READS, User, may


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What runs, what failed, what waits, how the databases are. A person without a role is told whom to ask."""
    user = request.user
    if not isinstance(user, User) or not may(user, *READS):
        return render(request, "no_role.html")
    return render(request, "home.html", {"home": homes.home(user, timezone.now())})


@require_safe
def home_live(request: HttpRequest) -> HttpResponse:
    """The changing part of Home, asked for every few seconds."""
    user = request.user
    if not isinstance(user, User) or not may(user, *READS):
        return HttpResponseClientRefresh()
    return render(request, "home_live.html", {"home": homes.home(user, timezone.now())})


@method_decorator([login_not_required, never_cache], name="dispatch")
class SignIn(LoginView):
    template_name = "registration/sign_in.html"
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """A live fragment whose reader was signed out meanwhile reloads its whole page, which then asks for a sign-in."""
        if getattr(request, "htmx", False):
            return HttpResponseClientRefresh()
        return super().dispatch(request, *args, **kwargs)


@login_not_required
@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """For whoever watches the portal: 200 and `ok` when pages, clock and workers work, else 503 and what does not."""
    try:
        found = vitals(timezone.now())
    except Error:
        return JsonResponse({"ok": False, "problem": "The portal's database does not answer."}, status=503)
    return JsonResponse({"ok": found.is_well, "problem": found.problem}, status=200 if found.is_well else 503)


@login_not_required
def failed(request: HttpRequest) -> HttpResponse:
    """What a page failed at is in the log. While the database is away, nobody has to look there: it is said."""
    if not is_cut_off(sys.exc_info()[1]):
        return server_error(request)
    response = HttpResponse(get_template("503.html").render(), status=503)
    response["Retry-After"] = "5"
    return response


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: mostly a page that was open while somebody signed in or out in another tab."""
    return render(request, "403_csrf.html", status=403)


@login_not_required
@require_safe
def administration_sign_in(request: HttpRequest) -> HttpResponse:
    """Where the administration sends whoever it does not let in: to sign in, or, signed in, to be told that it is not theirs."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect(f"{reverse('sign-in')}?{request.GET.urlencode()}")
