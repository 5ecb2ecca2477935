import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { CutTask } from './cut-worker.ts'

/** Cuts streams in a process of its own, where no test runner looks at every promise. */
export class Cutter {
  readonly #worker = fork(fileURLToPath(new URL('cut-worker.ts', import.meta.url)), { execArgv: [] })
  readonly #gone: Promise<unknown> = once(this.#worker, 'exit')
  #last: Promise<unknown> = Promise.resolve()

  /** Rejects with what was wrong. */
  cut(task: CutTask): Promise<void> {
    const done = this.#last.then(async () => {
      this.#worker.send(task)
      const [wrong] = (await Promise.race([once(this.#worker, 'message'), this.#gone])) as [string | number | null]
      if (wrong !== '') throw new Error(typeof wrong === 'string' ? wrong : 'The process that cuts has ended.')
    })
    this.#last = done.catch(() => {})
    return done
  }

  close(): void {
    this.#worker.disconnect()
  }
}
