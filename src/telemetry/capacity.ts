import { readdirSync, readFileSync, statSync } from 'node:fs'
import { totalmem } from 'node:os'

/** What the system lets this process have. Only Linux tells all of it. */

/** The most files and sockets that may be open at once; undefined where nobody says. */
export function filesMax(limits: string | undefined = readText('/proc/self/limits')): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits ?? '')?.[1]
  return soft === undefined || soft === 'unlimited' ? undefined : Number(soft)
}

/** How many are open. */
export function openFiles(): number | undefined {
  try {
    // Newer kernels tell it as a size; to list thousands of them takes tens of milliseconds.
    const { size } = statSync('/proc/self/fd')
    // Listing the folder opens it, and that one does not count.
    return size > 0 ? size : readdirSync('/proc/self/fd').length - 1
  } catch {
    return undefined
  }
}

let resident = 0

/** The memory it has. To be told takes a file, and when there is none left it is as it was. */
export function residentBytes(): number {
  try {
    resident = process.memoryUsage.rss()
  } catch {
    // Nothing may depend on it.
  }
  return resident
}

/** The memory this process may have, of its container or of the machine. */
export function memoryMaxBytes(): number {
  const ofMachine = totalmem()
  const ofContainer = process.constrainedMemory()
  return ofContainer > 0 && ofContainer < ofMachine ? ofContainer : ofMachine
}

/** Of all files, the part that connections of callers may be: each may need one more towards a server. */
const share = 0.45
/** Files kept for the operator's port, the log and whatever else has to go on. */
const reserved = 48
const fewest = 4

/** How many connections of callers are safe. */
export function connectionsMax(max: number | undefined = filesMax(), open: number = openFiles() ?? 0): number {
  if (max === undefined) return 10_000
  return Math.max(fewest, Math.floor(Math.min(max * share, (max - open - reserved) / 2)))
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
