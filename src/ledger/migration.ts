/** A step from one form of the database to the next. It is never changed again once it has been released. */
export interface Migration {
  readonly name: string
  /** Understood by SQLite and PostgreSQL alike. */
  readonly statements: readonly string[]
}
