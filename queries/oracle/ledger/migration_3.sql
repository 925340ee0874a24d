-- Question: none; lets what a server asked for outlive the run. `pause_until`: nothing goes for this identity before.
-- Columns: none.
-- Index: none. Right: CREATE.
CREATE TABLE mailthrottle_pace (
  identity    VARCHAR2(1000) NOT NULL PRIMARY KEY,
  next_at     NUMBER(19),
  pause_until NUMBER(19),
  reason      VARCHAR2(4000)
);
CREATE INDEX mailthrottle_attempt_ended ON mailthrottle_attempt (ended_at);
