"""The system of record: tables, repositories, migrations. SQLite by default, PostgreSQL by URL."""
