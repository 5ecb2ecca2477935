import type { Migration } from '../migration.ts'

/** Keys of callers, of which nothing is kept that anybody could send. */
export const keyTables: Migration = {
  name: '002-keys',
  statements: [
    // Counts the changes, so that whoever has the keys in memory sees at a glance whether something is new. Which pepper the
    // digests were made with stands beside it: with another one, none of them would be found.
    'CREATE TABLE key_changes (name TEXT PRIMARY KEY, version BIGINT NOT NULL, pepper TEXT NOT NULL)',
    "INSERT INTO key_changes (name, version, pepper) VALUES ('keys', 0, '')",
    // What a key may do is JSON, as it is written in the configuration.
    `CREATE TABLE caller_keys (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      env TEXT NOT NULL,
      scopes TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      created_by TEXT NOT NULL,
      expires_at BIGINT,
      revoked_at BIGINT,
      version BIGINT NOT NULL
    )`,
    'CREATE UNIQUE INDEX caller_keys_name ON caller_keys (name) WHERE revoked_at IS NULL',
    'CREATE INDEX caller_keys_version ON caller_keys (version)',
    // Two of one key while it is being replaced: the older one has an end.
    'CREATE TABLE key_secrets (digest TEXT PRIMARY KEY, key_id TEXT NOT NULL, made_at BIGINT NOT NULL, ends_at BIGINT)',
    'CREATE INDEX key_secrets_key ON key_secrets (key_id)',
  ],
}
