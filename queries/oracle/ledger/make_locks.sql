-- Question: none; makes the table of locks. A lock is a row that a session of its own holds, so it dies with that session.
-- Columns: none.
-- Index: none. Right: CREATE TABLE.
CREATE TABLE mailthrottle_lock (
  name VARCHAR2(400 BYTE) NOT NULL PRIMARY KEY
);
