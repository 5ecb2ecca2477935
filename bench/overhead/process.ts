import { type ChildProcess, spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** A line that a process of the rig printed: JSON, or `{ said }` where it was none. */
export type Line = Readonly<Record<string, unknown>>

interface ProcOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Where all goes that it says instead of to us, who would have to read it while we measure. */
  readonly outputFile?: string
}

/** One process of the rig on its core, with the lines it prints. None outlives us. */
export class Proc {
  static readonly alive: Set<Proc> = new Set()
  readonly core: number
  readonly lines: Line[] = []
  readonly #child: ChildProcess
  readonly #waiting = new Set<() => void>()
  /** It will print nothing more. */
  #isHeard = false

  constructor(core: number, command: string, args: readonly string[], { env = {}, outputFile }: ProcOptions = {}) {
    this.core = core
    const file = outputFile === undefined ? undefined : openSync(outputFile, 'w')
    this.#child = spawn('taskset', ['-c', String(core), command, ...args], {
      stdio: ['ignore', file ?? 'pipe', file ?? 'inherit'],
      env: { ...process.env, ...env },
    })
    Proc.alive.add(this)
    if (this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on('line', (text) => {
        this.lines.push(parsed(text))
        this.#wake()
      })
    }
    this.#child.on('exit', () => Proc.alive.delete(this))
    // What it printed last may still be on its way when it is over.
    this.#child.on('close', () => {
      this.#isHeard = true
      this.#wake()
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  get isOver(): boolean {
    return !Proc.alive.has(this)
  }

  /** The first line, already printed or still to come, that tells of `event`. */
  async told(event: string, withinMs = 120_000): Promise<Line> {
    const until = performance.now() + withinMs
    for (;;) {
      const found = this.lines.find((line) => line['event'] === event)
      if (found !== undefined) return found
      if (this.#isHeard) throw new Error(`${this.command} ended before it told "${event}"`)
      if (performance.now() > until) throw new Error(`${this.command} did not tell "${event}" in time`)
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer)
          this.#waiting.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, 1_000)
        this.#waiting.add(wake)
      })
    }
  }

  async end(): Promise<void> {
    if (this.isOver) return
    const over = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGTERM')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 5_000)
    await over
    clearTimeout(late)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  get command(): string {
    return this.#child.spawnargs.slice(3).join(' ')
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }
}

function parsed(text: string): Line {
  try {
    return JSON.parse(text) as Line
  } catch {
    return { said: text }
  }
}

process.on('exit', () => {
  for (const proc of Proc.alive) proc.kill()
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
