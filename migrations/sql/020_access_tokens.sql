-- Tokens that open the server to a client over HTTP. Of a token itself only the SHA-256 is stored, in hexadecimal.
-- A name is used once: rows stay after the token was revoked.
CREATE TABLE access_tokens (
    name TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL CHECK (scope IN ('read', 'write')),
    created_at TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT,
    last_used_at TEXT
) WITHOUT ROWID;
