import type { AskView } from '../gateway.ts'
import { form, plainText, textsOf, tool } from './bodies.ts'
import type { Visit } from './caller.ts'
import type { Machine } from './fleet.ts'
import { tokensIn } from './prefixes.ts'
import { recital, sampleOf, tagOf, thought, vectorOf } from './recital.ts'
import type { ServerKind } from './server-spec.ts'
import type { Stage } from './simulation.ts'
import { dimensions, type Errand, type SimDialect, type TalkingDialect } from './workload.ts'

/** Which kind of server goes by a name. */
export type KindOf = (upstream: string | undefined) => ServerKind | undefined

/** What must be true of every visit, whatever broke on the way. Gives the first sentence that is false. */
export function falseOf(seen: Visit, kindOf: KindOf): string | undefined {
  const visit = asPaid(seen)
  const { errand, heard, fault, outcome, left } = visit
  if (fault?.kind === 'internal')
    return `nothing goes wrong inside the gateway (${String((fault.cause as Error | undefined)?.stack ?? fault.stack)})`
  if (fault?.kind === 'cancelled' && !left) return 'nobody is told to have gone who stays'
  if (visit.keptMs > 0) return `who hangs up is let go at once (after ${visit.keptMs} ms)`
  if (heard === undefined) return undefined
  if (outcome === undefined) return 'every answer has an outcome'
  const whole = expected(errand)
  if (!whole.startsWith(heard.text)) return `every token is heard once and in order (heard "${tail(heard.text)}")`
  if (heard.thought !== '' && !thoughts(errand).startsWith(heard.thought))
    return `every thought is heard once and in order (heard "${tail(heard.thought)}")`
  if (heard.model !== undefined && heard.model !== (outcome.model ?? errand.model))
    return `the answer names the model as the caller did, or the one that stood in (${heard.model})`
  if (errand.caller.cloud === 'never' && outcome.tier > 0) return 'what must stay at home stays at home'
  if (fault !== undefined) {
    if (heard.whole) return 'a broken stream never looks finished'
    if (outcome.fault?.kind !== fault.kind)
      return `the outcome tells of the same fault as the body (${outcome.fault?.kind}, ${fault.kind})`
    return undefined
  }
  if (left) return undefined
  if (outcome.fault !== undefined) return `a fault is told to the caller as well (${outcome.fault.kind})`
  return falseOfWhole(visit, whole, kindOf)
}

/** Who is told that no more is paid for has asked for no more. */
function asPaid(visit: Visit): Visit {
  const paid = /; (?:cut to|at most) (\d+) tokens/.exec(visit.decision ?? '')?.[1]
  return paid === undefined ? visit : { ...visit, errand: { ...visit.errand, wordsMax: Number(paid) } }
}

const callOf = (errand: Errand): string => JSON.stringify(sampleOf(tool.parameters, tagOf(errand.question)))

/** All the text that there is to hear. */
function expected(errand: Errand): string {
  const { wants, words, wordsMax = Infinity } = errand
  if (wants === 'words') return recital(asked(errand), Math.min(words, wordsMax))
  return wants === 'json' ? cut(JSON.stringify(sampleOf(form, tagOf(asked(errand)))), wordsMax) : ''
}

/** What is not made of words is said in pieces of four characters. */
const cut = (text: string, tokens: number): string => text.slice(0, tokens * 4)

/** Tokens of the whole answer, were it not cut. */
function lengthOf(errand: Errand): number {
  const { wants, words } = errand
  if (wants === 'words') return words
  const text = wants === 'tool' ? callOf(errand) : expected({ ...errand, wordsMax: undefined })
  return Math.ceil(text.length / 4)
}

/** What the answer is made of: where no turn can be told from another, all that was said. */
const asked = (errand: Errand): string =>
  errand.dialect === 'openai-completions' ? plainText(errand) : errand.question

const thoughts = (errand: Errand): string => thought(asked(errand))

/** The word of each dialect for why an answer ended. */
const endings: Readonly<
  Record<TalkingDialect, { readonly stop: string; readonly length: string; readonly tool: string }>
