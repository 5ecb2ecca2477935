/**
 * Brings what was written to the disk, for many at once: whoever comes while the disk is busy goes with the next round.
 * One that fails is not tried again as if nothing were, since the system may have thrown away what it could not write.
 */
export class SyncGroup {
  readonly #sync: (texts: readonly string[]) => Promise<void>
  #next: { readonly texts: string[]; readonly done: PromiseWithResolvers<void> } | undefined
  #isRunning = false

  /** `sync` is told what is waited for, in case it has to be written once more elsewhere. */
  constructor(sync: (texts: readonly string[]) => Promise<void>) {
    this.#sync = sync
  }

  /** The text was written by now. Resolves when it is on the disk. */
  wait(text: string): Promise<void> {
    this.#next ??= { texts: [], done: Promise.withResolvers<void>() }
    this.#next.texts.push(text)
    const { promise } = this.#next.done
    if (!this.#isRunning) void this.#run()
    return promise
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    for (let round = this.#next; round !== undefined; round = this.#next) {
      this.#next = undefined
      try {
        await this.#sync(round.texts)
        round.done.resolve()
      } catch (error) {
        round.done.reject(error)
      }
    }
    this.#isRunning = false
  }
}
