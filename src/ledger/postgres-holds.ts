import type { Claim, ClaimAnswer } from '../core/ledger.ts'
import { BooksFault } from './books.ts'
import { holdMany } from './jobs/hold-many.ts'
import type { Work } from './work.ts'

interface Waiting {
  readonly claim: Claim
  readonly resolve: (answer: ClaimAnswer) => void
  readonly reject: (error: unknown) => void
}

/** Asks for money by the dozen: over the way to a server, a rush of claims one by one would last longer than anybody waits. */
export class Holds {
  readonly #write: <T>(begin: () => Work<T>) => Promise<T>
  readonly #waiting = new Map<string, Waiting[]>()

  constructor(write: <T>(begin: () => Work<T>) => Promise<T>) {
    this.#write = write
  }

  hold(claim: Claim, owner: string): Promise<ClaimAnswer> {
    return new Promise((resolve, reject) => {
      const asked = { claim, resolve, reject }
      const line = this.#waiting.get(owner)
      if (line === undefined) void this.#ask([asked], owner)
      else line.push(asked)
    })
  }

  async #ask(line: Waiting[], owner: string): Promise<void> {
    this.#waiting.set(owner, line)
    try {
      // Whoever comes before it is begun goes along.
      settle(line, await this.#write(() => holdMany(this.#claimsOf(line, owner), owner)))
    } catch (error) {
      this.#leave(line, owner)
      if (line.length === 1 || !(error instanceof BooksFault && error.kind === 'wrong')) {
        for (const { reject } of line) reject(error)
        return
      }
      // One of them is at fault. Alone, each has an answer of its own.
      for (const asked of line) {
        const { claim, reject } = asked
        await this.#write(() => holdMany([claim], owner)).then((answers) => settle([asked], answers), reject)
      }
    }
  }

  #claimsOf(line: readonly Waiting[], owner: string): readonly Claim[] {
    this.#leave(line, owner)
    return line.map(({ claim }) => claim)
  }

  /** Nobody joins it any more. */
  #leave(line: readonly Waiting[], owner: string): void {
    if (this.#waiting.get(owner) === line) this.#waiting.delete(owner)
  }
}

function settle(line: readonly Waiting[], answers: readonly (ClaimAnswer | undefined)[]): void {
  for (const [i, { claim, resolve, reject }] of line.entries()) {
    const answer = answers[i]
    if (answer === undefined) reject(new BooksFault('wrong', `The request ${claim.requestId} has ended.`))
    else resolve(answer)
  }
}
