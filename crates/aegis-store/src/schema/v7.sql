-- Keys that let others use the node. Their secrets are nowhere.
CREATE TABLE access_key (
    name        TEXT    NOT NULL PRIMARY KEY,
    scope       TEXT    NOT NULL,
    secret_hash BLOB    NOT NULL,             -- BLAKE3 of the secret, in key-derivation mode
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
