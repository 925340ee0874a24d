-- Question: none; makes the table of imported files: how far each was read, and how it is known again.
-- Columns: none.
-- Index: none. Right: CREATE TABLE.
CREATE TABLE mailthrottle_import (
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL,
  format TEXT NOT NULL,
  imported_at INTEGER NOT NULL,
  head INTEGER NOT NULL,
  position INTEGER NOT NULL DEFAULT 0,
  lines INTEGER NOT NULL DEFAULT 0,
  tail INTEGER NOT NULL DEFAULT 0
);
