import type { Scenario } from '../scenario.ts'
import { outages } from './outage.ts'
import { overload, overloadOneCaller } from './overload.ts'
import { prefixConversation, prefixSynthetic } from './prefix.ts'
import { serials } from './serial.ts'
import { surges } from './surge.ts'
import { switchings } from './switching.ts'

/** All there are, as far as the recorded traces of a folder allow. */
export function scenariosWith(tracesFolder: string): readonly Scenario[] {
  const conversation = prefixConversation(tracesFolder)
  return [
    overload,
    overloadOneCaller,
    ...serials,
    ...switchings,
    ...(conversation === undefined ? [] : [conversation]),
    prefixSynthetic,
    ...outages,
    ...surges,
  ]
}

/** Those that need a recorded trace, and its file. */
export { recordedScenarios } from './prefix.ts'
