import { isObject } from '../../core/json.ts'
import { realWorld } from '../../http/world.ts'
import { BenchFault, type BenchOptions } from './options.ts'
import type { Site } from './site.ts'
import { throughGateway } from './way.ts'

const usualPatienceMs = 8_000

/** A gateway somewhere: what stands behind it is its own affair. */
export async function siteAt(url: string, options: BenchOptions): Promise<Site> {
  const { patience: patienceMs = usualPatienceMs, key, paid } = options
  const model = options.model ?? (await onlyModel(url, key))
  const world = realWorld()
  return {
    world,
    gateway: throughGateway(world, { url, key, model, patienceMs, isPaid: paid !== undefined }),
    direct: undefined,
    model,
    about: { gateway: 'url', url, text: `the gateway at ${url}`, servers: [], leftOut: [] },
    isSpill: undefined,
    paid: paid === undefined ? undefined : 'What may be spent is bounded by the budgets of that gateway.',
    dollarsFor: () => undefined,
    patienceMs,
    close: () => world.close(),
  }
}

async function onlyModel(url: string, key: string | undefined): Promise<string> {
  const models = await modelsAt(url, key)
  if (models.length === 1) return models[0]!
  const some = models.length === 0 ? 'tells of none' : `serves ${models.slice(0, 8).join(', ')}`
  throw new BenchFault(`Which model is meant? --model NAME; the gateway at ${url} ${some}.`)
}

async function modelsAt(url: string, key: string | undefined): Promise<readonly string[]> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
  let json: unknown
  try {
    const answer = await fetch(`${url.replace(/\/$/, '')}/v1/models`, { headers, signal: AbortSignal.timeout(5_000) })
    if (answer.status === 401) throw new BenchFault(`The gateway at ${url} wants another key: --key.`)
    json = await answer.json()
  } catch (error) {
    if (error instanceof BenchFault) throw error
    throw new BenchFault(`No gateway answers at ${url}.`, { cause: error })
  }
  const data: unknown = isObject(json) ? json['data'] : undefined
  const listed: readonly unknown[] = Array.isArray(data) ? data : []
  return listed.flatMap((one) => (isObject(one) && typeof one['id'] === 'string' ? [one['id']] : []))
}
