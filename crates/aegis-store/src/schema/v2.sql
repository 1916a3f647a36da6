-- Where the audit log begins: the last row that was cut off its start. None for a whole log.
CREATE TABLE audit_base (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    seq  INTEGER NOT NULL,
    hash BLOB    NOT NULL
) STRICT;
