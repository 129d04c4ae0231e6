//! Append-only, hash-chained log with group commit and change notice, in SQLite or PostgreSQL. The only crate with SQL.
