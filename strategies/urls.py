"""The addresses of databases, strategies, jobs, runs and holds."""

from django.urls import path

from strategies.views import catalogue, holds, job_form, jobs, run_actions, runs, statements, targets

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
    path("statements/", statements.statements, name="statements"),
    path("statements/statements.sql", statements.statements_download, name="statements-download"),
    path("jobs/", jobs.job_list_page, name="jobs"),
    path("jobs/new/", job_form.job_new, name="job-new"),
    path("jobs/due/", job_form.job_due, name="job-due"),
    path("jobs/<int:pk>/", jobs.job, name="job"),
    path("jobs/<int:pk>/live/", jobs.job_live, name="job-live"),
    path("jobs/<int:pk>/edit/", job_form.job_edit, name="job-edit"),
    path("jobs/<int:pk>/switch/", jobs.job_switch, name="job-switch"),
    path("jobs/<int:pk>/run/", jobs.job_run, name="job-run"),
    path("jobs/<int:pk>/handle/", jobs.job_handle, name="job-handle"),
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
