"""Every address of the portal."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path

from maintenance_portal import pages, views

handler500 = "maintenance_portal.views.failed"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("live/", views.home_live, name="home-live"),
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("search/", pages.search, name="search"),
    path("account/", pages.account, name="account"),
    path("health/", views.health, name="health"),
    path("", include("strategies.urls")),
    path("", include("monitoring.urls")),
    # One way to sign in: the one that counts refusals and keeps them.
    path("admin/login/", views.administration_sign_in),
    path("admin/", admin.site.urls),
]
