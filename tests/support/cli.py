"""The command line in this process: what it printed, and its exit code."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from typing import Any

import leadpact


@dataclass(frozen=True)
class Ran:
    """How one call of `leadpact` ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it told a machine."""
        return json.loads(self.out)


def run(*arguments: object) -> Ran:
    """`leadpact ARGUMENTS`, as the front door runs it."""
    out, err = io.StringIO(), io.StringIO()
    before, code = sys.argv, 0
    sys.argv = ["leadpact", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            leadpact.main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.argv = before
    return Ran(code, out.getvalue(), err.getvalue())
