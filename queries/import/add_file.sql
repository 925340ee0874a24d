-- Question: none; adds a file that is about to be read.
-- Columns: id.
-- Index: none. Right: INSERT on mailthrottle_import.
INSERT INTO mailthrottle_import (path, format, imported_at, head)
VALUES (?1, ?2, ?3, ?4)
RETURNING id;