> = {
  'openai-chat': { stop: 'stop', length: 'length', tool: 'tool_calls' },
  'openai-completions': { stop: 'stop', length: 'length', tool: 'stop' },
  'openai-responses': { stop: 'completed', length: 'incomplete', tool: 'completed' },
  'anthropic-messages': { stop: 'end_turn', length: 'max_tokens', tool: 'tool_use' },
  'ollama-chat': { stop: 'stop', length: 'length', tool: 'stop' },
  'ollama-generate': { stop: 'stop', length: 'length', tool: 'stop' },
}

/** Some servers count for everybody, on the last of their chunks, and their bytes are passed on as they are. */
const tellsUnasked = (kind: ServerKind | undefined, dialect: Errand['dialect']): boolean =>
  (kind === 'exo' && dialect === 'openai-chat') || (kind === 'llamacpp' && dialect === 'openai-completions')

/** Where counts are told only to those who ask. */
const countsOnRequest: ReadonlySet<string> = new Set(['openai-chat', 'openai-completions'])

function falseOfVectors({ errand, heard, outcome }: Visit): string | undefined {
  const texts = textsOf(errand)
  if (heard!.vectors.length !== texts.length)
    return `each text has its vector (${heard!.vectors.length} of ${texts.length})`
  for (const [at, text] of texts.entries()) {
    const vector = vectorOf(text, dimensions)
    if (vector.some((value, axis) => Math.abs(value - heard!.vectors[at]![axis]!) > 1e-6))
      return `each text has its own vector (the ${at + 1}th has not)`
  }
  const promptTokens = texts.reduce((sum, text) => sum + tokensIn(text), 0)
  const { usage } = outcome!
  if (usage.estimated !== true && usage.promptTokens !== promptTokens)
    return `texts arrive as they were written (${usage.promptTokens} tokens, not ${promptTokens})`
  return undefined
}

function falseOfWhole(visit: Visit, whole: string, kindOf: KindOf): string | undefined {
  const { errand, heard, outcome } = visit
  const { wants, question, words, wordsMax = Infinity, stream, dialect, wantsUsage } = errand
  if (wants === 'vectors') return falseOfVectors(visit)
  if (heard!.text !== whole) return `who stays hears everything (${heard!.text.length} of ${whole.length} characters)`
  if (!heard!.whole) return 'an answer that is whole says so'
  if (wants === 'tool') {
    const call = `${heard!.toolName} ${heard!.toolArguments}`
    if (call !== `${tool.name} ${cut(callOf(errand), wordsMax)}`) return `a call comes as it was made (${call})`
  }
  const ending = endings[dialect as TalkingDialect]
  const finish = ending[wordsMax < lengthOf(errand) ? 'length' : wants === 'tool' ? 'tool' : 'stop']
  if (heard!.finish !== finish) return `the caller learns why it ended (${heard!.finish}, not ${finish})`
  const counts = !stream || !countsOnRequest.has(dialect) || wantsUsage ? 1 : 0
  const { upstream, usage, resumes = 0 } = outcome!
  const isTold = heard!.counted === counts || (heard!.counted === 1 && tellsUnasked(kindOf(upstream), dialect))
  if (!isTold) return `who asked for counts gets them once, and nobody else (${heard!.counted}, not ${counts})`
  if (usage.estimated === true && resumes === 0) return 'the outcome has what the server counted'
  if (heard!.counted > 0 && heard!.outputTokens !== usage.outputTokens)
    return `all hear one count (${heard!.outputTokens} and ${usage.outputTokens})`
  const promptTokens = tokensIn(`${errand.preamble}\n${question}\n`)
  // Who went on with an answer counted its beginning by letters, and we by pieces.
  if (usage.promptTokens !== promptTokens && resumes === 0)
    return `a prompt arrives as it was written (${usage.promptTokens} tokens, not ${promptTokens})`
  const tokens = Math.min(words, wordsMax)
  if (wants === 'words' && heard!.thought === '' && usage.outputTokens !== tokens)
    return `the server's count is kept (${usage.outputTokens}, not ${tokens})`
  return undefined
}

/** What must be true at any time. */
export function falseNow({ gateway, servers }: Stage): string | undefined {
  for (const [index, { ledger, spec }] of servers.entries()) {
    const { inFlight } = gateway.fleet.upstreams[index]!
    if (ledger.open > inFlight)
      return `no server works for nobody (${spec.name} on ${ledger.open}, of which the gateway knows ${inFlight})`
  }
  return undefined
}

