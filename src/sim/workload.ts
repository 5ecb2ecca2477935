import type { Cloud, Priority } from '../core/ask.ts'
import { type Arrivals, arrivalsOf } from './arrivals.ts'
import { type Chance, logNormal, pick } from './chance.ts'
import { padded } from './padded.ts'
import { charactersPerToken } from './prefixes.ts'
import { traceBlockTokens } from './traces.ts'

/** Who asks for what, how often, and how patiently. */
export interface Workload {
  readonly arrivals: Arrivals
  readonly callers: readonly { readonly share: number; readonly of: SimCaller }[]
  readonly models: readonly { readonly share: number; readonly of: string }[]
  /** Shares between 0 and 1. */
  readonly ollamaDialect: number
  /** In which dialects they ask, where it is not one of the two usual ones. */
  readonly dialects?: readonly { readonly share: number; readonly of: TalkingDialect }[]
  readonly streamed: number
  readonly hangUps: number
  /** Of those whose answers are cut by a limit of their own. */
  readonly limited: number
  /** Of those who offer a tool, and who want JSON. */
  readonly tools: number
  readonly json: number
  /** Of those who want vectors, and of which model. */
  readonly vectors?: { readonly share: number; readonly model: string }
  readonly promptTokens: Size
  readonly outputTokens: Size
  /** What others ask meanwhile, for as long as this goes on; it takes no chance away from this. */
  readonly beside?: Workload
}

export interface Size {
  readonly mean: number
  /** Spread of the logarithm. */
  readonly sigma: number
  readonly most: number
}

export interface SimCaller {
  readonly name: string
  readonly weight: number
  readonly priority: Priority
  readonly cloud: Cloud
  /** Undefined: the gateway's own. */
  readonly patienceMs: number | undefined
  /** Until the whole answer. */
  readonly deadlineMs?: number | undefined
  /** How long the answers are that it asks for, where that is its own. */
  readonly outputTokens?: Size
  /** So many come at once each time. */
  readonly bunch?: number
  /** The models it asks for, where it may not use all. */
  readonly models?: ReadonlySet<string> | undefined
}

/** In which one may ask for words, and in which for vectors. */
export type TalkingDialect =
  | 'openai-chat'
  | 'openai-completions'
  | 'openai-responses'
  | 'anthropic-messages'
  | 'ollama-chat'
  | 'ollama-generate'

export type VectorDialect = 'openai-embeddings' | 'ollama-embed' | 'ollama-embeddings'

export type SimDialect = TalkingDialect | VectorDialect

/** Numbers in each vector of the models that make some here. */
export const dimensions = 64

/** One request that somebody will make. */
export interface Errand {
  readonly number: number
  readonly atMs: number
  readonly caller: SimCaller
  readonly model: string
  readonly dialect: SimDialect
  readonly stream: boolean
  readonly wantsUsage: boolean
  /** What was said before the question. */
  readonly preamble: string
  readonly question: string
  readonly wants: 'words' | 'tool' | 'json' | 'vectors'
  /** Of which vectors are wanted, where that is not left to chance. */
  readonly texts?: readonly string[] | undefined
  /** Words of the whole answer, and where the caller cuts it. */
  readonly words: number
  readonly wordsMax: number | undefined
  /** When the caller goes, if it does not stay, and whether it says so or just stops reading. */
  readonly hangsUpAfterMs: number | undefined
  readonly leavesBy: 'abort' | 'return'
}

/** All that will be asked, in the order of time. Of what is asked beside it, as much as comes until its last. */
export function* errandsOf(
  workload: Workload,
  requests: number,
  chanceFor: (purpose: string) => Chance,
): Generator<Errand, void, undefined> {
  const others =
    workload.beside && itsErrands(workload.beside, Infinity, (purpose) => chanceFor(`beside it, ${purpose}`))
  let other = others?.next()
  for (const errand of itsErrands(workload, requests, chanceFor)) {
    for (; other !== undefined && other.done !== true && other.value.atMs <= errand.atMs; other = others!.next())
      yield { ...other.value, number: requests + other.value.number }
    yield errand
  }
}

