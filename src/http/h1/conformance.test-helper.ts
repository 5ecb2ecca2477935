import { readingConforms } from './conformance-answers.test-helper.ts'
import { connectionsConform } from './conformance-connections.test-helper.ts'
import { faultsConform } from './conformance-faults.test-helper.ts'
import type { Candidate } from './wire.test-helper.ts'

export interface Suite {
  readonly name: string
  readonly open: () => Candidate
  /** What it reads differently and we cannot change, by the names of the cases. */
  readonly differs: ReadonlySet<string>
  /** Fired while a connection is being made, the signal also ends the attempt. */
  readonly abortsConnecting: boolean
}

/** What anything that carries `World.send` has to do. */
export function conformance(suite: Suite): void {
  readingConforms(suite)
  faultsConform(suite)
  connectionsConform(suite)
}
