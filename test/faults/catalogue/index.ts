import { breaks, connects } from './breaks.ts'
import type { Fault } from './fault.ts'
import { framings } from './framings.ts'
import { heads } from './heads.ts'
import { statuses } from './statuses.ts'
import { wordings } from './wordings.ts'

export const faults: readonly Fault[] = [...connects, ...heads, ...statuses, ...framings, ...breaks, ...wordings]

export const faultCalled = (name: string): Fault | undefined => faults.find((fault) => fault.name === name)
