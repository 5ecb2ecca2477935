import type { Wishes } from '../scenario.ts'
import type { Arm } from '../stage.ts'
import { cap } from './cap.ts'
import { direct } from './direct.ts'
import { limitConn, limitReq } from './nginx.ts'
import { optimum } from './optimum.ts'
import { spillway } from './spillway.ts'
import { timeout } from './timeout.ts'

/** What an arm may be called: a way, and its settings behind colons. */
const ways: Readonly<Record<string, (settings: readonly string[]) => Arm>> = {
  direct: () => direct,
  'nginx-conn': ([most]) => limitConn(Number(most)),
  'nginx-rate': ([perSecond, burst]) => limitReq(Number(perSecond), Number(burst ?? 0)),
  cap: ([most]) => cap(Number(most)),
  timeout: ([afterMs]) => timeout(Number(afterMs)),
  optimum: ([deadlineMs, answerMs]) => optimum(Number(deadlineMs), Number(answerMs)),
  spillway: (settings) => spillway(wishesIn(settings)),
}

export const armsKnown = 'direct, nginx-conn:8, nginx-rate:3:5, cap:7, timeout:1500, spillway, spillway:deadline=2500'

export function armOf(name: string): Arm {
  const [way = '', ...settings] = name.split(':')
  const make = ways[way]
  if (make === undefined) throw new Error(`There is no arm called ${name}; there are: ${armsKnown}.`)
  return make(settings)
}

export function wishesIn(settings: readonly string[]): Wishes {
  const wishes: { patienceMs?: number; deadlineMs?: number } = {}
  for (const setting of settings) {
    const [name, ms] = setting.split('=')
    if (name === 'patience') wishes.patienceMs = Number(ms)
    else if (name === 'deadline') wishes.deadlineMs = Number(ms)
    else throw new Error(`An ask has a patience and a deadline, and no ${name}.`)
  }
  return wishes
}
