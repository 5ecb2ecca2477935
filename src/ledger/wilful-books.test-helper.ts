import type { Books, BooksFault } from './books.ts'
import type { JobArgs, JobName, JobResult } from './jobs/index.ts'

/** Books that fail when they are told to, or keep everybody waiting. */
export class WilfulBooks implements Books {
  fault: BooksFault | undefined
  /** What waits is done when it resolves. */
  heldUp: Promise<void> | undefined
  /** Fails jobs by what they are asked for. */
  refuses: (job: JobName, args: readonly unknown[]) => BooksFault | undefined = () => undefined
  /** The next job is done, and nobody hears of it. */
  lost: BooksFault | undefined
  readonly #inner: Books

  constructor(inner: Books) {
    this.#inner = inner
  }

  async run<J extends JobName>(job: J, ...args: JobArgs<J>): Promise<JobResult<J>> {
    await this.heldUp
    const fault = this.fault ?? this.refuses(job, args)
    if (fault !== undefined) throw fault
    const { lost } = this
    this.lost = undefined
    const result = await this.#inner.run(job, ...args)
    if (lost !== undefined) throw lost
    return result
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
