-- Question: none; lets what a server asked for outlive the run (`pause_until`: nothing goes for this identity before), and tells
-- by a fingerprint of what is sent (`content`) whether a row's key was given to another mail.
-- `message_tie` and `outside_tie` are digests of what other attempts of the same mail have in common with it.
-- `mailthrottle_log` has the database whose log it is.
-- Columns: none.
-- Index: none. Right: CREATE.
CREATE TABLE mailthrottle_pace (
  identity    TEXT NOT NULL PRIMARY KEY,
  next_at     BIGINT,
  pause_until BIGINT,
  reason      TEXT
);
CREATE INDEX mailthrottle_attempt_ended ON mailthrottle_attempt (ended_at);
ALTER TABLE mailthrottle_mail ADD COLUMN content TEXT;
CREATE TABLE mailthrottle_log (
  identity TEXT NOT NULL PRIMARY KEY,
  noted_at BIGINT NOT NULL
);
ALTER TABLE mailthrottle_mail ADD COLUMN message_tie TEXT;
ALTER TABLE mailthrottle_mail ADD COLUMN outside_tie TEXT;