/** What must be true now and then; too dear to look at each time. */
export function falseForWaiting({ gateway, chronicle, world }: Stage): string | undefined {
  if (gateway.waiting === 0) return undefined
  // Whom one of two has failed may wait for the other.
  const waiting = gateway.asks().filter(({ id, state }) => state === 'queued' && !chronicle.wasFailed(id))
  // Of those who want the same of the same model, the one who needs the least room.
  const least = new Map<string, AskView>()
  for (const ask of waiting) {
    const key = `${ask.model} ${tonguesFor[ask.dialect]?.[0] ?? ''}`
    if (ask.promptTokens < (least.get(key)?.promptTokens ?? Infinity)) least.set(key, ask)
  }
  for (const { model, dialect, promptTokens } of least.values()) {
    const tongues = tonguesFor[dialect]
    const able = gateway.fleet.serving(model).filter(({ settings: { backend } }) => {
      return tongues === undefined || tongues.some((tongue) => backend.speaks[tongue] !== undefined)
    })
    const tier = Math.min(...able.map(({ settings }) => settings.tier))
    // Where it costs money, that may be what he waits for.
    if (tier > 0 && gateway.settings.money !== undefined) continue
    const cheap = able.filter((upstream) => {
      const { contextTokens = Infinity } = upstream.modelFor(model)!
      return upstream.settings.tier === tier && promptTokens <= contextTokens && upstream.allows(world.now())
    })
    const roomy = cheap.find((upstream) => {
      const place = upstream.place(upstream.modelFor(model)!.id)
      if (!place.allows(world.now()) || !place.hasRoom(world.now()) || place.isDoubtful) return false
      // It has become so slow that to wait for another is better; that is looked at again four times a second.
      if (world.now() - place.slowness.leftAloneAt <= 250) return false
      // Where a model has to come in first, it may be cheaper to be had elsewhere in a moment.
      if (place.loaded === false && cheap.length > 1) return false
      return upstream.residency.hasRoomBeside(place.tenant)
    })
    if (roomy !== undefined)
      return `nobody waits while a machine has room for him (${model}, ${roomy.settings.name}, at ${world.now()} ms)`
  }
  return undefined
}

const vectorTongues: readonly SimDialect[] = ['openai-embeddings', 'ollama-embed', 'ollama-embeddings']

/** Of what a server must speak one, where not every server can do what is asked. */
const tonguesFor: Readonly<Record<string, readonly SimDialect[]>> = {
  'openai-completions': ['openai-completions', 'ollama-generate'],
  ...Object.fromEntries(vectorTongues.map((dialect) => [dialect, vectorTongues])),
}

/** What must be true when all have gone home. */
export function falseAtTheEnd({ gateway, chronicle, servers }: Stage, fleet: readonly Machine[]): string | undefined {
  if (chronicle.wrong !== undefined) return chronicle.wrong
  if (chronicle.open > 0) return `every ask ends (${chronicle.open} have not)`
  if (gateway.waiting > 0) return `nobody is left in the queue (${gateway.waiting} are)`
  if (gateway.asks().length > 0) return 'nobody is shown who has gone'
  for (const upstream of gateway.fleet.upstreams) {
    if (upstream.inFlight !== 0)
      return `every place is given back (${upstream.inFlight} of ${upstream.settings.name} are not)`
    for (const place of upstream.places().values())
      if (place.inFlight !== 0) return 'every place is given back, model by model'
  }
  for (const [index, { ledger, spec }] of servers.entries()) {
    if (ledger.open > 0) return `no server works for nobody (${spec.name} has ${ledger.open} requests open)`
    if (ledger.kills > 0) return `no model is thrown out while it is in use (${ledger.kills} were at ${spec.name})`
    const { concurrency } = fleet[index]!
    if (concurrency !== 'auto' && ledger.openMost > concurrency * spec.models.length) {
      return `a fixed concurrency is kept (${spec.name} had ${ledger.openMost} at once, not ${concurrency})`
    }
  }
  return undefined
}

const tail = (text: string): string => text.slice(-60)
