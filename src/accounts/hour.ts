const minuteMs = 60_000
const minutes = 60

/** What happened in the last hour, minute by minute: what is older falls out by itself. */
export class Hour<T> {
  readonly #fresh: () => T
  readonly #slots: { minute: number; of: T }[] = []

  constructor(fresh: () => T) {
    this.#fresh = fresh
  }

  /** That of this minute, to add to. */
  at(now: number): T {
    const minute = Math.floor(now / minuteMs)
    const last = this.#slots.at(-1)
    if (last?.minute === minute) return last.of
    const of = this.#fresh()
    this.#slots.push({ minute, of })
    this.#forget(minute)
    return of
  }

  /** All of the last hour; of minutes in which nothing happened there is nothing. */
  all(now: number): readonly T[] {
    this.#forget(Math.floor(now / minuteMs))
    return this.#slots.map(({ of }) => of)
  }

  #forget(minute: number): void {
    while (this.#slots.length > 0 && this.#slots[0]!.minute <= minute - minutes) this.#slots.shift()
  }
}
