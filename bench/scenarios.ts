import type { Arm, ArmName, ArmOptions, MockOptions } from './arms.ts'
import {
  firstFrame,
  hangUp,
  hangUpQueued,
  type Measured,
  oneAtATime,
  perFrame,
  perRequest,
  perStream,
  perTranslatedFrame,
} from './measures.ts'
import type { Proc } from './process.ts'

/** One thing that is measured of every arm: smaller is better. */
export interface Scenario {
  readonly name: string
  readonly about: string
  readonly unit: string
  /** With `direct` among them, a figure is what is added to it. */
  readonly arms: readonly ArmName[]
  /** At most so many times nginx's figure, or so much. */
  readonly bar: { readonly timesNginx: number } | { readonly most: number }
  readonly mock?: MockOptions
  readonly arm?: ArmOptions
  measure(arm: Arm, mock: Proc, seconds: number): Promise<Measured>
}

const proxies: readonly ArmName[] = ['nginx', 'undici', 'spillway']

export const scenarios: readonly Scenario[] = [
  {
    name: 'small',
    about: 'CPU of a small request, not streamed, 32 at once',
    unit: 'µs',
    arms: proxies,
    bar: { timesNginx: 5 },
    measure: (arm, _, seconds) => perRequest(arm, { connections: 32, seconds }),
  },
  {
    name: 'frames',
    about: 'CPU of a streamed frame, 10,000 a second in 200 streams',
    unit: 'µs',
    arms: proxies,
    bar: { timesNginx: 2.8 },
    measure: (arm, _, seconds) => perFrame(arm, seconds),
  },
  {
    name: 'translated',
    about: 'CPU that translation adds to a streamed frame, 10,000 a second in 200 streams',
    unit: 'µs',
    arms: ['spillway'],
    bar: { most: 20 },
    measure: (arm, _, seconds) => perTranslatedFrame(arm, seconds),
  },
  {
    name: 'large',
    about: 'CPU of a request with a prompt of 512 KB',
    unit: 'µs',
    arms: proxies,
    bar: { timesNginx: 8 },
    measure: (arm, _, seconds) => perRequest(arm, { connections: 4, promptBytes: 512 * 1_024, seconds }),
  },
  {
    name: 'latency',
    about: 'added to the median of one small request at a time',
    unit: 'µs',
    arms: ['direct', ...proxies],
    bar: { timesNginx: 4.5 },
    measure: (arm, _, seconds) => oneAtATime(arm, seconds),
  },
  {
    name: 'memory',
    about: 'memory for each of 2,000 open streams, 10,000 frames a second',
    unit: 'KB',
    arms: proxies,
    bar: { most: 60 },
    mock: { everyMs: 200 },
    measure: (arm) => perStream(arm, 2_000, 500),
  },
  {
    name: 'crowd',
    about: 'memory for each of 9,000 open streams in one process, none broken',
    unit: 'KB',
    arms: ['spillway'],
    bar: { most: 60 },
    mock: { everyMs: 5_000 },
    measure: (arm) => perStream(arm, 9_000, 1_500),
  },
  {
    name: 'first-frame',
    about: 'added to the 99th percentile of the first frame, one frame in 50 ms',
    unit: 'ms',
    arms: ['direct', ...proxies],
    bar: { most: 5 },
    mock: { everyMs: 50 },
    measure: (arm) => firstFrame(arm),
  },
  {
    name: 'hang-up-streaming',
    about: 'from a hang-up in mid-stream until the server knows, p99',
    unit: 'ms',
    arms: proxies,
    bar: { most: 50 },
    measure: (arm, mock) => hangUp(arm, mock, 'streaming'),
  },
  {
    name: 'hang-up-waiting',
    about: 'from a hang-up before an answer in one piece until the server knows, p99',
    unit: 'ms',
    arms: proxies,
    bar: { most: 50 },
    measure: (arm, mock) => hangUp(arm, mock, 'waiting'),
  },
  {
    name: 'hang-up-queued',
    about: 'from a hang-up in the queue until its place there is free, p99',
    unit: 'ms',
    arms: ['spillway'],
    bar: { most: 50 },
    arm: { concurrency: 1 },
    measure: (arm) => hangUpQueued(arm),
  },
]
