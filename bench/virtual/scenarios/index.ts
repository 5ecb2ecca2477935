import type { Scenario } from '../scenario.ts'
import { outages } from './outage.ts'
import { overload, overloadOneCaller } from './overload.ts'
import { prefixConversation, prefixSynthetic } from './prefix.ts'
import { serials } from './serial.ts'
import { surges } from './surge.ts'
import { switchings } from './switching.ts'

export const scenarios: readonly Scenario[] = [
  overload,
  overloadOneCaller,
  ...serials,
  ...switchings,
  prefixConversation,
  prefixSynthetic,
  ...outages,
  ...surges,
]
