import type { CloudState, Notes } from '../core/notes.ts'

interface SwitchParts {
  readonly notes: Pick<Notes, 'cloud' | 'setCloud'>
  /** It was opened or closed, here or elsewhere. */
  readonly onChange: (state: CloudState) => void
}

/**
 * The one switch that keeps everything from servers that cost money, however the budgets stand. All gateways that share the
 * ledger share it, and it stays as it is over restarts.
 */
export class CloudSwitch {
  readonly #parts: SwitchParts
  #state: CloudState | undefined
  /** Set here and not taken down so far: what others say does not count against it. */
  #unwritten: CloudState | undefined

  constructor(parts: SwitchParts) {
    this.#parts = parts
  }

  /** Undefined where nobody ever touched it: then it is open. */
  get state(): CloudState | undefined {
    return this.#state
  }

  /** Counts here at once. Resolves when it has outlived this process, and rejects where it cannot: then that is tried again. */
  async set(state: CloudState): Promise<void> {
    this.#unwritten = state
    this.#adopt(state)
    await this.#write()
  }

  /** To be called now and then: takes over what another gateway, or a person at the command line, has set. */
  async look(): Promise<void> {
    if (this.#unwritten !== undefined) return this.#write()
    const state = await this.#parts.notes.cloud()
    // It may have been set here meanwhile.
    if (this.#unwritten === undefined && state !== undefined) this.#adopt(state)
  }

  async #write(): Promise<void> {
    const state = this.#unwritten
    if (state === undefined) return
    await this.#parts.notes.setCloud(state)
    if (this.#unwritten === state) this.#unwritten = undefined
  }

  #adopt(state: CloudState): void {
    const before = this.#state?.open ?? true
    this.#state = state
    if (state.open !== before) this.#parts.onChange(state)
  }
}

const reasonMax = 200

/** For people; of what was given as a reason, as much as fits into a line. */
export function switchText({ open, by, reason }: CloudState): string {
  const why = reason === undefined ? '' : `: ${reason.slice(0, reasonMax)}`
  const what = open
    ? 'The cloud is open again'
    : 'The cloud is closed: nothing leaves any more for servers that cost money, and what runs there runs on'
  return `${what} (${by}${why}).`
}
