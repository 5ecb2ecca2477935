import type { Ask } from '../core/ask.ts'
import type { Dialect, Rename } from '../core/dialect.ts'
import { applyEdits, type Edits } from '../core/json.ts'
import { splice } from '../dialects/splice.ts'
import type { Lease } from '../scheduler/scheduler.ts'

/** An ask as one upstream is to hear it. */
export interface Speech {
  readonly dialect: Dialect
  readonly path: string
  readonly body: Uint8Array
  /** What the upstream was asked for; a translated answer always comes as a stream. */
  readonly stream: boolean
  /** The answer is in the caller's dialect already. */
  readonly passes: boolean
  readonly hideUsage: boolean
  readonly rename: Rename | undefined
}

/** Says the ask in a dialect the upstream knows: the caller's own if it does, else the first it does know. */
export function phrase(ask: Ask, lease: Lease, dialectOf: (id: string) => Dialect): Speech {
  const { backend, basePath } = lease.upstream.settings
  const own = backend.speaks[ask.dialect]
  return own === undefined
    ? translated(ask, lease, dialectOf)
    : passed(ask, lease, dialectOf(ask.dialect), basePath + own)
}

/** The caller's own bytes, but for what the wire forces us to change. */
function passed(ask: Ask, lease: Lease, dialect: Dialect, path: string): Speech {
  const renamed = lease.model.id !== ask.model
  const usageEdits = ask.stream ? dialect.usageEdits(ask.body) : undefined
  const edits: Edits | undefined = merged(
    renamed ? { model: lease.model.id } : undefined,
    usageEdits,
    lease.upstream.settings.backend.edits?.(dialect.id, ask.body),
  )
  return {
    dialect,
    path,
    body: edited(ask, edits),
    stream: ask.stream,
    passes: true,
    hideUsage: usageEdits !== undefined,
    rename: renamed ? { from: lease.model.id, to: ask.model } : undefined,
  }
}

function translated(ask: Ask, lease: Lease, dialectOf: (id: string) => Dialect): Speech {
  const { backend, basePath } = lease.upstream.settings
  const [id, path] = Object.entries(backend.speaks)[0]!
  const dialect = dialectOf(id)
  const prompt = dialectOf(ask.dialect).readPrompt(ask.body)
  const written = dialect.writePrompt({ ...prompt, model: lease.model.id, stream: true })
  // Also here: the counts of a stream come only when asked for.
  const edits = merged(dialect.usageEdits(written), backend.edits?.(id, written))
  const body = edits === undefined ? written : applyEdits(written, edits)
  return {
    dialect,
    path: basePath + path,
    body: Buffer.from(JSON.stringify(body)),
    stream: true,
    passes: false,
    hideUsage: false,
    rename: undefined,
  }
}

function edited(ask: Ask, edits: Edits | undefined): Uint8Array {
  if (ask.raw === undefined) {
    return Buffer.from(JSON.stringify(edits === undefined ? ask.body : applyEdits(ask.body, edits)))
  }
  return edits === undefined ? ask.raw : splice(ask.raw, edits)
}

/** Undefined when nothing changes, which is what makes the fast path fast. */
function merged(...all: readonly (Edits | undefined)[]): Edits | undefined {
  let edits: Edits | undefined
  for (const more of all) {
    if (more !== undefined) edits = edits === undefined ? more : { ...edits, ...more }
  }
  return edits
}
