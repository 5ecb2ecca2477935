import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { nowUs } from './load/request.ts'
import { Proc } from './process.ts'

/** The core of what is measured, and the core of everything else, this process included. */
export const measuredCore = 0
export const otherCore = 1

/** This process shares its core with callers and model server, and not with what is measured; what it returns sets it free. */
export function stayAside(): () => void {
  const pin = (cores: string): void =>
    void execFileSync('taskset', ['-a', '-cp', cores, String(process.pid)], { stdio: 'ignore' })
  const before = execFileSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' })
    .split(': ')[1]!
    .trim()
  pin(String(otherCore))
  return () => pin(before)
}

/** /proc/stat counts in hundredths of a second. */
const tickUs = 10_000

/**
 * CPU that a process has used so far, in microseconds: what utime + stime say in /proc/PID/stat, but in nanoseconds
 * instead of ticks, which in a window of seconds are too coarse for a process that is mostly idle.
 */
function cpuUs(pid: number): number {
  let ns = 0
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ', 1)[0])
    } catch {
      // A thread that has just ended.
    }
  }
  return ns / 1_000
}

export function rssKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

/** What a core did for anybody, and what was taken from it by other machines on the same iron. */
function busyUs(core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? ''
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = line.split(' ').map(Number)
  return (user + nice + system + steal) * tickUs
}

export interface Window {
  /** Its beginning and end by the monotonic clock. */
  readonly fromUs: number
  readonly toUs: number
  readonly seconds: number
  /** CPU of the process that is measured. */
  readonly usedUs: number
  /** Share of a core, the worse of the two, that went to something which is none of ours. */
  readonly foreignShare: number
}

/** Opens a window of measurement; what it returns closes it. No process of the rig may begin or end within. */
export function openWindow(measured: Proc | undefined): () => Window {
  const cores = [measuredCore, otherCore]
  const look = (): { used: number; own: number[]; busy: number[]; atUs: number } => {
    const own = cores.map(() => 0)
    for (const { core, pid } of Proc.alive) own[cores.indexOf(core)]! += cpuUs(pid)
    own[cores.indexOf(otherCore)]! += cpuUs(process.pid)
    return {
      used: measured === undefined ? 0 : cpuUs(measured.pid),
      own,
      busy: cores.map(busyUs),
      atUs: nowUs(),
    }
  }
  const before = look()
  return () => {
    const after = look()
    const tookUs = after.atUs - before.atUs
    const foreign = cores.map((_, i) => after.busy[i]! - before.busy[i]! - (after.own[i]! - before.own[i]!))
    return {
      fromUs: before.atUs,
      toUs: after.atUs,
      seconds: tookUs / 1e6,
      usedUs: after.used - before.used,
      foreignShare: Math.max(0, ...foreign) / tookUs,
    }
  }
}
