"""What a person meets who is not signed in, or opens an address that forms are sent to: a page, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

READING = ("GET", "HEAD")


class SignInFirst(LoginRequiredMiddleware):
    """Asks for a sign-in. What a form sent is not kept: the way leads back to the page where the form stands."""

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., Any]) -> HttpResponseRedirect:
        if request.method in READING:
            return super().handle_no_permission(request, view_func)
        messages.warning(request, "You were signed out. What you sent was not taken: sign in, then send it again.")
        return redirect_to_login(page_of_form(request), self.get_login_url(view_func))


class NotAllowedPage:
    """Gives the bare answer 405 a page that says what the address is for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or response.content:
            return response
        page = render(request, "405.html", {"back": page_above(request.path)}, status=405)
        page["Allow"] = response["Allow"]
        return page


def page_of_form(request: HttpRequest) -> str:
    """Where the form of this request stands: the page that sent it, or else the nearest one above its address."""
    sender = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(sender, {request.get_host()}, require_https=request.is_secure()):
        parts = urlsplit(sender)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return page_above(request.path)


def page_above(path: str) -> str:
    """The nearest address above this one that is one: /runs/1/release/ → /runs/1/, /holds/place/ → /holds/."""
    while (path := path.rstrip("/").rpartition("/")[0] + "/") != "/":
        try:
            resolve(path)
        except Resolver404:
            continue
        return path
    return reverse("home")
