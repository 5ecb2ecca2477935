import type { Need } from '../core/ask.ts'
import type { Call, Gauge, Health, ListedModel, Residents, Setting } from '../core/backend.ts'
import { Fault } from '../core/fault.ts'
import type { Json } from '../core/json.ts'
import {
  ask,
  complaint,
  countIn,
  glimpse,
  loadMaxMs,
  objectAt,
  objectsIn,
  refuseFailed,
  textIn,
  textsIn,
} from './asking.ts'
import { factsIn, gaugeOf, isForVectors } from './llamacpp-facts.ts'
import { listed } from './openai-compatible.ts'

/** Models that are asked what they are, in one probe. A router holds four unless told otherwise. */
const askedMax = 16

/** How long a model waits for others to make room. */
const roomMaxMs = 60_000

/** How often to look whether a model has come or gone. */
const lookEveryMs = 250

/**
 * A llama-server without a model of its own, that starts one for each model it is asked for. Whatever it is asked about a
 * model that is not there loads that model, and throws another out for it: so nothing is asked of it without forbidding that.
 */
export async function probeRouter(call: Call, props: Json): Promise<Health> {
  const entries = await listEntries(call)
  const present = entries.filter((entry) => stateOf(entry) === 'loaded').slice(0, askedMax)
  const seen = new Map(await Promise.all(present.map(async (entry) => [entry, await lookAt(call, entry)] as const)))
  const version = textIn(props['build_info'])
  const gauges = [...seen.values()].flatMap((one) => one?.gauge ?? [])
  // 0 stands for any number.
  const modelsMax = countIn(props['max_instances'])
  const shared = entries.some(({ status }) => sharesPool(argsIn(status)))
  return {
    models: entries.map((entry) => ({ ...fromList(entry), ...seen.get(entry) })),
    ...(version !== undefined && { version }),
    ...(gauges.length > 0 && { gauge: added(gauges) }),
    ...(modelsMax !== undefined && { modelsMax }),
    ...(shared && { advice: [poolAdvice] }),
  }
}

const poolAdvice =
  'Some models of this llama-server share one context between their slots, and when that is full all answers under way ' +
  'end. Start it with --parallel N, and without --kv-unified.'

async function listEntries(call: Call): Promise<readonly Json[]> {
  const { data } = await ask(call, { method: 'GET', path: '/models' })
  return objectsIn(data).filter(({ id }) => textIn(id) !== undefined)
}

const stateOf = (entry: Json): unknown => objectAt(entry, 'status')['value']

/** Undefined when it went away just now. */
async function lookAt(call: Call, entry: Json): Promise<Omit<ListedModel, 'id'> | undefined> {
  const model = String(entry['id'])
  const of = `?model=${encodeURIComponent(model)}&autoload=false`
  const props = objectAt(await glimpse(call, `/props${of}`), 'json')
  if (props['default_generation_settings'] === undefined) return undefined
  const [embeds, gauge] = await Promise.all([isForVectors(call, model), gaugeOf(call, props, of)])
  return { ...factsIn(props, embeds), ...(gauge !== undefined && { gauge }) }
}

/** What the list tells of a model, loaded or not: the length of its context from what it would be started with. */
function fromList(entry: Json): ListedModel {
  const args = argsIn(entry['status'])
  const contextTokens = contextIn(args)
  const slots = countIn(Number(valueOf(args, '--parallel', '-np')))
  const kinds = textsIn(objectAt(entry, 'architecture')['input_modalities'])
  return {
    ...listed(entry),
    ...(contextTokens !== undefined && countIn(objectAt(entry, 'meta')['n_ctx']) === undefined && { contextTokens }),
    ...(slots !== undefined && { slots }),
    ...(kinds.length > 0 && { can: canBy(kinds) }),
  }
}

/** Whether its template knows tools, or it makes vectors, is seen when it runs. */
function canBy(kinds: readonly string[]): ReadonlySet<Need> {
  const can = new Set<Need>(['chat', 'text', 'thinking', 'tools', 'vectors'])
  if (kinds.includes('image')) can.add('vision')
  if (kinds.includes('audio')) can.add('audio')
  return can
}

const argsIn = (status: unknown): readonly string[] => textsIn(objectAt({ status }, 'status')['args'])

function valueOf(args: readonly string[], ...names: readonly string[]): string | undefined {
  const at = args.findLastIndex((arg) => names.includes(arg))
  return at === -1 ? undefined : args[at + 1]
}

