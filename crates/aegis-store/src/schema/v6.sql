-- Announcements of files, in their signed bytes: the last word of each author about each file.
CREATE TABLE file_announcement (
    file       BLOB    NOT NULL,
    author     BLOB    NOT NULL,
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    wire       BLOB    NOT NULL,
    PRIMARY KEY (file, author)
) STRICT, WITHOUT ROWID;
