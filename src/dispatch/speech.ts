import type { Ask, Need } from '../core/ask.ts'
import type { Setting } from '../core/backend.ts'
import type { Dialect, Rename, TalkDialect, Task, VectorDialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import { applyEdits, type Edits, type Json } from '../core/json.ts'
import type { Prompt, Reasoning } from '../core/prompt.ts'
import { splice } from '../dialects/splice.ts'
import type { Lease } from '../scheduler/scheduler.ts'

/** An ask as one upstream is to hear it, and how its answer is to be heard. */
export type Speech = { readonly path: string; readonly body: Uint8Array } & (
  | {
      /** The answer is the caller's as it comes. */
      readonly answer: 'passes'
      readonly dialect: Dialect
      readonly hideUsage: boolean
      readonly rename: Rename | undefined
    }
  | {
      /** It comes as a stream, and is written anew: as a stream, or put together. */
      readonly answer: 'read'
      readonly dialect: TalkDialect
      readonly to: TalkDialect
      readonly oneCall: boolean
    }
  | { readonly answer: 'vectors'; readonly dialect: VectorDialect; readonly to: VectorDialect }
)

/**
 * Says the ask in a dialect the upstream knows: the caller's own if it does, else the first it does know for the task. It
 * asks for answers of at most so many tokens.
 */
export function phrase(
  ask: Ask,
  lease: Lease,
  dialectOf: (id: string) => Dialect,
  tokensMax: number = Infinity,
): Speech {
  const { backend, basePath } = lease.upstream.settings
  const own = dialectOf(ask.dialect)
  const path = backend.speaks[own.id]
  if (path !== undefined) {
    // Several answers to one question cannot be told apart in a stream that is put together.
    if (own.form === 'talk' && !ask.stream && backend.stopsWhole === false && ask.answers === undefined) {
      return streamed(ask, lease, { dialect: own, path: basePath + path, tokensMax })
    }
    return passed(ask, lease, { dialect: own, path: basePath + path, tokensMax })
  }
  const task = taskOf(ask.needs)
  for (const [id, itsPath] of Object.entries(backend.speaks)) {
    const dialect = dialectOf(id)
    if (!dialect.tasks.includes(task)) continue
    if (own.form === 'talk' && dialect.form === 'talk')
      return translated(ask, lease, { dialect, to: own, path: basePath + itsPath, tokensMax })
    if (own.form === 'vectors' && dialect.form === 'vectors')
      return converted(ask, lease, { dialect, to: own, path: basePath + itsPath })
  }
  // Placement does not send an ask where it cannot be said; a listing that changed in between might.
  throw new Fault('not-capable', `The server ${lease.upstream.settings.name} has no way to be asked for this.`)
}

export const taskOf = (needs: readonly Need[]): Task =>
  needs.includes('vectors') ? 'vectors' : needs.includes('text') ? 'text' : 'chat'

/** The way to one path, and how much is to come back. */
interface Way<D extends Dialect> {
  readonly dialect: D
  readonly path: string
  readonly tokensMax: number
}

/** How a body is held to what is paid for; undefined for not at all. */
export const limitFor = (dialect: Dialect, body: Json, tokensMax: number): Edits | undefined =>
  tokensMax === Infinity || dialect.form !== 'talk' ? undefined : dialect.limitEdits(body, tokensMax)

export const withEdits = (body: Json, edits: Edits | undefined): Json =>
  edits === undefined ? body : applyEdits(body, edits)

/** The caller's own bytes, but for what the wire forces us to change. */
function passed(ask: Ask, lease: Lease, { dialect, path, tokensMax }: Way<Dialect>): Speech {
  const renamed = lease.model.id !== ask.model
  const usageEdits = ask.stream && dialect.form === 'talk' ? dialect.usageEdits(ask.body) : undefined
  const limitEdits = limitFor(dialect, ask.body, tokensMax)
  const body = withEdits(ask.body, limitEdits)
  const edits: Edits | undefined = merged(
    limitEdits,
    renamed ? { model: lease.model.id } : undefined,
    usageEdits,
    lease.upstream.settings.backend.edits?.(dialect.id, body, settingOf(lease)),
  )
  return {
    answer: 'passes',
    dialect,
    path,
    body: edited(ask, edits),
    hideUsage: usageEdits !== undefined,
    rename: renamed ? { from: lease.model.id, to: ask.model } : undefined,
  }
}

/** The caller's own bytes, except that they ask for a stream. */
function streamed(ask: Ask, lease: Lease, { dialect, path, tokensMax }: Way<TalkDialect>): Speech {
  const limitEdits = limitFor(dialect, ask.body, tokensMax)
  const asked = { ...withEdits(ask.body, limitEdits), stream: true }
  const edits = merged(
    limitEdits,
    { model: lease.model.id, stream: true },
    dialect.usageEdits(asked),
    lease.upstream.settings.backend.edits?.(dialect.id, asked, settingOf(lease)),
  )
  return { answer: 'read', dialect, to: dialect, oneCall: false, path, body: edited(ask, edits) }
}

/** A model that cannot think is not told how to; one that does so unasked is told not to, unless it was asked. */
function reasoningFor({ reasoning }: Prompt, { model, upstream }: Lease): Reasoning | undefined {
  if (model.can !== undefined && !model.can.has('thinking')) return undefined
  return reasoning ?? (upstream.settings.backend.thinksUnasked === true ? 'off' : undefined)
}

/** Asked for no more than that. */
const within = (prompt: Prompt, tokensMax: number): Prompt =>
  tokensMax === Infinity
    ? prompt
    : { ...prompt, outputTokensMax: Math.min(prompt.outputTokensMax ?? Infinity, tokensMax) }

interface Route<D extends Dialect> {
  readonly dialect: D
  readonly to: D
  readonly path: string
}

function translated(
  ask: Ask,
  lease: Lease,
  { dialect, to, path, tokensMax }: Route<TalkDialect> & Way<TalkDialect>,
): Speech {
  const { backend } = lease.upstream.settings
  const read = to.readPrompt(ask.body)
  const prompt: Prompt = {
    ...within(read, tokensMax),
    model: lease.model.id,
    stream: true,
    reasoning: reasoningFor(read, lease),
  }
  const all = dialect.writePrompt(prompt)
  // In some dialects thoughts come on top of what the answer may have.
  const written = withEdits(all, limitFor(dialect, all, tokensMax))
  // Also here: the counts of a stream come only when asked for.
  const edits = merged(
    prompt.continues === true ? backend.continueEdits : undefined,
    dialect.usageEdits(written),
    backend.edits?.(dialect.id, written, settingOf(lease)),
  )
  return { answer: 'read', dialect, to, oneCall: prompt.parallelTools === false, path, body: bytesOf(written, edits) }
}

function converted(ask: Ask, lease: Lease, { dialect, to, path }: Route<VectorDialect>): Speech {
  const written = dialect.writeInputs({ ...to.readInputs(ask.body), model: lease.model.id })
  const edits = lease.upstream.settings.backend.edits?.(dialect.id, written, settingOf(lease))
  return { answer: 'vectors', dialect, to, path, body: bytesOf(written, edits) }
}

export function settingOf({ model }: Pick<Lease, 'model'>): Setting {
  return { model: model.id, contextTokens: model.setTokens }
}

export function edited(ask: Ask, edits: Edits | undefined): Uint8Array {
  if (ask.raw === undefined) return bytesOf(ask.body, edits)
  return edits === undefined ? ask.raw : splice(ask.raw, edits)
}

export const bytesOf = (body: Json, edits: Edits | undefined): Uint8Array =>
  Buffer.from(JSON.stringify(edits === undefined ? body : applyEdits(body, edits)))

/** Undefined when nothing changes, which is what makes the fast path fast. */
export function merged(...all: readonly (Edits | undefined)[]): Edits | undefined {
  let edits: Edits | undefined
  for (const more of all) {
    if (more !== undefined) edits = edits === undefined ? more : { ...edits, ...more }
  }
  return edits
}