/** The slots share what there is, each its part unless it is one pool. */
function contextIn(args: readonly string[]): number | undefined {
  const all = countIn(Number(valueOf(args, '--ctx-size', '-c')))
  if (all === undefined || sharesPool(args)) return all
  return Math.floor(all / (countIn(Number(valueOf(args, '--parallel', '-np'))) ?? 1))
}

/** One pool for all slots is also what it takes when it is not told how many slots there are to be. */
const sharesPool = (args: readonly string[]): boolean =>
  args.length > 0 &&
  (args.includes('--kv-unified') || countIn(Number(valueOf(args, '--parallel', '-np'))) === undefined)

const added = (gauges: readonly Gauge[]): Gauge => ({
  running: gauges.reduce((sum, { running }) => sum + running, 0),
  waiting: gauges.reduce((sum, { waiting }) => sum + waiting, 0),
})

/** Loads a model, and makes room for it first: the router itself would throw one out, be it in use or not. */
export async function load(call: Call, { model }: Setting, others: Residents): Promise<void> {
  const props = await ask(call, { method: 'GET', path: '/props' })
  // Without a router the one model is there as long as the server is.
  if (props['role'] !== 'router') return
  const entries = await listEntries(call)
  const state = stateIn(entries, model)
  // Asleep it has its place, and wakes up at the first request.
  if (state === 'loaded' || state === 'sleeping') return
  if (state !== 'loading') {
    await makeRoom(call, entries, countIn(props['max_instances']), others)
    const starting = { method: 'POST', path: '/models/load', body: { model } } as const
    const answer = await call(starting)
    if (!/already running/i.test(complaint(answer.json) ?? '')) refuseFailed(answer, starting)
  }
  await settled(call, model, (now) => now === 'loaded')
}

/** Nobody may be using it: what it is saying would stand still and then end as if it were whole. */
export async function unload(call: Call, model: string): Promise<void> {
  const props = await ask(call, { method: 'GET', path: '/props' })
  if (props['role'] !== 'router') throw new Fault('not-supported', 'This llama-server has one model, and keeps it.')
  const ending = { method: 'POST', path: '/models/unload', body: { model } } as const
  const answer = await call(ending)
  if (/not running/i.test(complaint(answer.json) ?? '')) return
  refuseFailed(answer, ending)
  await settled(call, model, (now) => now !== 'loaded' && now !== 'loading')
}

/** A router ends the process of a model that it unloads, hung or not. Without one, the server itself would have to be started anew. */
export async function revive(call: Call, setting: Setting, others: Residents): Promise<void> {
  await unload(call, setting.model)
  await load(call, setting, others)
}

/** Waits for as long as all that are there are in use. */
async function makeRoom(
  call: Call,
  before: readonly Json[],
  roomFor: number | undefined,
  others: Residents,
): Promise<void> {
  let entries = before
  for (let spentMs = 0; spentMs < roomMaxMs; spentMs += lookEveryMs) {
    const present = entries.filter((entry) => isPresent(stateOf(entry)))
    if (roomFor === undefined || present.length < roomFor) return
    const idle = present.find((entry) => stateOf(entry) !== 'loading' && others.isIdle(String(entry['id'])))
    if (idle === undefined) {
      const { data } = await ask(call, { method: 'GET', path: '/models', afterMs: lookEveryMs })
      entries = objectsIn(data)
      continue
    }
    const model = String(idle['id'])
    // From now on whoever wants it waits for it to come back.
    others.left(model)
    return unload(call, model)
  }
  throw new Fault(
    'upstream-busy',
    `This llama-server has room for ${roomFor} models at once, and all of them are in use.`,
  )
}

const isPresent = (state: unknown): boolean => state === 'loaded' || state === 'loading' || state === 'sleeping'

function stateIn(entries: readonly Json[], model: string): unknown {
  const entry = entries.find(({ id, aliases }) => id === model || textsIn(aliases).includes(model))
  return entry === undefined ? undefined : stateOf(entry)
}

/** Looks until the model is as wished. A load that failed shows as a model that is not loaded after all. */
async function settled(call: Call, model: string, isThere: (state: unknown) => boolean): Promise<void> {
  for (let spentMs = 0; spentMs < loadMaxMs; spentMs += lookEveryMs) {
    const { data } = await ask(call, { method: 'GET', path: '/models', afterMs: lookEveryMs })
    const entries = objectsIn(data)
    const state = stateIn(entries, model)
    if (isThere(state)) return
    if (state !== 'loading' && state !== 'loaded')
      throw new Fault('upstream-broke', `The server could not load ${model}: its log says why.`)
  }
  throw new Fault('upstream-slow', `The server took longer than ${loadMaxMs / 60_000} minutes over ${model}.`)
}
