import { isDeepStrictEqual } from 'node:util'
import { changedNames } from '../config/changes.ts'
import { ConfigFault, sentence } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { parse } from '../config/settings.ts'
import { type Auditor, audited, type By } from '../core/change.ts'
import type { Emit } from '../core/event.ts'
import type { ConfigStatus } from '../http/config-status.ts'
import { checkDoor, readSource } from './sources.ts'

export interface ReloadParts {
  readonly file: string
  /** What the file said when the process began, and its hash then. */
  readonly first: Config
  readonly hash: string | undefined
  /** The same with what the flags changed in it: where the ports really are. */
  readonly begun: () => Promise<Pick<Config, 'listen' | 'admin'>>
  /** Goes by it from now on. */
  readonly adopt: (config: Config) => Promise<void>
  readonly emit: Emit
  /** Where it is taken down who had it read, and what is another since; undefined where there is no such place. */
  readonly auditor: () => Promise<Auditor | undefined>
}

/** What the ports, the connections and the ledger were made from when the process began. */
const fixed = ['listen', 'admin', 'upstream_transport', 'data_dir'] as const

/** The file, read again and again while the gateway runs: taken up as a whole, or refused with all that is wrong with it. */
export class Reloading {
  readonly #parts: ReloadParts
  #status: ConfigStatus
  #last: Promise<void> = Promise.resolve()
  #config: Config

  constructor(parts: ReloadParts) {
    this.#parts = parts
    const { file, hash, first } = parts
    this.#config = first
    this.#status = { file, hash, takenAtMs: Date.now(), refused: undefined, needsRestart: [] }
  }

  get status(): ConfigStatus {
    return this.#status
  }

  /** Takes up the file as it is now. Rejects with what is wrong with it, and then nothing has changed. */
  readonly reload = (by: By): Promise<void> => {
    // One after the other, so that what is told last is what was read last.
    this.#last = this.#last.catch(() => {}).then(() => this.#taken(by))
    return this.#last
  }

  async #taken(by: By): Promise<void> {
    const { file, auditor } = this.#parts
    const before = this.#config
    const intent = { ...by, action: 'config.reload', subject: file, before: this.#status.hash }
    await audited(
      await auditor(),
      intent,
      () => this.#read(),
      () => ({ after: this.#status.hash, detail: changedNames(before, this.#config).join(', ') || undefined }),
    )
  }

  async #read(): Promise<void> {
    const { file, first, begun, adopt, emit } = this.#parts
    try {
      const { config, warnings, secrets, hash } = await readSource(file)
      // The ports stay open as they are, so it is with them that the callers have to agree.
      const { listen, admin } = await begun()
      const next = parse({ ...config, listen, admin }, { secrets, hasKeys: true })
      await checkDoor(next, () => parse(next, { secrets }))
      await adopt(next)
      this.#config = config
      const needsRestart: string[] = fixed.filter((key) => !isDeepStrictEqual(config[key], first[key]))
      if (config.ledger.url !== first.ledger.url) needsRestart.push('ledger.url')
      this.#status = { file, hash, takenAtMs: Date.now(), refused: undefined, needsRestart }
      for (const warning of warnings) emit({ type: 'notice', level: 'warn', text: sentence(warning) })
      if (needsRestart.length > 0) {
        const text = `What ${file} now says of ${needsRestart.join(', ')} is taken up only by a restart.`
        emit({ type: 'notice', level: 'warn', text })
      }
      const text = `Took up ${file}. Upstreams: ${next.upstreams.length}; callers: ${next.callers.length || 'anyone'}.`
      emit({ type: 'config-read', taken: true, text })
    } catch (error) {
      const problems =
        error instanceof ConfigFault ? error.problems.map(sentence) : [`Reloading failed: ${String(error)}`]
      this.#status = { ...this.#status, refused: { atMs: Date.now(), problems } }
      for (const text of problems) emit({ type: 'notice', level: 'error', text })
      const text = `The gateway goes on with the configuration it has. Correct ${file} and reload again.`
      emit({ type: 'config-read', taken: false, text })
      throw error
    }
  }
}
