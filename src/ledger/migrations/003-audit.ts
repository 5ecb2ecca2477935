import type { Migration } from '../migration.ts'

/** Who changed what, and what gateways remember together beside the money. */
export const auditTables: Migration = {
  name: '003-audit',
  statements: [
    `CREATE TABLE audit (
      seq BIGINT PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      at BIGINT NOT NULL,
      uptime_ms BIGINT NOT NULL,
      actor TEXT NOT NULL,
      source TEXT,
      action TEXT NOT NULL,
      subject TEXT NOT NULL,
      was TEXT,
      became TEXT,
      result TEXT NOT NULL,
      detail TEXT,
      hash TEXT NOT NULL
    )`,
    'CREATE INDEX audit_at ON audit (at)',
    // Where the chain ends, and on what its first line follows.
    `CREATE TABLE audit_head (
      name TEXT PRIMARY KEY,
      seq BIGINT NOT NULL,
      hash TEXT NOT NULL,
      begin_seq BIGINT NOT NULL,
      begin_hash TEXT NOT NULL
    )`,
    "INSERT INTO audit_head (name, seq, hash, begin_seq, begin_hash) VALUES ('audit', 0, '', 0, '')",
    `CREATE TABLE switches (
      name TEXT PRIMARY KEY,
      is_open INTEGER NOT NULL,
      reason TEXT,
      who TEXT NOT NULL,
      source TEXT,
      at BIGINT NOT NULL
    )`,
    // What somebody outside is to be told, or was. Without next_at it is over.
    `CREATE TABLE letters (
      id TEXT PRIMARY KEY,
      at BIGINT NOT NULL,
      body TEXT NOT NULL,
      tries INTEGER NOT NULL,
      next_at BIGINT
    )`,
    'CREATE INDEX letters_next ON letters (next_at)',
  ],
}
