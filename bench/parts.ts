import { overhead } from './overhead/part.ts'
import type { PartPlan } from './report/part.ts'
import { outagePart } from './virtual/parts/outage.ts'
import { overloadPart } from './virtual/parts/overload.ts'
import { prefixPart } from './virtual/parts/prefix.ts'
import { serialPart } from './virtual/parts/serial.ts'
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
  overhead,
]
