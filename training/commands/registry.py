"""Which model serves: promote, pull, and MLflow's own pages."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from models.workspace import Workspace
from training.commands.common import HERE, Folder, Tracking

app = typer.Typer()


@app.command()
def promote(
    version: Annotated[str | None, typer.Argument(help="Default: the challenger.")] = None,
    workspace: Folder = HERE,
    tracking_uri: Tracking = None,
) -> None:
    """Make a registered model the champion: the one that serves."""
    from models.registry import Registry

    found = Registry(Workspace(workspace), tracking_uri).promote(version)
    typer.echo(f"{found.name} version {found.version} (model {found.model}) is champion.")


@app.command()
def pull(workspace: Folder = HERE, tracking_uri: Tracking = None) -> None:
    """Fetch the registry's champion into the workspace, to serve it here."""
    from models.registry import Registry

    found = Registry(Workspace(workspace), tracking_uri).pull()
    typer.echo(f"{found.name} version {found.version} (model {found.model}) serves here.")


@app.command()
def mlflow(
    workspace: Folder = HERE,
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 5000,
    tracking_uri: Tracking = None,
) -> None:
    """Open the MLflow UI on the workspace's store."""
    uri = tracking_uri or Workspace(workspace).tracking_uri
    environment = {
        **os.environ,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    typer.echo(f"MLflow on {uri}: http://127.0.0.1:{port}/", err=True)
    call = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri]
    os.execve(  # noqa: S606  # our own interpreter, our own arguments
        sys.executable, [*call, "--host", "127.0.0.1", "--port", str(port)], environment
    )
