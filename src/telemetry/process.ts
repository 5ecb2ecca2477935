import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { openFiles, residentBytes } from './capacity.ts'
import type { Registry } from './registry.ts'

/** How often the loop is asked whether it is late. */
const resolutionMs = 10

/** What the process itself costs, under the names that every dashboard for Node and Prometheus knows. */
export function watchProcess(registry: Registry): void {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  const startedAt = Date.now() / 1_000 - process.uptime()

  registry.counted({ name: 'process_cpu_seconds_total', help: 'User and system time used.', labels: [] }, (sample) => {
    const { user, system } = process.cpuUsage()
    sample((user + system) / 1e6)
  })
  registry.gauge(
    { name: 'process_start_time_seconds', help: 'When the process began, in seconds since 1970.', labels: [] },
    (sample) => sample(startedAt),
  )
  registry.gauge({ name: 'process_resident_memory_bytes', help: 'Memory held by the process.', labels: [] }, (sample) =>
    sample(residentBytes()),
  )
  registry.gauge({ name: 'process_open_fds', help: 'Open files and sockets.', labels: [] }, (sample) => {
    const count = openFiles()
    if (count !== undefined) sample(count)
  })
  registry.gauge(
    { name: 'nodejs_heap_size_used_bytes', help: 'Memory in use by JavaScript objects.', labels: [] },
    (sample) => sample(getHeapStatistics().used_heap_size),
  )
  registry.gauge(
    {
      name: 'nodejs_eventloop_lag_p99_seconds',
      help: 'How late the event loop was, but for the worst 1 %, since the last scrape.',
      labels: [],
    },
    (sample) => sample(lateSeconds(delays.percentile(99))),
  )
  registry.gauge(
    {
      name: 'nodejs_eventloop_lag_max_seconds',
      help: 'How late the event loop was at most since the last scrape.',
      labels: [],
    },
    (sample) => {
      sample(lateSeconds(delays.max))
      delays.reset()
    },
  )
}

/** The monitor tells the whole time between two looks, in nanoseconds; what is beyond the agreed one is the lag. */
const lateSeconds = (betweenNanoseconds: number): number => Math.max(0, betweenNanoseconds / 1e9 - resolutionMs / 1_000)
