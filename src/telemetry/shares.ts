import { constants, monitorEventLoopDelay, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { filesMax, memoryMaxBytes, openFiles, residentBytes } from './capacity.ts'
import { Collector } from './collect.ts'
import type { Shares } from './pressure.ts'

/** An event loop that is so late all the time serves nobody well. */
const lateMaxMs = 500
/** How much of a look counts: a single late moment is a large body, and no reason to turn anybody away. */
const weight = 0.2
/** To be told off is cheap, so a loop that is late never shuts the door altogether. */
const loopMax = 0.97
const resolutionMs = 10
/** From there on it is worth some time to know how much of the memory is garbage. */
const collectedFrom = 0.8

/** Measures this process, from one look to the next. */
export class OwnShares {
  readonly #delays = monitorEventLoopDelay({ resolution: resolutionMs })
  readonly memoryMaxBytes: number = memoryMaxBytes()
  readonly #heapMaxBytes = getHeapStatistics().heap_size_limit
  readonly #filesMax = filesMax()
  readonly #collections = new PerformanceObserver((list) => {
    // What is in use between two collections is mostly garbage, and no pressure.
    if (list.getEntries().some(isMajor)) this.#liveBytes = getHeapStatistics().used_heap_size
  })
  readonly #restingBytes = residentBytes() - ownedBytes()
  #collector: Collector | undefined
  #liveBytes = 0
  #lateMs = 0

  constructor() {
    this.#delays.enable()
    this.#collections.observe({ entryTypes: ['gc'] })
  }

  readonly measure = (): Shares => {
    const betweenMs = this.#delays.count === 0 ? resolutionMs : this.#delays.mean / 1e6
    this.#delays.reset()
    this.#lateMs += weight * (Math.max(0, betweenMs - resolutionMs) - this.#lateMs)
    const open = this.#filesMax === undefined ? undefined : openFiles()
    return {
      memory: this.#memory(),
      heap: this.#liveBytes / this.#heapMaxBytes,
      loop: Math.min(loopMax, this.#lateMs / lateMaxMs),
      files: open === undefined ? undefined : open / this.#filesMax!,
    }
  }

  #memory(): number {
    const share = residentBytes() / this.memoryMaxBytes
    if (share < collectedFrom) return share
    this.#collector ??= new Collector()
    return withoutFree(
      this.#collector.collect() ? residentBytes() / this.memoryMaxBytes : share,
      this.#freeBytes() / this.memoryMaxBytes,
    )
  }

  /** Had of the system, and in nobody's use: allocators give back late, or never, what they have once got. */
  #freeBytes(): number {
    return residentBytes() - this.#restingBytes - ownedBytes()
  }

  close(): void {
    this.#delays.disable()
    this.#collections.disconnect()
  }
}

const ownedBytes = (): number => {
  const { total_heap_size: heap, external_memory: outside } = getHeapStatistics()
  return heap + outside
}

/**
 * The share of the memory that counts. What is free within the process is used before more is asked for, so that as long as there
 * is much of it nobody has to be turned away; but none can be sure that all of it is of use, so it saves nobody near the end.
 */
export function withoutFree(share: number, free: number): number {
  return free >= 0.2 && share < 0.98 ? Math.min(share, 0.91) : share
}

const isMajor = (entry: PerformanceEntry): boolean =>
  (entry as { detail?: { kind?: number } }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR
