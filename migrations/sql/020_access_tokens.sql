-- Access tokens for HTTP clients. Only the SHA-256 of a token is stored, in hexadecimal.
-- A name is never reused, because rows of revoked tokens stay.
CREATE TABLE access_tokens (
    name TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL CHECK (scope IN ('read', 'write')),
    created_at TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT,
    last_used_at TEXT
) WITHOUT ROWID;
