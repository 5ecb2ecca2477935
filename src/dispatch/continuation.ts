import type { Ask } from '../core/ask.ts'
import type { Begun, Dialect, TalkDialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import { applyEdits, type Edits, type Json } from '../core/json.ts'
import { restOf } from '../dialects/begun.ts'
import type { Offer } from '../fleet/offering.ts'
import { bytesOf, edited, merged, settingOf, type Speech, taskOf } from './speech.ts'

type DialectOf = (id: string) => Dialect

/** Whether this server would go on with an answer of that model, as far as is known before it is asked. */
export function mayContinue(
  ask: Ask,
  { upstream, model }: Pick<Offer, 'upstream' | 'model'>,
  modelId: string,
  dialectOf: DialectOf,
): boolean {
  // Another model, or the same under another name, might say it otherwise.
  return model.id === modelId && tongueFor(ask, { upstream }, dialectOf) !== undefined
}

/** The dialect in which this server is asked to go on; undefined where it is not known to do so. */
function tongueFor(ask: Ask, { upstream }: Pick<Offer, 'upstream'>, dialectOf: DialectOf): TalkDialect | undefined {
  const { speaks, resumes = [] } = upstream.settings.backend
  const task = taskOf(ask.needs)
  const id =
    speaks[ask.dialect] === undefined ? Object.keys(speaks).find((one) => tasksOf(one).includes(task)) : ask.dialect
  const dialect = id !== undefined && resumes.includes(id) ? dialectOf(id) : undefined
  return dialect?.form === 'talk' ? dialect : undefined

  function tasksOf(one: string): readonly string[] {
    return dialectOf(one).tasks
  }
}

/**
 * Asks a server to go on with an answer that is begun. What it says is always read and written anew: under the name that
 * the answer has, and without a second beginning. Throws where it cannot be said.
 */
export function phraseRest(
  ask: Ask,
  { upstream, model }: Pick<Offer, 'upstream' | 'model'>,
  begun: Begun,
  dialectOf: DialectOf,
): Speech {
  const { backend, basePath } = upstream.settings
  const to = dialectOf(ask.dialect)
  const dialect = tongueFor(ask, { upstream }, dialectOf)
  if (dialect === undefined || to.form !== 'talk') throw cannot(upstream.settings.name)
  // What the own dialect has words for is asked for in them; but where a seam would show is seen best in neutral form.
  const rest = restOf(to.readPrompt(ask.body), begun.text, ask.outputTokensMax)
  const asked =
    rest &&
    (to === dialect
      ? longer(ask, begun, dialect)
      : { body: dialect.writePrompt({ ...rest, model: model.id, stream: true }), edits: undefined })
  if (rest === undefined || asked === undefined) throw cannot(upstream.settings.name)
  const { body } = asked
  const edits = merged(
    asked.edits,
    { model: model.id, stream: true },
    dialect.usageEdits(body),
    backend.edits?.(dialect.id, body, settingOf({ upstream, model })),
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

function longer(ask: Ask, { text }: Begun, dialect: TalkDialect): { body: Json; edits: Edits } | undefined {
  const edits = dialect.carryOn?.edits?.(ask.body, text, ask.outputTokensMax)
  return edits && { edits, body: applyEdits({ ...ask.body, stream: true }, edits) }
}

const cannot = (name: string): Fault =>
  new Fault('not-capable', `The server ${name} cannot be asked to go on with this.`)
