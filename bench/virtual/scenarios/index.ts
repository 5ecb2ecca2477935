import type { Scenario } from '../scenario.ts'
import { overload, overloadOneCaller } from './overload.ts'
import { surges } from './surge.ts'

export const scenarios: readonly Scenario[] = [overload, overloadOneCaller, ...surges]
