"""Figures as plain JSON: the same history gives the same text everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

DIGITS = 6
"""Decimals of every figure that is kept; machines differ in the last digits of a float."""


def rounded(value: Any) -> Any:
    """The same JSON with every number at `DIGITS` decimals; NaN becomes null."""
    if isinstance(value, Mapping):
        return {str(k): rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(v) for v in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, float):
        return None if np.isnan(value) else round(float(value), DIGITS)
    return value
