"""The addresses of what happened."""

from django.urls import path

from monitoring.views import operations

urlpatterns = [
    path("operations/", operations.operations, name="operations"),
    path("operations/<int:pk>/", operations.operation, name="operation"),
    path("operations.csv", operations.operations_csv, name="operations-csv"),
]
