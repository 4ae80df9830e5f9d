"""The addresses of what happened."""

from django.urls import path

from monitoring.views import agenda, audit, errors, log_health, operations, report, statistics, timeline, trends

urlpatterns = [
    path("audit/", audit.audit_page, name="audit"),
    path("audit.csv", audit.audit_csv, name="audit-csv"),
    path("calendar/", agenda.agenda_page, name="agenda"),
    path("calendar/timeline/", timeline.timeline_page, name="timeline"),
    path("calendar/timeline.csv", timeline.timeline_csv, name="timeline-csv"),
    path("errors/", errors.error_list, name="errors"),
    path("errors/<int:pk>/", errors.error, name="error"),
    path("errors/<int:pk>/handle/", errors.error_handle, name="error-handle"),
    path("errors/<int:pk>/days.csv", errors.error_csv, name="error-csv"),
    path("errors.csv", errors.errors_csv, name="errors-csv"),
    path("operation-log/", log_health.health, name="log-health"),
    path("operation-log/rule/", log_health.policy, name="log-policy"),
    path("operation-log/prune/", log_health.prune, name="log-prune"),
    path("operation-log/growth.csv", log_health.growth_csv, name="log-growth-csv"),
    path("operations/", operations.operations, name="operations"),
    path("operations/<int:pk>/", operations.operation, name="operation"),
    path("operations.csv", operations.operations_csv, name="operations-csv"),
    path("report/", report.report_page, name="report"),
    path("report.csv", report.report_csv, name="report-csv"),
    path("report.pdf", report.report_pdf_file, name="report-pdf"),
    path("trends/", trends.trend_page, name="trends"),
    path("trends.csv", trends.trend_csv, name="trends-csv"),
    path("trends/strategies.csv", trends.strategy_trend_csv, name="trends-strategies-csv"),
    path("statistics/", statistics.statistics_page, name="statistics"),
    path("statistics.csv", statistics.statistics_csv, name="statistics-csv"),
    path("statistics/operations.csv", statistics.performance_csv, name="performance-csv"),
    path("statistics/jobs.csv", statistics.job_summary_csv, name="job-summary-csv"),
]
