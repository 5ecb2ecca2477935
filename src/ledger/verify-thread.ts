import { parentPort, workerData } from 'node:worker_threads'
import { Connection } from './sqlite-connection.ts'
import { verifySpan, type Noted, type Stretch } from './verify-span.ts'

/** A stretch of the chain for one thread. */
export interface StretchOfFile {
  readonly path: string
  readonly stretch: Stretch
  readonly noted: readonly Noted[]
}

const { path, stretch, noted } = workerData as StretchOfFile
const connection = new Connection(path, { readOnly: true })
const span = connection.transaction(() => connection.run(verifySpan(stretch, noted)), { writes: false })
connection.close()
parentPort!.postMessage(span)
