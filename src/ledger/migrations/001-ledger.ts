import type { Migration } from '../migration.ts'

/** What was spent, what is set aside, and how every request ended. */
export const ledgerTables: Migration = {
  name: '001-ledger',
  statements: [
    // Where the chain of final rows ends, and where it begins since older rows were given up.
    `CREATE TABLE chain (
      name TEXT PRIMARY KEY,
      seq BIGINT NOT NULL,
      hash TEXT NOT NULL,
      start_seq BIGINT NOT NULL,
      start_hash TEXT NOT NULL,
      retired_slot BIGINT NOT NULL
    )`,
    "INSERT INTO chain (name, seq, hash, start_seq, start_hash, retired_slot) VALUES ('requests', 0, '', 0, '', 0)",
    // How each request ended: written once, never changed. All of it is in the content, of which the hash is.
    `CREATE TABLE requests (
      seq BIGINT PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      at BIGINT NOT NULL,
      content TEXT NOT NULL,
      hash TEXT NOT NULL
    )`,
    'CREATE INDEX requests_at ON requests (at)',
    // Links of the same chain that say what was done to it.
    'CREATE TABLE notes (seq BIGINT PRIMARY KEY, content TEXT NOT NULL, hash TEXT NOT NULL)',
    // Who is meant by the ids in the rows. Without its name and salt, an id can be led back to nobody.
    `CREATE TABLE names (
      id TEXT PRIMARY KEY,
      kind TEXT NOT NULL,
      name TEXT,
      salt TEXT,
      UNIQUE (kind, name)
    )`,
    // The same once more in sums per quarter of an hour: no border of a calendar lies inside one, in any time zone.
    `CREATE TABLE totals (
      slot BIGINT NOT NULL,
      caller TEXT NOT NULL,
      key_id TEXT NOT NULL,
      team TEXT NOT NULL,
      model TEXT NOT NULL,
      upstream TEXT NOT NULL,
      dialect TEXT NOT NULL,
      requests BIGINT NOT NULL,
      failed BIGINT NOT NULL,
      spilled BIGINT NOT NULL,
      estimated BIGINT NOT NULL,
      input_tokens BIGINT NOT NULL,
      output_tokens BIGINT NOT NULL,
      cached_tokens BIGINT NOT NULL,
      gpu_ms BIGINT NOT NULL,
      nano BIGINT NOT NULL,
      saved_nano BIGINT NOT NULL,
      PRIMARY KEY (slot, caller, key_id, team, model, upstream, dialect)
    )`,
    // What the tries for money came to, by when they were made: an account that is new begins with it.
    `CREATE TABLE spending (
      slot BIGINT NOT NULL,
      caller TEXT NOT NULL,
      team TEXT NOT NULL,
      upstream TEXT NOT NULL,
      nano BIGINT NOT NULL,
      PRIMARY KEY (slot, caller, team, upstream)
    )`,
    `CREATE TABLE accounts (
      name TEXT NOT NULL,
      from_at BIGINT NOT NULL,
      until_at BIGINT NOT NULL,
      spent BIGINT NOT NULL,
      held BIGINT NOT NULL,
      PRIMARY KEY (name, from_at)
    )`,
    // Money that is set aside, whose try has not ended.
    `CREATE TABLE holds (
      id TEXT PRIMARY KEY,
      owner TEXT NOT NULL,
      nano BIGINT NOT NULL,
      at BIGINT NOT NULL,
      caller TEXT NOT NULL,
      team TEXT NOT NULL,
      upstream TEXT NOT NULL,
      claim TEXT NOT NULL
    )`,
    'CREATE INDEX holds_owner ON holds (owner)',
    `CREATE TABLE hold_accounts (
      hold TEXT NOT NULL,
      name TEXT NOT NULL,
      from_at BIGINT NOT NULL,
      PRIMARY KEY (hold, name)
    )`,
    // The processes that set money aside.
    'CREATE TABLE owners (id TEXT PRIMARY KEY, place TEXT NOT NULL, seen_at BIGINT NOT NULL)',
  ],
}
