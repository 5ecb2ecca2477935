import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, constants, setPriority } from 'node:os'
import { join } from 'node:path'
import type { Told } from '../play-part.ts'
import { commandOf, type Findings, type How, nothing, type Part, type PartPlan } from './part.ts'

const usualScript = join(import.meta.dirname, '../play-part.ts')
const killAfterMs = 3_000

/** What is going on, for whoever looks on. */
export interface Onlooker {
  began(plan: PartPlan): void
  doing(plan: PartPlan, what: string): void
  ended(part: Part): void
}

/**
 * Plays parts, each in a process of its own with a group of its own: whatever it started ends with it. Those in virtual time share
 * the cores, then those that only go by a clock; those that measure come after them, one by one.
 */
export class Troupe {
  readonly #how: Omit<How, 'say'>
  readonly #onlooker: Onlooker
  readonly #alive = new Set<ChildProcess>()

  readonly #script: string

  constructor(how: Omit<How, 'say'>, onlooker: Onlooker, script: string = usualScript) {
    this.#how = how
    this.#onlooker = onlooker
    this.#script = script
    process.on('exit', () => this.#endNow())
  }

  /** In the order in which they were given. */
  async play(plans: readonly PartPlan[]): Promise<readonly Part[]> {
    const played = new Map<string, Part>()
    const take = async (left: PartPlan[]): Promise<void> => {
      for (let plan = left.shift(); plan !== undefined; plan = left.shift())
        played.set(plan.name, await this.#one(plan))
    }
    for (const kind of ['virtual', 'paced', 'measured'] as const) {
      const some = plans.filter((plan) => plan.kind === kind)
      const atOnce = kind === 'measured' ? 1 : availableParallelism()
      await Promise.all(Array.from({ length: atOnce }, () => take(some)))
    }
    return plans.map(({ name }) => played.get(name)!)
  }

  async #one(plan: PartPlan): Promise<Part> {
    this.#onlooker.began(plan)
    const beganAt = performance.now()
    const findings = await this.#findings(plan)
    const { name, title, about, workload, fair, kind } = plan
    const tookMs = Math.round(performance.now() - beganAt)
    const part = { name, title, about, workload, fair, kind, command: commandOf(name), tookMs, ...findings }
    this.#onlooker.ended(part)
    return part
  }

  #findings(plan: PartPlan): Promise<Findings> {
    const { name, atMostMs } = plan
    const child = fork(this.#script, [name, JSON.stringify(this.#how)], {
      detached: true,
      // A simulation makes much that is soon forgotten.
      execArgv: plan.kind === 'virtual' ? [...process.execArgv, '--max-semi-space-size=64'] : process.execArgv,
      // As JSON, what never came and what nobody saw would be the same.
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    this.#alive.add(child)
    if (plan.kind !== 'virtual') goFirst(child)
    let complaint = ''
    child.stderr!.on('data', (text: Buffer) => (complaint = (complaint + text.toString()).slice(-2_000)))
    let why: string | undefined
    let findings: Findings | undefined
    const late = setTimeout(() => {
      why = `it was ended after ${Math.round(atMostMs / 60_000)} minutes`
      end(child, 'SIGTERM')
      setTimeout(() => end(child, 'SIGKILL'), killAfterMs).unref()
    }, atMostMs)
    child.on('message', (told: Told) => {
      if ('findings' in told) findings = told.findings
      else this.#onlooker.doing(plan, told.doing)
    })
    return new Promise((resolve) => {
      child.on('close', (code, signal) => {
        clearTimeout(late)
        end(child, 'SIGKILL')
        this.#alive.delete(child)
        why ??= `it ended with ${signal ?? code}${complaint === '' ? '' : `: ${lastWords(complaint)}`}`
        resolve(findings ?? { ...nothing, notMeasured: [why] })
      })
    })
  }

  /** The process is going: everybody has a moment to put away what lies about, and then is ended. */
  #endNow(): void {
    for (const child of this.#alive) end(child, 'SIGTERM')
    const clock = new Int32Array(new SharedArrayBuffer(4))
    const until = performance.now() + killAfterMs
    while (performance.now() < until && [...this.#alive].some(isThere)) Atomics.wait(clock, 0, 0, 20)
    for (const child of this.#alive) end(child, 'SIGKILL')
  }
}

/** The whole group, whether or not its first is still there. */
function end({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // Nobody is left.
  }
}

/** Whether its first still runs; nobody asks after one that has ended while this process is ending itself. */
function isThere({ pid }: ChildProcess): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** The line that says what was wrong, among those that say where. */
const lastWords = (complaint: string): string =>
  complaint.split('\n').findLast((line) => /^\w*(Error|Fault)\b/.test(line)) ?? complaint.trim().split('\n').at(-1)!

/** What goes by a clock goes before whatever else this machine does, with all that it starts; where that is not allowed, as it can. */
function goFirst({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_HIGH)
  } catch {
    // Only root may.
  }
}
