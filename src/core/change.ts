/** Who does something to the gateway, as the audit tells it. */
export interface By {
  /** `admin` for whoever has the token, `loopback` where none is asked for, `cli:ann`, `config-watch`, `signal`. */
  readonly actor: string
  /** The address it came from, where there is one. */
  readonly source?: string | undefined
}

/** One change that somebody made to how the gateway works, or tried to. Never what anybody asked, never a secret. */
export interface Change extends By {
  /** `key.create`, `config.reload`, `cloud.close`, `model.load`, … */
  readonly action: string
  /** What was changed: the id of a key, the name of a model. */
  readonly subject: string
  /** How it was and how it is then, as a hash or in a word. */
  readonly before?: string | undefined
  readonly after?: string | undefined
  /** Names alone: of the keys of a configuration that are others now, say. */
  readonly detail?: string | undefined
  /** `ok`, or the code of what went wrong. */
  readonly result: string
}

/** A change that is about to be made. */
export type Intent = Omit<Change, 'result'>

/** Where changes are taken down. */
export interface Auditor {
  /** Resolves when it is taken down, or when it is sure that this is tried until it succeeds. Never rejects. */
  add(change: Change): Promise<void>
}

/** Makes a change, and has it taken down once, whether it succeeds or fails. */
export async function audited<T>(
  auditor: Auditor | undefined,
  intent: Intent,
  act: () => Promise<T>,
  learned: (done: T) => Partial<Intent> = () => ({}),
): Promise<T> {
  let done: T
  try {
    done = await act()
  } catch (error) {
    await auditor?.add({ ...intent, result: codeOf(error) })
    throw error
  }
  await auditor?.add({ ...intent, ...learned(done), result: 'ok' })
  return done
}

/** Errors of ours have a code or a kind. Any words of an error may be somebody's secret. */
function codeOf(error: unknown): string {
  if (error instanceof Error) {
    if ('code' in error && typeof error.code === 'string') return error.code
    if ('kind' in error && typeof error.kind === 'string') return error.kind
    return error.name
  }
  return 'unknown'
}
