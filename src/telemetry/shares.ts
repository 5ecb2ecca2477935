import { constants, monitorEventLoopDelay, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { filesMax, memoryMaxBytes, openFiles, residentBytes } from './capacity.ts'
import type { Shares } from './pressure.ts'

/** An event loop that is so late all the time serves nobody well. */
const lateMaxMs = 500
/** How much of a look counts: a single late moment is a large body, and no reason to turn anybody away. */
const weight = 0.2
/** To be told off is cheap, so a loop that is late never shuts the door altogether. */
const loopMax = 0.97
const resolutionMs = 10

/** Measures this process, from one look to the next. */
export class OwnShares {
  readonly #delays = monitorEventLoopDelay({ resolution: resolutionMs })
  readonly #memoryMaxBytes = memoryMaxBytes()
  readonly #heapMaxBytes = getHeapStatistics().heap_size_limit
  readonly #filesMax = filesMax()
  readonly #collections = new PerformanceObserver((list) => {
    // What is in use between two collections is mostly garbage, and no pressure.
    if (list.getEntries().some(isMajor)) this.#liveBytes = getHeapStatistics().used_heap_size
  })
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
      memory: residentBytes() / this.#memoryMaxBytes,
      heap: this.#liveBytes / this.#heapMaxBytes,
      loop: Math.min(loopMax, this.#lateMs / lateMaxMs),
      files: open === undefined ? undefined : open / this.#filesMax!,
    }
  }

  close(): void {
    this.#delays.disable()
    this.#collections.disconnect()
  }
}

const isMajor = (entry: PerformanceEntry): boolean =>
  (entry as { detail?: { kind?: number } }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR
