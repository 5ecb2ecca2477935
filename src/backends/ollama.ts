import type { Backend, Call, Health, ListedModel, Residents, Setting } from '../core/backend.ts'
import type { Json } from '../core/json.ts'
import { NetFault } from '../core/world.ts'
import { isBelow } from '../core/version.ts'
import { ask, complaint, countIn, loadMaxMs, objectAt, objectsIn, order, refuseFailed } from './asking.ts'
import { edits } from './ollama-edits.ts'
import { Shelf, type Shown } from './ollama-shelf.ts'

/**
 * Ollama, by its own API only: its `/v1` cuts long prompts down without a word, swallows errors in mid-stream, and ignores
 * `max_completion_tokens`.
 */
export const ollama: Backend = {
  kind: 'ollama',
  title: 'Ollama',
  speaks: {
    'ollama-chat': '/api/chat',
    'ollama-generate': '/api/generate',
    'ollama-embed': '/api/embed',
    'ollama-embeddings': '/api/embeddings',
  },
  usualPort: 11434,
  modelFolders: ['$OLLAMA_MODELS', '~/.ollama/models', '/usr/share/ollama/.ollama/models'],
  parallelVariable: 'OLLAMA_NUM_PARALLEL',
  noVariables: {
    OLLAMA_MAX_CONCURRENT_REQUESTS: 'Set OLLAMA_NUM_PARALLEL in its place, there.',
    OLLAMA_REQUEST_TIMEOUT: 'Set timeouts in spillway.yaml in its place.',
    OLLAMA_TIMEOUT: 'Set timeouts in spillway.yaml in its place.',
    OLLAMA_METRICS: "Take the gateway's own metrics: /metrics on its admin port.",
  },
  tier: 0,
  // OLLAMA_NUM_PARALLEL is 1 unless somebody set it; one more waits inside and shows whether there is room.
  initialConcurrency: 2,
  keepsPrompts: 'slots',
  thinksUnasked: true,
  authorize: (key) => [['authorization', `Bearer ${key}`]],
  probe,
  edits,
  describe,
  load,
  unload,
  isAtWork,
  // Nobody waits any more, and so it ends the runner that hangs and starts another for the next who asks.
  revive: load,
}

async function probe(call: Call): Promise<Health> {
  // Others answer /api/tags as well; only Ollama has this one.
  const { version } = await ask(call, { method: 'GET', path: '/api/version' })
  const [tags, running] = await Promise.all([ask(call, { method: 'GET', path: '/api/tags' }), listRunning(call)])
  const all = objectsIn(tags['models']).filter((model) => typeof model['name'] === 'string')
  const here = all.filter((model) => !isElsewhere(model))
  const shelf = Shelf.of(call)
  const models = here.map((model) => listed(model, running, shelf.shown(model)))
  shelf.lookUp(call, here)
  const advice = [
    ...tooOld(version),
    ...halfInMemory(running),
    ...(here.length === all.length ? [] : [elsewhere(all.length - here.length)]),
  ]
  return { models, ...(typeof version === 'string' && { version }), ...(advice.length > 0 && { advice }) }
}

/** What is in memory, by name. It stands still while a runner hangs, and then the rest is worth knowing all the same. */
async function listRunning(call: Call, afterMs?: number): Promise<ReadonlyMap<string, Json> | undefined> {
  try {
    const { models } = await ask(call, { method: 'GET', path: '/api/ps', ...(afterMs !== undefined && { afterMs }) })
    return new Map(objectsIn(models).map((model) => [String(model['name']).toLowerCase(), model]))
  } catch {
    return undefined
  }
}

/** A model that this Ollama only passes on to ollama.com: prompts would leave the house under a local name. */
function isElsewhere(model: Json): boolean {
  return Boolean(model['remote_host']) || Boolean(model['remote_model']) || /[:-]cloud$/i.test(String(model['name']))
}

function listed(
  model: Json,
  running: ReadonlyMap<string, Json> | undefined,
  { can, trainedTokens }: Shown,
): ListedModel {
  const id = String(model['name'])
  const resident = running?.get(id.toLowerCase())
  // In memory the context is what it was loaded with; before that only what the model was made for.
  const contextTokens =
    countIn(resident?.['context_length']) ?? countIn(objectAt(model, 'details')['context_length']) ?? trainedTokens
  const about =
    resident === undefined ? model : { ...model, size_vram: resident['size_vram'], expires_at: resident['expires_at'] }
  return {
    id,
    aliases: aliasesOf(id),
    ...(contextTokens !== undefined && { contextTokens }),
    ...(running !== undefined && { loaded: resident !== undefined }),
    ...(resident !== undefined && { leaves: leavesByItself(resident) }),
    ...(can !== undefined && { can }),
    about,
  }
}

/** For ever is a date that none of us will see. */
const neverMs = Date.UTC(2200)

const leavesByItself = (resident: Json): boolean => !(Date.parse(String(resident['expires_at'])) > neverMs)

