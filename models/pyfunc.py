"""The model as MLflow loads it: raw leads in a frame, scores in a frame. Models-from-code entry.

MLflow runs this file when it loads the model; the bundle beside it is plain parts, no pickle.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from features.columns import created, readable
from features.errors import InputRefused
from features.frames import read_frame
from features.timeline import no_activities
from features.values import parse_instant
from models.scorer import Scorer


class LeadpactModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc,name-defined]
    """Scores raw leads. Columns are those of the CRM's export, as the fields file names them."""

    def load_context(self, context: Any) -> None:
        """Load and check the bundle."""
        self.scorer = Scorer.load(Path(context.artifacts["bundle"]))

    def predict(
        self,
        context: Any,  # noqa: ARG002
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """score, likelihood, agreed_score, grade and reasons for every row of `model_input`.

        Each lead is scored as of its own instant, or as of `params["as_of"]` (ISO 8601).

        Raises:
            InputRefused: naming the rows and fields that cannot be taken; nothing is guessed.
        """
        fields = self.scorer.fields
        read = read_frame(model_input, readable(fields))
        if read.problems:
            told = "; ".join(f"row {p.row}, {p.sentence()}" for p in read.problems[:5])
            raise InputRefused(f"{len(read.problems)} cells cannot be taken: {told}", read.problems)
        as_of = created(read.columns, fields)
        if params and params.get("as_of"):
            as_of = np.full(read.columns.n, parse_instant(str(params["as_of"])))
        scores = self.scorer.score(read.columns, no_activities(), as_of)
        return pd.DataFrame(
            {
                "score": scores.shown,
                "likelihood": scores.likelihood,
                "agreed_score": scores.agreed,
                "grade": scores.grades,
                "reasons": [scores.explain(i).in_short() for i in range(scores.n)],
            },
            index=model_input.index,
        )


mlflow.models.set_model(LeadpactModel())
