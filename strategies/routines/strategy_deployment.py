"""STRATEGY_DEPLOYMENT: brings a kept version of a strategy to a database, and finds what differs from it there."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, PrivateAttr, model_validator

from strategies.assessments import Assessment
from strategies.platforms.base import Concern, Session
from strategies.registrations import Content
from strategies.routines.base import Parameters, ParametersRefused, Routine


class DeploymentParameters(Parameters):
    """Which version is brought, and for which database. What it consists of is no parameter: it is kept, and filled in for a look."""

    strategy: str = Field(
        default="",
        max_length=50,
        title="Strategy",
        description="The strategy whose version is deployed. Empty: all that were deployed to this database, in the versions "
        "that it has, so that what differs from them is found and put back.",
    )
    version: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        title="Version",
        description="Its number; 0 is the newest that was made, which a job may not leave open.",
    )
    target: str = Field(
        default="",
        max_length=80,
        title="For the database",
        description="Where the jobs and configurations are to work, by the name of the database; empty is the one that is "
        "deployed to. Only home keeps them for others.",
    )
    max_objects: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        title="At most this many objects",
        description="Rows and packages that one run brings or mends.",
    )

    _contents: tuple[Content, ...] | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _belong_to_a_strategy(self) -> DeploymentParameters:
        if not self.strategy and (self.version or self.target):
            raise ValueError("A version, or a database that it is for, is that of a strategy: name it.")
        return self

    def bringing(self, contents: tuple[Content, ...]) -> DeploymentParameters:
        """The same, with what is to be there; of a named strategy the version is then a number, and no longer the newest."""
        filled = self.model_copy(update={"version": contents[0].number} if self.strategy else {})
        filled._contents = contents
        return filled

    @property
    def contents(self) -> tuple[Content, ...]:
        """Raises ValueError for a named version that nobody has filled in."""
        if self._contents is None and self.strategy:
            raise ValueError(f"What {self.strategy} consists of was not filled in.")
        return self._contents or ()


class StrategyDeployment(Routine[DeploymentParameters]):
    """Strategy deployment

    What it does
        Brings a version of a generated strategy to where it is to be. In home, the portal's own database, that is its row in the
        registry, its configurations and its jobs; in a database of Oracle it is the strategy's package. A version that is for
        another database than home is deployed twice: its package to that database, its rows to home.

        First it compares what is there with the version: rows that are missing, rows with another value (each column is named),
        a package that is missing, invalid, or has another source. Only what differs is changed. Without the name of a strategy
        it compares all that were deployed with the versions that the database has: so drift is found. On home these are what
        is for databases of home's own tenant; what is for another's is compared where it is named, by who sees that database.

        What people switch is theirs: whether a row is active, and whom a job tells, unless the version says so. Jobs of
        the strategy that the version does not have are named and left alone.

    When to use
        Whenever a version of a strategy is to go into use, or back to an earlier one: deploy that one's number. And from time to
        time without a name, to find what somebody has changed by hand, and to put it back.

    Risk
        Jobs that are deployed run by themselves from then on. Rows are written one by one, each in a transaction of its own.
        A row that was changed after the plan was made is left alone, and fails its step: each statement asks for the values that
        were looked at.

        Replacing a package keeps those who call it waiting until it is compiled, invalidates what depends on it, and ends
        the state of sessions that have used it (ORA-04068). What does not compile is taken back at once.

    Undo
        Rows get their former values back; rows that are new are deleted again. A job or a configuration with which runs were
        made by then is switched off instead, since those runs refer to it, and the row of the registry stays as long as something
        refers to it. What somebody has changed since the deployment is not taken back with it, nor is a new row deleted for which
        somebody has set anything, such as whom it tells: the undo says so, and stops there.

        A package gets its former source back; one that is new is dropped.
    """

    name: ClassVar[str] = "STRATEGY_DEPLOYMENT"
    title: ClassVar[str] = "Strategy deployment"
    version: ClassVar[str] = "1.0"
    concern: ClassVar[str] = "deployment"
    icon: ClassVar[str] = "bi-box-arrow-in-down"
    can_be_part: ClassVar[bool] = False  # what it brings is filled in where it stands alone
    parameters = DeploymentParameters

    def require_of_job(self, parameters: DeploymentParameters) -> None:
        if parameters.strategy and not parameters.version:
            why = "A job names the version by its number, since the newest may be another one whenever it runs"
            raise ParametersRefused({"version": why})

    def assess(
        self,
        session: Session,
        concern: Concern[DeploymentParameters],
        parameters: DeploymentParameters,
        target_object: str,
    ) -> Assessment:
        """As `Routine.assess`, in the order in which rows need each other."""
        return concern.assess(session, parameters, target_object)


ROUTINE = StrategyDeployment()
