"""What every table shares: one metadata with named constraints, and instants as numbers."""

from __future__ import annotations

import numpy as np
from sqlalchemy import BigInteger, Column, Integer, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Instant = BigInteger
"""Microseconds since 1970 in UTC: the same on both databases, and comparable as they are."""

Sequence = BigInteger().with_variant(Integer, "sqlite")
"""A number that grows with every row; SQLite only counts up plain INTEGER keys."""


def instant(name: str, *, nullable: bool = False, index: bool = False) -> Column[int]:
    """A column of instants."""
    return Column(name, Instant, nullable=nullable, index=index)


def to_number(at: np.datetime64) -> int:
    """An instant as it is stored."""
    return int(at.astype("datetime64[us]").astype(np.int64))


def from_number(stored: int) -> np.datetime64:
    """A stored instant."""
    return np.datetime64(stored, "us")
