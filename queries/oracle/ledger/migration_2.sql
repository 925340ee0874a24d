-- Question: none; lets a row stand for further attempts of its mail. `same_as` is the row that stands for this one, `same_by`
-- says by what they are known to be one mail:
--   message-id  by the Message-ID and the recipients; its status in the log follows
--   content     by their content; its status in the log is left alone
-- Columns: none.
-- Index: none. Right: ALTER.
ALTER TABLE mailthrottle_mail ADD (same_as VARCHAR2(1000 BYTE));
ALTER TABLE mailthrottle_mail ADD (same_by VARCHAR2(20 BYTE));
