-- Organisations whose members the operator trusts in advance.
CREATE TABLE organisation_trusted (
    organisation BLOB    NOT NULL PRIMARY KEY, -- Ed25519 public key
    weight       REAL    NOT NULL,             -- 0 to 1
    trusted_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Organisations whose keys this node holds.
CREATE TABLE organisation_founded (
    organisation BLOB    NOT NULL PRIMARY KEY,
    name         TEXT,
    founded_at   INTEGER NOT NULL,
    serial       INTEGER NOT NULL              -- the greatest that it has signed
) STRICT, WITHOUT ROWID;

-- Memberships as they were signed.
CREATE TABLE membership (
    organisation BLOB    NOT NULL,
    member       BLOB    NOT NULL,
    expires_at   INTEGER NOT NULL,
    wire         BLOB    NOT NULL,
    PRIMARY KEY (organisation, member)
) STRICT, WITHOUT ROWID;

-- The newest list of revocations of each organisation, as it was signed.
CREATE TABLE revocation_list (
    organisation BLOB NOT NULL PRIMARY KEY,
    wire         BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest ring of keys of each organisation, as it was signed.
CREATE TABLE key_ring (
    organisation BLOB NOT NULL PRIMARY KEY,
    wire         BLOB NOT NULL
) STRICT, WITHOUT ROWID;
