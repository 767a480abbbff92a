"""The store's tables through time, by Alembic: `leadpact migrate`."""
