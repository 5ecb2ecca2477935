import type { ChildProcess, SendHandle } from 'node:child_process'
import { keyOf, KeptSockets } from './kept-sockets.ts'
import { aliveEveryMs, type Order, type Word } from './supervision.ts'

export interface SupervisorParts {
  /** Starts one more process, with a channel to it. */
  readonly start: () => ChildProcess
  readonly say: (level: 'info' | 'warn' | 'error', text: string) => void
  /** All is over. */
  readonly end: (code: number) => void
  readonly limits?: Partial<Limits> | undefined
}

interface Limits {
  /** How often a process has to say that it is alive. */
  readonly lookEveryMs: number
  /** Looks without a word until it is said, and until it is given up. */
  readonly reportedAfter: number
  readonly killedAfter: number
  /** Looks until a process that does not get ready is given up. */
  readonly readyWithin: number
  /** Wait before a process is started again that ended soon after its start: doubled each time, up to the most. */
  readonly againAfterMs: number
  readonly againAfterMostMs: number
  /** Looks after which a process counts as one that runs well. */
  readonly wellAfter: number
}

const usualLimits: Limits = {
  lookEveryMs: aliveEveryMs,
  reportedAfter: 4,
  killedAfter: 20,
  readyWithin: 120,
  againAfterMs: 250,
  againAfterMostMs: 30_000,
  wellAfter: 120,
}

/** One process that serves, or is to. */
interface Child {
  readonly process: ChildProcess
  readonly sockets: Set<string>
  /** Looks since its start: a machine that slept, or stood still, has not looked. */
  looks: number
  /** Looks since its last word; before its first one they do not count. */
  silent: number
}

/**
 * Keeps the sockets, and a process that serves on them. A new one takes over before the old one lets go, one that crashed
 * or stands still is replaced, and callers notice at most that their answer came a little later.
 */
export class Supervisor {
  readonly #parts: SupervisorParts
  readonly #limits: Limits
  readonly #sockets = new KeptSockets()
  readonly #ticker: NodeJS.Timeout
  /** The one that serves. */
  #current: Child | undefined
  /** The one that is to. */
  #next: Child | undefined
  /** Those that serve what they had begun. */
  readonly #leaving = new Set<Child>()
  /** One more is wanted as soon as the next one serves. */
  #again = false
  #hasServed = false
  /** Processes that ended soon, one after the other. */
  #fell = 0
  #timer: NodeJS.Timeout | undefined
  #ending = false
  #code = 0

  constructor(parts: SupervisorParts) {
    this.#parts = parts
    this.#limits = { ...usualLimits, ...parts.limits }
    this.#ticker = setInterval(() => this.#look(), this.#limits.lookEveryMs)
  }

  /** Starts a process, beside the one that serves if there is one. */
  restart(): void {
    if (this.#ending) return
    this.#again = this.#next !== undefined
    if (!this.#again) this.#start()
  }

  pass(signal: NodeJS.Signals): void {
    this.#current?.process.kill(signal)
  }

  /** Ends all processes, and this one after them. */
  stop(signal: NodeJS.Signals): void {
    this.#ending = true
    clearTimeout(this.#timer)
    for (const child of this.#children()) child.process.kill(signal)
    this.#endIfAlone()
  }

  #start(): void {
    clearTimeout(this.#timer)
    const child: Child = { process: this.#parts.start(), sockets: new Set(), looks: 0, silent: -Infinity }
    this.#next = child
    child.process.on('message', (word: Word) => this.#hear(child, word))
    // A word to one that has just ended goes nowhere, and its end is told below.
    child.process.on('error', () => {})
    child.process.on('exit', (code, signal) => this.#ended(child, code ?? signal ?? 1))
  }

  #hear(child: Child, word: Word): void {
    child.silent = 0
    if (word.type === 'ready') this.#isReady(child)
    else if (word.type === 'socket-wanted') void this.#give(child, word)
  }

  async #give(child: Child, { name, host, port }: Extract<Word, { type: 'socket-wanted' }>): Promise<void> {
    const address = { host, port }
    child.sockets.add(keyOf(name, address))
    const tell = (order: Order, socket?: unknown): void => {
      if (child.process.connected) child.process.send(order, socket as SendHandle | undefined)
    }
    try {
      tell({ type: 'socket', name }, await this.#sockets.at(name, address))
    } catch (error) {
      tell({ type: 'no-socket', name, code: (error as NodeJS.ErrnoException).code ?? 'EINVAL' })
    }
  }

  #isReady(child: Child): void {
    if (child !== this.#next || this.#ending) return
    const old = this.#current
    this.#current = child
    this.#next = undefined
    this.#hasServed = true
    this.#sockets.keepOnly(child.sockets)
    if (old !== undefined) {
      this.#parts.say('info', `Process ${child.process.pid} serves now; ${old.process.pid} ends what it has begun.`)
      this.#leaving.add(old)
      old.process.send({ type: 'hand-over' } satisfies Order)
    }
    if (this.#again) this.restart()
  }

  #ended(child: Child, how: number | NodeJS.Signals): void {
    const wasLeaving = this.#leaving.delete(child)
    if (this.#current === child) this.#current = undefined
    if (this.#next === child) this.#next = undefined
    if (this.#ending) {
      if (how !== 0) this.#code = 1
      return this.#endIfAlone()
    }
    if (wasLeaving) return
    const { pid } = child.process
    // What is wrong with the first one is wrong with its configuration, or with its ports; it has said so.
    if (!this.#hasServed) return this.#end(typeof how === 'number' ? how : 1)
    if (this.#current !== undefined) {
      this.#again = false
      this.#parts.say(
        'error',
        `Process ${pid} ended before it could serve (${how}); ${this.#current.process.pid} goes on.`,
      )
      return
    }
    // Another one is on its way already.
    if (this.#next !== undefined) return
    this.#fell = child.looks >= this.#limits.wellAfter ? 0 : this.#fell
    const { againAfterMs, againAfterMostMs } = this.#limits
    const afterMs = this.#fell === 0 ? 0 : Math.min(againAfterMostMs, againAfterMs * 2 ** (this.#fell - 1))
    this.#fell += 1
    this.#parts.say(
      'error',
      `Process ${pid} ended (${how}). Another one starts${afterMs === 0 ? '' : ` in ${afterMs} ms`}.`,
    )
    this.#timer = setTimeout(() => this.#start(), afterMs)
  }

  #look(): void {
    const { reportedAfter, killedAfter, readyWithin, lookEveryMs } = this.#limits
    for (const child of this.#children()) {
      child.looks += 1
      child.silent += 1
      const { pid } = child.process
      if (child.silent === reportedAfter) {
        this.#parts.say('warn', `Process ${pid} has stood still for ${(child.silent * lookEveryMs) / 1_000} s.`)
      }
      const isLate = child === this.#next && child.looks >= readyWithin
      if (child.silent < killedAfter && !isLate) continue
      this.#parts.say('error', `Process ${pid} ${isLate ? 'does not get ready' : 'stands still'}: it is killed.`)
      child.process.kill('SIGKILL')
    }
  }

  #children(): Child[] {
    return [this.#current, this.#next, ...this.#leaving].filter((child) => child !== undefined)
  }

  #endIfAlone(): void {
    if (this.#children().length === 0) this.#end(this.#code)
  }

  #end(code: number): void {
    clearInterval(this.#ticker)
    clearTimeout(this.#timer)
    this.#sockets.keepOnly([])
    this.#parts.end(code)
  }
}
