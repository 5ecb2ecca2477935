import assert from 'node:assert/strict'
import type { ServerSpec } from '../../sim/server-spec.ts'
import { Questions } from '../question.ts'
import { throughServe } from '../through-serve.ts'
import { model, type Stage, staged } from '../world.test-helper.ts'
import { strictly } from './alone.ts'
import { Company } from './company.ts'
import { tune, type Tuning, type TuningOptions } from './search.ts'
import { warmUp } from './warm-up.ts'

export const never: AbortSignal = new AbortController().signal
export const max = 16

export interface Tuned extends Tuning, Stage {}

export type Wishes = Partial<TuningOptions>

/** A simulated server, tuned as the command does it, in virtual time. */
export async function tuned(spec: ServerSpec, wishes: Wishes | ((stage: Stage) => Wishes) = {}): Promise<Tuned> {
  const stage = await staged(spec)
  const { world, gateway } = stage
  const options = typeof wishes === 'function' ? wishes(stage) : wishes
  const [upstream] = gateway.fleet.upstreams
  const target = strictly(throughServe(gateway, { model }), gateway)
  const questions = new Questions({ random: world.chance('questions'), promptTokens: 256, outputTokens: 64 })
  const { backend } = upstream!.settings
  const look = backend.gauge && (() => backend.gauge!(upstream!.call))
  const company = new Company({ world, look, ours: () => upstream!.inFlight })
  assert.equal(await world.run(warmUp(target, questions, never)), undefined)
  const { next } = questions
  const tuning = await world.run(
    tune({ world, target, questions: next, company, max, bounds: {}, signal: never, ...options }),
  )
  return { ...stage, ...tuning }
}