/** Ollama takes a name with and without `:latest`, in capitals or not. */
function aliasesOf(id: string): string[] {
  const spellings = new Set([id])
  if (/:latest$/i.test(id)) spellings.add(id.slice(0, -':latest'.length))
  else if (!id.includes(':')) spellings.add(`${id}:latest`)
  for (const spelling of spellings) spellings.add(spelling.toLowerCase())
  spellings.delete(id)
  return [...spellings]
}

const spellingsOf = (id: string): readonly string[] => [id, ...aliasesOf(id)]

async function describe(call: Call, model: string): Promise<Json> {
  const { tensors: _, ...about } = await ask(call, { method: 'POST', path: '/api/show', body: { model } })
  return about
}

/** What Ollama does by default with a model that nobody asks for. */
const usualKeep = '5m'

async function load(call: Call, setting: Setting, others: Residents): Promise<void> {
  let isOver = false
  void letGo(call, setting, others, () => isOver)
  try {
    await bring(call, setting, loadMaxMs)
  } finally {
    isOver = true
  }
}

/** How often to look whether a model that should have come long ago is kept out. */
const lookEveryMs = 2_000

/**
 * Ollama waits for another model to go that is to make room. Where somebody who asked for that one meanwhile said how long it
 * is to stay, it stays, idle as it stands, and nothing is loaded until then: it has to be told to go.
 */
async function letGo(call: Call, { model: coming }: Setting, others: Residents, isOver: () => boolean): Promise<void> {
  for (let spentMs = lookEveryMs; !isOver(); spentMs += lookEveryMs) {
    const running = await listRunning(call, lookEveryMs)
    if (isOver() || spentMs < others.overdueMs) continue
    const names = Array.from(running?.values() ?? [], ({ name }) => String(name))
    const idle = names.find((name) => !spellingsOf(coming).includes(name) && spellingsOf(name).every(others.isIdle))
    if (idle === undefined) continue
    for (const spelling of spellingsOf(idle)) others.left(spelling)
    // It may be gone by itself; the next look tells.
    await unload(call, idle).catch(() => {})
  }
}

/** A runner answers this in milliseconds, however much it has to do. */
const sureMs = 5_000

/** Asked for a model that is in memory, Ollama first asks its runner whether it is well; one that hangs does not answer. */
async function isAtWork(call: Call, setting: Setting): Promise<boolean | undefined> {
  try {
    await bring(call, setting, sureMs)
    return true
  } catch (error) {
    return error instanceof NetFault && error.kind === 'timeout' ? false : undefined
  }
}

/**
 * With the options of every later request, or the first of them would load the model once more. How long it is kept is said
 * only of one that is to stay, or was: it holds for all later requests, which say nothing of it.
 */
async function bring(call: Call, { model, contextTokens, stays }: Setting, timeoutMs: number): Promise<void> {
  const wishes = {
    ...(contextTokens !== undefined && { options: { num_ctx: contextTokens } }),
    ...(stays !== undefined && { keep_alive: stays ? -1 : usualKeep }),
  }
  const request = { method: 'POST', path: '/api/generate', timeoutMs } as const
  const answer = await call({ ...request, body: { model, stream: false, ...wishes } })
  // A model for vectors generates nothing, and is loaded by asking for none.
  if (/does not support generate/i.test(complaint(answer.json) ?? '')) {
    await order(call, { ...request, path: '/api/embed', body: { model, input: [], ...wishes } })
  } else {
    refuseFailed(answer, request)
  }
}

async function unload(call: Call, model: string): Promise<void> {
  await order(call, { method: 'POST', path: '/api/generate', body: { model, stream: false, keep_alive: 0 } })
}

/** Since then it can be told to refuse what does not fit. */
const goodSince = '0.12.6'

function tooOld(version: unknown): readonly string[] {
  if (typeof version !== 'string' || !/^\d+\.\d+\.\d+/.test(version) || !isBelow(version, goodSince)) return []
  return [`Ollama ${version} cuts prompts that do not fit without a word: update it to ${goodSince} or later.`]
}

function halfInMemory(running: ReadonlyMap<string, Json> | undefined): readonly string[] {
  return [...(running?.values() ?? [])].flatMap(({ name, size, size_vram: fast }) => {
    const [all, onGpu] = [countIn(size), countIn(fast)]
    // None at all is a machine without a GPU, which is as it is.
    if (all === undefined || onGpu === undefined || onGpu >= all * 0.98) return []
    const percent = Math.round((100 * onGpu) / all)
    return [
      `The model ${String(name)} has only ${percent} % of itself in GPU memory and is slow for it: set a smaller models.context, ` +
        'or take a smaller model.',
    ]
  })
}

const elsewhere = (count: number): string =>
  `${count === 1 ? 'One model' : `${count} models`} of this server would run at ollama.com and ` +
  `${count === 1 ? 'is' : 'are'} not offered.`
