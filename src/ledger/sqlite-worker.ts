import { parentPort, workerData } from 'node:worker_threads'
import type { BooksFaultKind } from './books.ts'
import { SqliteFile, type Asked } from './sqlite-file.ts'

/** What the thread of SQLite is told: jobs that share one commit, or to end. */
export type ToWorker = readonly Asked[] | 'close'

export type FromWorker = readonly Told[] | 'closed'

/** An answer as it crosses from one thread to the other, where classes do not get through. */
export type Told = { readonly value: unknown } | { readonly kind: BooksFaultKind; readonly message: string }

/** Which file, and whether nobody has seen it so far. */
export interface WorkerData {
  readonly path: string
  readonly isNew: boolean
}

const port = parentPort!
const { path, isNew } = workerData as WorkerData
const file = new SqliteFile(path, { isNew })

port.on('message', (message: ToWorker) => {
  if (message === 'close') {
    file.close()
    port.postMessage('closed' satisfies FromWorker)
    port.close()
    return
  }
  const answers = file.answer(message)
  port.postMessage(
    answers.map((answer) =>
      'fault' in answer ? { kind: answer.fault.kind, message: answer.fault.message } : answer,
    ) satisfies FromWorker,
  )
  file.tend()
})