/** Each trait draws from a chance of its own. */
function* itsErrands(
  workload: Workload,
  requests: number,
  chanceFor: (purpose: string) => Chance,
): Generator<Errand, void, undefined> {
  const { callers, models, promptTokens, outputTokens } = workload
  const next = arrivalsOf(workload.arrivals, chanceFor('arrivals'))
  const [who, which, how, large, long, gone] = ['callers', 'models', 'manners', 'prompts', 'answers', 'hang-ups'].map(
    chanceFor,
  ) as [Chance, Chance, Chance, Chance, Chance, Chance]
  let arrival = next()
  let caller = pick(who, callers)
  let besides = 0
  for (let number = 0; number < requests; number += 1) {
    if (besides > 0) besides -= 1
    else {
      if (number > 0) {
        arrival = next()
        caller = pick(who, callers)
      }
      besides = (caller.bunch ?? 1) - 1
    }
    const { atMs, row } = arrival
    const tokens = row?.promptTokens ?? sizeOf(promptTokens, large)
    const words = row?.outputTokens ?? sizeOf(caller.outputTokens ?? outputTokens, long)
    // Each draw is made whether or not it is needed.
    const [dialect, stream, usage, cut, form, hangsUp, afterMs] = [how(), how(), how(), how(), how(), gone(), gone()]
    const asked = pick(
      which,
      models.filter(({ of }) => caller.models?.has(of) ?? true),
    )
    const wants = wantsBy(form, workload)
    const tongue = wants === 'vectors' ? vectorDialect(dialect) : talkingDialect(dialect, workload)
    yield {
      number,
      atMs,
      caller,
      model: wants === 'vectors' ? workload.vectors!.model : asked,
      dialect: tongue,
      stream: wants !== 'vectors' && stream < workload.streamed,
      wantsUsage: usage < 0.5,
      preamble: row?.blocks === undefined ? preambleOf(caller.name, number, tokens) : textOfBlocks(row.blocks, tokens),
      question: `Question ${number}: say ${Math.max(words, 1)} words.`,
      wants: isPlain(tongue) && wants !== 'vectors' ? 'words' : wants,
      words: Math.max(words, 1),
      wordsMax:
        wants === 'words' && cut < workload.limited ? 1 + Math.floor((cut / workload.limited) * words) : undefined,
      hangsUpAfterMs: hangsUp >= workload.hangUps ? undefined : afterMs < 0.05 ? 0 : afterMs * afterMs * 6_000,
      leavesBy: usage < 0.25 ? 'return' : 'abort',
    }
  }
}

function wantsBy(form: number, { tools, json, vectors }: Workload): Errand['wants'] {
  if (form < tools) return 'tool'
  if (form < tools + json) return 'json'
  return vectors !== undefined && form >= 1 - vectors.share ? 'vectors' : 'words'
}

function talkingDialect(draw: number, { dialects, ollamaDialect }: Workload): TalkingDialect {
  if (dialects !== undefined) return pick(() => draw, dialects)
  return draw < ollamaDialect ? 'ollama-chat' : 'openai-chat'
}

const vectorDialects: readonly VectorDialect[] = ['openai-embeddings', 'ollama-embed', 'ollama-embeddings']

const vectorDialect = (draw: number): VectorDialect => vectorDialects[Math.floor(draw * vectorDialects.length)]!

/** Where there are no tools and nothing but a text is to be carried on. */
const isPlain = (dialect: SimDialect): boolean => dialect === 'openai-completions' || dialect === 'ollama-generate'

const sizeOf = ({ mean, sigma, most }: Size, chance: Chance): number =>
  Math.min(Math.max(Math.round(logNormal(chance, mean, sigma)), 1), most)

/** A third of it is what this caller says every time, the rest is new. */
function preambleOf(caller: string, number: number, tokens: number): string {
  const characters = tokens * charactersPerToken
  const shared = padded(`You are the helper of ${caller}. `, Math.floor(characters / 3), 'be kind ')
  return shared + padded(`About ${number}. `, characters - shared.length, 'and so on ')
}

/** Equal blocks are equal text; what is left of the prompt is new. */
function textOfBlocks(blocks: readonly number[], promptTokens: number): string {
  const text = blocks.map((block) => ''.padEnd(traceBlockTokens * charactersPerToken, `${block} `)).join('')
  return text.slice(0, promptTokens * charactersPerToken)
}

export const usualModel = 'llama3.1:8b'

export const poisson = (perSecond: number): Arrivals => ({ type: 'poisson', perSecond })

/** A fifth of each four minutes at two and a half times the rate. */
export const bursts = (perSecond: number): Arrivals => ({
  type: 'bursts',
  perSecond,
  factor: 2.5,
  share: 0.2,
  periodMs: 240_000,
})

const anybody: SimCaller = { name: 'anybody', weight: 1, priority: 'default', cloud: 'allowed', patienceMs: undefined }

/** Three kinds of callers on one fleet: people who chat, agents that work, and what may wait until night. */
export const usualCallers: Workload['callers'] = [
  { share: 5, of: { ...anybody, name: 'chat-ui', weight: 2, priority: 'interactive', patienceMs: 3_000 } },
  { share: 4, of: { ...anybody, name: 'agents' } },
  { share: 2, of: { ...anybody, name: 'nightly', priority: 'batch', cloud: 'never', patienceMs: 120_000 } },
]

export const usualWorkload: Workload = {
  arrivals: poisson(3),
  callers: usualCallers,
  models: [{ share: 1, of: usualModel }],
  ollamaDialect: 0.4,
  streamed: 0.8,
  hangUps: 0.03,
  limited: 0.2,
  tools: 0.06,
  json: 0.04,
  promptTokens: { mean: 400, sigma: 0.8, most: 3_000 },
  outputTokens: { mean: 40, sigma: 0.5, most: 400 },
}
