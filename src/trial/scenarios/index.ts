import { burst } from './burst.ts'
import { overload } from './overload.ts'
import type { Scenario } from './scenario.ts'
import { single } from './single.ts'
import { steps } from './steps.ts'

/** In the order in which they are run: what a later one has to know, an earlier one finds out. */
export const scenarios: readonly Scenario[] = [single, steps, burst, overload]
