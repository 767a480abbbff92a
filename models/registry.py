"""The only MLflow client: log a training, register its bundle, say who is champion.

MLflow is imported when it is used, never before: its telemetry is switched off first.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import BundleRefused, LeadpactError
from models.bundle import Versions, load
from models.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

CHAMPION, CHALLENGER = "champion", "challenger"


class UnknownVersion(LeadpactError):
    """The registry holds no such model version."""


@dataclass(frozen=True)
class Training:
    """What is logged of one training.

    Attributes:
        parameters: settings, as plain values.
        metrics: figures of the evaluation.
        tags: what the run is about: data fingerprint, versions.
        figures: file name -> matplotlib figure.
        example: raw leads as a frame, for the signature.
        texts: file name -> content, such as the model card.
    """

    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    figures: Mapping[str, Figure]
    example: pd.DataFrame
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Registered:
    """A model version in the registry."""

    name: str
    version: str
    run_id: str
    model: str
    champion: bool


def mlflow_module() -> Any:
    """MLflow, quiet and without pickle."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
    import mlflow

    return mlflow


class Registry:
    """The models of one workspace, in its own SQLite store or at any tracking URI."""

    def __init__(self, workspace: Workspace, tracking_uri: str | None = None) -> None:
        self._workspace = workspace
        self._uri = tracking_uri or workspace.tracking_uri
        self._own = tracking_uri is None
        self.name = f"leadpact-{workspace.name}"

    def _client(self) -> Any:
        if self._own:
            self._workspace.home.mkdir(parents=True, exist_ok=True)
        return mlflow_module().MlflowClient(self._uri, self._uri)

    def _experiment(self, client: Any) -> str:
        found = client.get_experiment_by_name(self.name)
        if found is not None:
            return str(found.experiment_id)
        # A server knows where its files go; for a bare database MLflow would take ./mlruns,
        # wherever the command happens to be run.
        local = self._own or self._uri.startswith("sqlite:")
        where = self._workspace.artifacts.resolve().as_uri() if local else None
        return str(client.create_experiment(self.name, artifact_location=where))

    def log(self, training: Training, bundle: Path, versions: Versions) -> Registered:
        """Log a training as a run and register its bundle as challenger.

        The first model of a workspace becomes champion too: there is none to challenge.
        """
        mlflow = mlflow_module()
        client = self._client()
        mlflow.set_tracking_uri(self._uri)
        mlflow.set_registry_uri(self._uri)
        with mlflow.start_run(experiment_id=self._experiment(client)) as run:
            mlflow.log_params(dict(training.parameters))
            mlflow.log_metrics(dict(training.metrics))
            mlflow.set_tags({**training.tags, "leadpact.model": versions.model})
            for name, figure in training.figures.items():
                mlflow.log_figure(figure, name)
            for name, text in training.texts.items():
                mlflow.log_text(text, name)
            mlflow.log_artifact(str(bundle / "card.json"))
            model = self._log_model(mlflow, training, bundle)
            run_id = str(run.info.run_id)
        version = str(model.registered_model_version)
        client.set_model_version_tag(self.name, version, "leadpact.model", versions.model)
        client.set_registered_model_alias(self.name, CHALLENGER, version)
        first = self._alias(client, CHAMPION) is None
        if first:
            self._crown(client, version, versions.model)
        else:
            self._workspace.set_challenger(versions.model, version)
        return Registered(self.name, version, run_id, versions.model, first)

    def _log_model(self, mlflow: Any, training: Training, bundle: Path) -> Any:
        from mlflow.models import ModelSignature
        from mlflow.types.schema import AnyType, ColSpec, DataType, Schema

        any_type: Any = AnyType()  # type: ignore[no-untyped-call]
        inputs = Schema(
            [ColSpec(any_type, name, required=False) for name in training.example.columns]
        )
        numbers = [ColSpec(DataType.double, c) for c in ("score", "likelihood", "agreed_score")]
        texts = [ColSpec(DataType.string, c) for c in ("grade", "reasons")]
        return mlflow.pyfunc.log_model(
            name="model",
            python_model=str(Path(__file__).with_name("pyfunc.py")),
            artifacts={"bundle": str(bundle)},
            signature=ModelSignature(inputs, Schema([*numbers, *texts])),
            input_example=training.example,
            pip_requirements=["leadpact"],
            registered_model_name=self.name,
        )

    def _alias(self, client: Any, alias: str) -> str | None:
        from mlflow.exceptions import MlflowException

        try:
            return str(client.get_model_version_by_alias(self.name, alias).version)
        except MlflowException:
            return None

    def _crown(self, client: Any, version: str, model: str) -> None:
        # Of two promotions at once the second must be last in the registry and here.
        with self._workspace.alone():
            client.set_registered_model_alias(self.name, CHAMPION, version)
            self._workspace.set_champion(model, version)

    def promote(self, version: str | None = None) -> Registered:
        """Make a version champion; the challenger by default.

        Its bundle is checked first, and fetched when it is not in the workspace.

        Raises:
            UnknownVersion: when the registry does not hold it.
            BundleRefused: when its bundle is damaged; the champion then stays.
        """
        client = self._client()
        wanted = version or self._alias(client, CHALLENGER)
        if wanted is None:
            raise UnknownVersion(f"{self.name} has no challenger. Run `leadpact train` first.")
        found = self._version(client, wanted)
        model = str(found.tags["leadpact.model"])
        self._fetch(found, model)
        self._crown(client, wanted, model)
        return Registered(self.name, wanted, str(found.run_id), model, True)

    def pull(self) -> Registered:
        """Fetch the registry's champion into the workspace, so that it serves here.

        Raises:
            UnknownVersion: when the registry has no champion.
        """
        client = self._client()
        version = self._alias(client, CHAMPION)
        if version is None:
            raise UnknownVersion(f"{self.name} has no champion. Run `leadpact promote` first.")
        return self.promote(version)

    def _version(self, client: Any, version: str) -> Any:
        from mlflow.exceptions import MlflowException

        try:
            return client.get_model_version(self.name, version)
        except MlflowException as error:
            known = client.search_model_versions(f"name='{self.name}'")
            told = ", ".join(sorted((str(v.version) for v in known), key=int)) or "none yet"
            raise UnknownVersion(
                f"{self.name} has no version {version!r}. It has: {told}."
            ) from error

    def _fetch(self, found: Any, model: str) -> None:
        target = self._workspace.bundle(model)
        if not target.is_dir():
            mlflow = mlflow_module()
            mlflow.set_tracking_uri(self._uri)
            source = f"models:/{self.name}/{found.version}"
            fetched = Path(mlflow.artifacts.download_artifacts(artifact_uri=source))
            target.parent.mkdir(parents=True, exist_ok=True)
            # MLflow keeps an artifact under the name of the folder it was logged from.
            shutil.copytree(fetched / "artifacts" / model, target)
        _, versions = load(target)
        if versions.model != model:
            raise BundleRefused(
                f"{target} holds model {versions.model}, the registry says {model}. "
                "Remove the folder and promote again."
            )
