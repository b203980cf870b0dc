"""Versions of the tables, oldest first; Alembic reads this folder by its path."""
