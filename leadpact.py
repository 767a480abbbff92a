"""The front door: the command line. The only room that knows both training and serving.

Exit codes: 0 done; 1 done, but rows were set aside or a check failed; 2 wrong call; 3 a file or a
document cannot be used, or a field looks like a leak; 4 nothing to learn; 5 no model, or a bundle
was refused.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated

import typer

from features.errors import (
    BundleRefused,
    DocumentRefused,
    InputRefused,
    LeadpactError,
    LeakSuspected,
    NothingToLearn,
)
from models.workspace import NoChampion, Workspace
from serving.commands import (
    access,
    audit,
    crm,
    jobs,
    mappings,
    operations,
    pact,
    privacy,
    store,
    training_export,
)
from training.commands import agreement, align, answers, evidence, history, registry
from training.commands.common import HERE, Folder

app = typer.Typer(
    help="One lead score that marketing and sales both signed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for room in (history, answers, registry, align, agreement, evidence):
    app.add_typer(room.app)
for room in (store, access, audit, operations, jobs, privacy, training_export, mappings, crm):
    app.add_typer(room.app)

# One word, two rooms: `rulebook check` reads a file, the others the store.
agreement.rulebook.add_typer(pact.rulebook)

_CODES: tuple[tuple[type[LeadpactError], int], ...] = (
    (NothingToLearn, 4),
    (NoChampion, 5),
    (BundleRefused, 5),
    (InputRefused, 3),
    (DocumentRefused, 3),
    (LeakSuspected, 3),
    (LeadpactError, 2),
)


def main() -> None:
    """Run the command line; errors a user can mend are one message and an exit code."""
    # Idle OpenMP threads that spin cost more than they save as soon as a core is shared.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        app()
    except LeadpactError as error:
        detail = "\n".join([str(error), *getattr(error, "__notes__", [])])
        if "--json" in sys.argv:
            print(json.dumps({"error": type(error).__name__, "detail": detail}))  # noqa: T201
        else:
            typer.echo(f"leadpact: {detail}", err=True)
        sys.exit(next(code for kind, code in _CODES if isinstance(error, kind)))


@app.command()
def serve(
    workspace: Folder = HERE,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; without it the setting `host`.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, likewise.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes, likewise.")] = None,
) -> None:
    """Serve the champion over HTTP. `leadpact settings` prints what may be set."""
    from serving.bootstrap import run

    run(Workspace(workspace), typer.echo, host=host, port=port, workers=workers)


if __name__ == "__main__":
    main()
