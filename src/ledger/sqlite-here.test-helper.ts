import type { Books } from './books.ts'
import type { JobArgs, JobName, JobResult } from './jobs/index.ts'
import { SqliteFile } from './sqlite-file.ts'

/** The books in a file of SQLite, in the thread that asks: for a process that is to begin and end quickly. */
export class SqliteHere implements Books {
  readonly #file: SqliteFile

  constructor(path: string) {
    this.#file = new SqliteFile(path)
  }

  async run<J extends JobName>(job: J, ...args: JobArgs<J>): Promise<JobResult<J>> {
    // Nobody who asks gets the answer in the same breath.
    await Promise.resolve()
    const [answer] = this.#file.answer([{ job, args }])
    if (answer === undefined || 'fault' in answer) throw answer!.fault
    return answer.value as JobResult<J>
  }

  close(): Promise<void> {
    this.#file.close()
    return Promise.resolve()
  }
}
