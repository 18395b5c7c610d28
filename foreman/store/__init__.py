"""One SQLite file: tables, statements, migrations."""
