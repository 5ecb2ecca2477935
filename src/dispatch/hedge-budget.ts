/** So many may be saved up in a long calm: a server that hangs keeps more than one waiting at a time. */
const savedMax = 10

/** How many asks may have a second server: a share of all, and none on trust, so that the share holds at any moment. */
export class HedgeBudget {
  readonly #share: number
  #saved = 0

  constructor(share: number) {
    this.#share = share
  }

  /** An ask came. */
  earn(): void {
    this.#saved = Math.min(savedMax, this.#saved + this.#share)
  }

  get affords(): boolean {
    return this.#saved >= 1
  }

  /** From 1 with all that can be saved up to twice that with nothing: what is scarce is for those who need it most. */
  get scarcity(): number {
    return 2 - this.#saved / savedMax
  }

  spend(): void {
    this.#saved -= 1
  }
}
