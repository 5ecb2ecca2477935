import { overhead } from './overhead/part.ts'
import { recovery } from './recovery/part.ts'
import { retrying } from './recovery/retrying.ts'
import { twoInstances } from './recovery/two-instances.ts'
import type { PartPlan } from './report/part.ts'
import { schedulingPart } from './scheduling.ts'
import { dayPart } from './simulated-day-part.ts'
import { truthPart } from './truth/part.ts'
import { outagePart } from './virtual/parts/outage.ts'
import { overloadPart } from './virtual/parts/overload.ts'
import { prefixPart } from './virtual/parts/prefix.ts'
import { serialPart } from './virtual/parts/serial.ts'
import { socketsPart } from './virtual/parts/sockets.ts'
import { surgePart } from './virtual/parts/surge.ts'
import { switchingPart } from './virtual/parts/switching.ts'
import { wrongStartPart } from './virtual/parts/wrong-start.ts'

/** All parts of the report, in its order. */
export const parts: readonly PartPlan[] = [
  overloadPart,
  surgePart,
  serialPart,
  switchingPart,
  prefixPart,
  outagePart,
  wrongStartPart,
  socketsPart,
  overhead,
  recovery,
  twoInstances,
  retrying,
  schedulingPart,
  dayPart,
  truthPart,
]
