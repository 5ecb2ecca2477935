import { randomUUID } from 'node:crypto'
import { uptime } from 'node:os'
import type { Auditor, Change } from '../core/change.ts'
import type { Emit } from '../core/event.ts'
import type { World } from '../core/world.ts'
import type { Books } from './books.ts'
import type { AuditQuery, AuditRecord, ListedAudit } from './jobs/audit.ts'

interface AuditParts {
  readonly books: Pick<Books, 'run'>
  readonly world: Pick<World, 'epochMs' | 'sleep'>
  readonly emit: Emit
}

/** What waits for the books is kept in memory: so much of it, and the latest. */
const waitingMax = 10_000
const againMs = 1_000
const dayMs = 86_400_000

/** Takes down who changed what, in lines of which each holds all before it: none can be changed or left out unseen. */
export class Audit implements Auditor {
  readonly #parts: AuditParts
  readonly #closing = new AbortController()
  readonly #waiting: AuditRecord[] = []
  #writing: Promise<void> | undefined
  #isBehind = false

  constructor(parts: AuditParts) {
    this.#parts = parts
  }

  /** Lines that are not in the books so far: these cannot be written to. */
  get waiting(): number {
    return this.#waiting.length
  }

  async add(change: Change): Promise<void> {
    this.#waiting.push(auditOf(change, this.#parts.world.epochMs()))
    if (this.#waiting.length > waitingMax) this.#waiting.shift()
    await (this.#writing ??= this.#write())
  }

  /** The newest first. */
  list(query: AuditQuery): Promise<readonly ListedAudit[]> {
    return this.#parts.books.run('listAudit', query)
  }

  /** Lets go of what is older than that, once a day. */
  async keep(keepMs: () => number): Promise<void> {
    const { books, world } = this.#parts
    while (!this.#closing.signal.aborted) {
      await books.run('forgetAudit', world.epochMs() - keepMs()).catch(() => {})
      await world.sleep(dayMs, this.#closing.signal)
    }
  }

  /** What could not be written by now is lost. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#writing
  }

  /** Line by line, in the order in which they came. Where that fails, nobody waits for the rest of it. */
  async #write(): Promise<void> {
    try {
      for (let record = this.#waiting[0]; record !== undefined; record = this.#waiting[0]) {
        await this.#parts.books.run('addAudit', record)
        if (this.#waiting[0] === record) this.#waiting.shift()
      }
      this.#writing = undefined
      this.#isBehind = false
    } catch {
      const text = 'The audit cannot be written now. What is to be taken down is kept in memory, and tried again.'
      if (!this.#isBehind) this.#parts.emit({ type: 'notice', level: 'error', text })
      this.#isBehind = true
      this.#writing = Promise.resolve()
      void this.#writeLater()
    }
  }

  async #writeLater(): Promise<void> {
    await this.#parts.world.sleep(againMs, this.#closing.signal)
    this.#writing = undefined
    if (!this.#closing.signal.aborted) await (this.#writing ??= this.#write())
  }
}

export function auditOf(change: Change, at: number): AuditRecord {
  return { ...change, id: randomUUID(), at, uptimeMs: Math.round(uptime() * 1_000) }
}
