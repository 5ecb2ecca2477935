import { overHttp } from '../../trial/over-http.ts'
import { within } from '../../trial/scenarios/within.ts'
import type { Target } from '../../trial/target.ts'
import type { World } from '../../core/world.ts'
import { answerMostMs } from './site.ts'

/** How a gateway is asked. */
export interface Way {
  readonly url: string
  readonly key: string | undefined
  readonly model: string
  readonly patienceMs: number
  readonly isPaid: boolean
}

export function throughGateway(world: World, { url, key, model, patienceMs, isPaid }: Way): Target {
  const headers: [string, string][] = [
    ['x-spillway-patience-ms', String(Math.round(patienceMs))],
    ['x-spillway-cache', 'bypass'],
  ]
  if (!isPaid) headers.push(['x-spillway-cloud', 'never'])
  return within(world, overHttp(world, { url, key, model, headers }), answerMostMs)
}
