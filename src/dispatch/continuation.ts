import type { Ask } from '../core/ask.ts'
import type { Backend } from '../core/backend.ts'
import type { Begun, Dialect, TalkDialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import { applyEdits, type Edits, type Json } from '../core/json.ts'
import type { Prompt } from '../core/prompt.ts'
import { restOf } from '../dialects/begun.ts'
import type { Offer } from '../fleet/offering.ts'
import { bytesOf, edited, limitFor, merged, settingOf, type Speech, taskOf, withEdits } from './speech.ts'

type DialectOf = (id: string) => Dialect

type Where = Pick<Offer, 'upstream' | 'model'>

/** What one server is to be told. */
interface Words {
  readonly dialect: TalkDialect
  readonly to: TalkDialect
  readonly rest: Prompt
  readonly body: Json
  /** Of the caller's own body. */
  readonly edits: Edits | undefined
}

/** Whether this server would go on with an answer of that model, to the letter. */
export function mayContinue(ask: Ask, where: Where, begun: Begun, modelId: string, dialectOf: DialectOf): boolean {
  // Another model, or the same under another name, might say it otherwise.
  return where.model.id === modelId && wordsFor(ask, where, begun, dialectOf) !== undefined
}

/**
 * Asks a server to go on with an answer that is begun. What it says is always read and written anew: under the name that
 * the answer has, and without a second beginning.
 */
export function phraseRest(
  ask: Ask,
  where: Where,
  begun: Begun,
  dialectOf: DialectOf,
  tokensMax: number = Infinity,
): Speech {
  const { backend, basePath, name } = where.upstream.settings
  const words = wordsFor(ask, where, begun, dialectOf)
  if (words === undefined) throw new Fault('not-capable', `The server ${name} cannot be asked to go on with this.`)
  const { dialect, to, rest, body } = words
  const limitEdits = limitFor(dialect, body, tokensMax)
  const edits = merged(
    words.edits,
    limitEdits,
    { model: where.model.id, stream: true },
    dialect.usageEdits(body),
    backend.edits?.(dialect.id, withEdits(body, limitEdits), settingOf(where)),
    rest.continues === true ? backend.continueEdits : undefined,
  )
  return {
    answer: 'read',
    dialect,
    to,
    oneCall: rest.parallelTools === false,
    path: basePath + backend.speaks[dialect.id]!,
    body: to === dialect ? edited(ask, edits) : bytesOf(body, edits),
  }
}

/** Undefined where it cannot be said, or a seam would show. The caller's own words are kept where the server knows them. */
function wordsFor(ask: Ask, { upstream, model }: Where, begun: Begun, dialectOf: DialectOf): Words | undefined {
  const { body: own, outputTokensMax: tokensLeft } = ask
  const to = dialectOf(ask.dialect)
  const dialect = tongueFor(ask, upstream.settings.backend, dialectOf)
  if (dialect === undefined || to.form !== 'talk') return undefined
  try {
    const rest = restOf(to.readPrompt(own), begun.text, tokensLeft)
    if (rest === undefined) return undefined
    if (to !== dialect) {
      const body = dialect.writePrompt({ ...rest, model: model.id, stream: true })
      return { dialect, to, rest, body, edits: undefined }
    }
    const edits = dialect.carryOn?.edits?.(own, begun.text, tokensLeft)
    return edits && { dialect, to, rest, body: applyEdits({ ...own, stream: true }, edits), edits }
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}

/** The dialect in which a server is asked to go on; undefined where it is not known to do so. */
function tongueFor(ask: Ask, { speaks, resumes = [] }: Backend, dialectOf: DialectOf): TalkDialect | undefined {
  const task = taskOf(ask.needs)
  const spoken = Object.keys(speaks)
  const id = spoken.includes(ask.dialect)
    ? ask.dialect
    : spoken.find((one) => dialectOf(one).tasks.some((its) => its === task))
  const dialect = id !== undefined && resumes.includes(id) ? dialectOf(id) : undefined
  return dialect?.form === 'talk' ? dialect : undefined
}
