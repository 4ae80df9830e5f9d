"""Versions of generated strategies, which are kept as they were made, and what became of each on a database."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models

from strategies.models.access import READS_SQL, User, may
from strategies.models.audit import AppendOnly
from strategies.models.run import JobRun
from strategies.models.state import State
from strategies.models.target import Target, visible_rows


class StrategyVersionQuerySet(models.QuerySet["StrategyVersion"]):
    def visible_to(self, user: User) -> StrategyVersionQuerySet:
        """They belong to home, where they are deployed: who sees it, and reads SQL, sees them."""
        is_theirs = may(user, *READS_SQL) and Target.objects.visible_to(user).filter(is_home=True).exists()
        return self if is_theirs else self.none()

    def newest(self) -> StrategyVersionQuerySet:
        """Of each strategy the last one, whose number is how many there are, by name."""
        later = StrategyVersion.objects.filter(
            strategy_name=models.OuterRef("strategy_name"), number__gt=models.OuterRef("number")
        )
        return self.filter(~models.Exists(later)).order_by("strategy_name")

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Versions are not changed.")

    def delete(self) -> NoReturn:
        raise AppendOnly("Versions are not deleted.")


class StrategyVersion(models.Model):
    """What was made from one definition of a strategy: `files` by their paths, and the `registration` that brings it into the portal.

    `digest` is the SHA-256 (hex) of definition, files and registration together.
    """

    strategy_name = models.CharField(max_length=50)
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    definition = models.JSONField()
    files = models.JSONField()
    registration = models.JSONField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)

    objects: ClassVar[StrategyVersionQuerySet] = StrategyVersionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_strategy_version"
        ordering = ["strategy_name", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["strategy_name", "number"], name="portal_version_number"),
            models.UniqueConstraint(fields=["strategy_name", "digest"], name="portal_version_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.strategy_name} {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("Versions are not changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Versions are not deleted.")


class DeploymentState(State):
    """How a deployment ended, in the seed's words. After one that failed the version from before still counts."""

    COMPLETED = "COMPLETED", "check-lg", "ok", "Deployed"
    FAILED = "FAILED", "x-lg", "fail", "Failed"
    ROLLED_BACK = "ROLLED_BACK", "arrow-counterclockwise", "warn", "Rolled back"


STANDS = (DeploymentState.COMPLETED, DeploymentState.ROLLED_BACK)  # after these it is known which version is there


class DeploymentQuerySet(models.QuerySet["Deployment"]):
    def visible_to(self, user: User) -> DeploymentQuerySet:
        """Who sees both databases: the one that was changed, and the one that the strategy is for."""
        return visible_rows(self, user).filter(place__in=Target.objects.visible_to(user))

    def standing(self) -> DeploymentQuerySet:
        """Of each strategy and database, and each that it is for, the latest that stands, where a version is there since."""
        rows = self.filter(status__in=STANDS).order_by()
        last = rows.values_list("strategy_name", "target", "place").annotate(last=models.Max("pk"))
        return Deployment.objects.filter(pk__in=list(last.values_list("last", flat=True)), number__isnull=False)


class Deployment(models.Model):
    """What a run made of a strategy on a database, newest last.

    `target` is the database that was changed, `place` the one that the strategy is for: the same, unless home got the rows of another.
    `number` is the version that is there since; empty = none.
    """

    strategy_name = models.CharField(max_length=50)
    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="+", db_index=False)
    place = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField(null=True, blank=True)
    run = models.ForeignKey(JobRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="deployments")
    status = models.CharField(max_length=20, choices=DeploymentState.choices)
    at = models.DateTimeField()

    objects: ClassVar[DeploymentQuerySet] = DeploymentQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_deployment"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["place", "strategy_name", "id"], name="portal_deployment_by_place"),
            models.Index(fields=["target", "id"], name="portal_deployment_by_target"),
        ]

    def __str__(self) -> str:
        return f"{self.strategy_name} {self.number or '-'} on {self.target}"
