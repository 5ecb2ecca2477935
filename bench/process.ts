import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** One process of the rig on one core, with the JSON lines it prints. */
export class Proc {
  readonly child: ChildProcess
  readonly lines: Record<string, unknown>[] = []
  readonly #waiting = new Set<() => void>()
  #over = false

  constructor(core: number, command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn('taskset', ['-c', String(core), command, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    })
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      let said: unknown
      try {
        said = JSON.parse(line)
      } catch {
        said = line
      }
      this.lines.push(typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : { said })
      for (const wake of this.#waiting) wake()
    })
    this.child.on('exit', () => {
      this.#over = true
      for (const wake of this.#waiting) wake()
    })
  }

  get pid(): number {
    return this.child.pid!
  }

  /** The first line, already said or still to come, that is meant. */
  async line(isMeant: (line: Record<string, unknown>) => boolean, withinMs = 60_000): Promise<Record<string, unknown>> {
    const until = performance.now() + withinMs
    for (;;) {
      const found = this.lines.find(isMeant)
      if (found !== undefined) return found
      if (this.#over) throw new Error(`${this.child.spawnargs.join(' ')} ended early`)
      if (performance.now() > until)
        throw new Error(`${this.child.spawnargs.join(' ')} did not say what was waited for`)
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
    if (this.#over) return
    const over = new Promise((resolve) => this.child.once('exit', resolve))
    this.child.kill('SIGTERM')
    const late = setTimeout(() => this.child.kill('SIGKILL'), 3_000)
    await over
    clearTimeout(late)
  }
}

/** CPU that a process has used so far, all of its threads, in microseconds. */
export function cpuUs(pid: number): number {
  let ns = 0
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
    } catch {
      // A thread that has just ended.
    }
  }
  return ns / 1_000
}

export function rssKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

/** Of all cores: time in use and time in all, in ticks. */
export function machineTicks(): { readonly busy: number; readonly steal: number } {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]!
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return { busy: user + nice + system + irq + softirq, steal }
}
