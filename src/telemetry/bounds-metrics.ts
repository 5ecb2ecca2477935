import type { ConnectionCut, Event } from '../core/event.ts'
import { type PressureGauge, signals } from './pressure.ts'
import type { Registry } from './registry.ts'

/** Read when Prometheus asks. */
export interface BoundsSource {
  readonly pressure: Pick<PressureGauge, 'shares' | 'step'>
  readonly crowd: {
    readonly connections: number
    readonly connectionsMax: number
    readonly slowReaders: number
    readonly unreadBytes: number
  }
  /** Lines that could not be written. */
  readonly linesDropped: () => number
}

/** How near the process is to its bounds, and who was sent away for it. Returns what listens to the events. */
export function measureBounds(
  registry: Registry,
  { pressure, crowd, linesDropped }: BoundsSource,
): (event: Event) => void {
  registry.gauge(
    { name: 'spillway_pressure', help: 'Part of what there is that is in use.', labels: ['signal'] },
    (sample) => {
      for (const signal of signals) {
        const share = pressure.shares[signal]
        if (share !== undefined) sample(share, signal)
      }
    },
  )
  registry.gauge(
    {
      name: 'spillway_pressure_step',
      help: 'What is given up for it: 0 nothing, 1 batch work and the cloud, 2 kept connections, 3 new requests, 4 new connections.',
      labels: [],
    },
    (sample) => sample(pressure.step),
  )
  registry.gauge({ name: 'spillway_connections', help: 'Connections of callers.', labels: [] }, (sample) =>
    sample(crowd.connections),
  )
  registry.gauge({ name: 'spillway_connections_max', help: 'The most there may be.', labels: [] }, (sample) =>
    sample(crowd.connectionsMax),
  )
  registry.gauge(
    { name: 'spillway_slow_readers', help: 'Callers who do not read as fast as they are answered.', labels: [] },
    (sample) => sample(crowd.slowReaders),
  )
  registry.gauge({ name: 'spillway_unread_bytes', help: 'What waits for them.', labels: [] }, (sample) =>
    sample(crowd.unreadBytes),
  )
  registry.counted(
    { name: 'spillway_log_lines_dropped_total', help: 'Lines of the log that could not be written.', labels: [] },
    (sample) => sample(linesDropped()),
  )
  const cuts = registry.counter({
    name: 'spillway_connections_cut_total',
    help: 'Connections of callers closed for want of room or because they did not read.',
    labels: ['reason'],
  })
  // Present from the start: the rate of a series that appears with its first event never shows that event.
  for (const why of reasons) cuts.with(labelOf(why))
  return (event) => {
    if (event.type === 'connection-cut') cuts.with(labelOf(event.why)).add(1)
  }
}

const reasons: readonly ConnectionCut[] = ['stalled', 'unread', 'too-many', 'too-many-of-one', 'pressure']

const labelOf = (why: ConnectionCut): string => why.replaceAll('-', '_')
