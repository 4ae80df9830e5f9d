"""The addresses of databases, strategies, runs and holds."""

from django.urls import path

from strategies.views import catalogue, holds, run_actions, runs, targets

urlpatterns = [
    path("databases/", targets.target_list, name="targets"),
    path("databases/register/", targets.target_register, name="target-register"),
    path("databases/<int:pk>/", targets.target, name="target"),
    path("databases/<int:pk>/live/", targets.target_live, name="target-live"),
    path("databases/<int:pk>/edit/", targets.target_edit, name="target-edit"),
    path("databases/<int:pk>/check/", targets.target_check, name="target-check"),
    path("databases/<int:pk>/assess/", targets.target_assess, name="target-assess"),
    path("databases/<int:pk>/switch/", targets.target_switch, name="target-switch"),
    path("strategies/", catalogue.strategies, name="strategies"),
    path("strategies/<str:name>/", catalogue.strategy, name="strategy"),
    path("runs/", runs.run_list, name="runs"),
    path("runs/new/", runs.run_plan, name="run-plan"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/live/", runs.run_live, name="run-live"),
    path("runs/<int:pk>/plan.sql", runs.run_plan_download, name="run-plan-download"),
    path("runs/<int:pk>/release/", run_actions.run_release, name="run-release"),
    path("runs/<int:pk>/stop/", run_actions.run_stop, name="run-stop"),
    path("runs/<int:pk>/resume/", run_actions.run_resume, name="run-resume"),
    path("runs/<int:pk>/retry/", run_actions.run_retry, name="run-retry"),
    path("runs/<int:pk>/undo/", run_actions.run_undo, name="run-undo"),
    path("runs/<int:pk>/handle/", run_actions.run_handle, name="run-handle"),
    path("holds/", holds.hold_list, name="holds"),
    path("holds/place/", holds.hold_place, name="hold-place"),
    path("holds/<int:pk>/lift/", holds.hold_lift, name="hold-lift"),
]
