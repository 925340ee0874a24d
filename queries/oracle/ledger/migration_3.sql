-- Question: none; lets what a server asked for outlive the run (`pause_until`: nothing goes for this identity before), and tells
-- by a fingerprint of what is sent (`content`) whether a row's key was given to another mail.
-- `message_tie` and `outside_tie` are digests of what other attempts of the same mail have in common with it.
-- `mailthrottle_log` has the database whose log it is.
-- Columns: none.
-- Index: none. Right: CREATE.
CREATE TABLE mailthrottle_pace (
  identity    VARCHAR2(1000 BYTE) NOT NULL PRIMARY KEY,
  next_at     NUMBER(19),
  pause_until NUMBER(19),
  reason      VARCHAR2(4000 BYTE)
);
CREATE INDEX mailthrottle_attempt_ended ON mailthrottle_attempt (ended_at);
ALTER TABLE mailthrottle_mail ADD (content VARCHAR2(400 BYTE));
CREATE TABLE mailthrottle_log (
  identity VARCHAR2(1000 BYTE) NOT NULL PRIMARY KEY,
  noted_at NUMBER(19) NOT NULL
);
ALTER TABLE mailthrottle_mail ADD (message_tie VARCHAR2(40 BYTE));
ALTER TABLE mailthrottle_mail ADD (outside_tie VARCHAR2(40 BYTE));
