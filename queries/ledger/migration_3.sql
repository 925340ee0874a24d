-- Question: none; lets what a server asked for outlive the run. `pause_until`: nothing goes for this identity before.
-- Columns: none.
-- Index: none. Right: CREATE.
CREATE TABLE mailthrottle_pace (
  identity    TEXT NOT NULL PRIMARY KEY,
  next_at     BIGINT,
  pause_until BIGINT,
  reason      TEXT
);
CREATE INDEX mailthrottle_attempt_ended ON mailthrottle_attempt (ended_at);
