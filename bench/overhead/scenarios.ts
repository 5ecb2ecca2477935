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

/** One thing that is measured of every arm. */
export interface Scenario {
  readonly name: string
  readonly about: string
  readonly arms: readonly ArmName[]
  /** How often those take their turn of which a bar speaks; the others are there once, to be seen beside them. */
  readonly rounds: number
  /** How long each turn is counted, where it is counted by time. */
  readonly seconds?: number
  readonly bars: readonly ScenarioBar[]
  readonly mock?: MockOptions
  readonly arm?: ArmOptions
  measure(arm: Arm, mock: Proc, seconds: number): Promise<Measured>
}

/** What a figure of Spillway's has to be. */
export type ScenarioBar = {
  readonly id: string
  /** Which of the figures that were measured. */
  readonly figure: string
  readonly what: string
  /** A goal of the project, or a bar that we have set ourselves since we had cleared that. */
  readonly by: 'goal' | 'ourselves'
  /** What lies over `direct`. */
  readonly added?: true
  /** What bounds it, where it is known to be missed. */
  readonly missedSince?: string
} & ({ readonly timesNginx: number } | { readonly most: number } | { readonly least: number })

const kernel =
  "each request is taken down before its caller hears the end, and recorded, by threads that share the core that is measured: without both, a quarter to two fifths of it would not be; of the rest 14 µs are the kernel's and 26 those of Node's own HTTP server and of parsing JSON"

export const scenarios: readonly Scenario[] = [
  {
    name: 'small',
    about: 'a small request, not streamed, 32 at once',
    arms: ['nginx', 'haproxy', 'undici', 'fetch', 'portkey', 'spillway'],
    rounds: 2,
    bars: [
      { id: 'cpu', figure: 'CPU µs', what: 'CPU of a small request', by: 'goal', most: 66, missedSince: kernel },
      {
        id: 'ratio',
        figure: 'CPU µs',
        what: 'CPU of a small request',
        by: 'goal',
        timesNginx: 5.5,
        missedSince: kernel,
      },
      {
        id: 'own-ratio',
        figure: 'CPU µs',
        what: 'CPU of a small request',
        by: 'ourselves',
        timesNginx: 5,
        missedSince: kernel,
      },
    ],
    measure: (arm, _, seconds) => perRequest(arm, { connections: 32, seconds }),
  },
  {
    name: 'latency',
    about: 'one small request at a time',
    arms: ['direct', 'nginx', 'haproxy', 'spillway'],
    rounds: 2,
    seconds: 2.5,
    bars: [
      { id: 'p50', figure: 'p50 µs', what: 'added to its median', by: 'goal', added: true, most: 120 },
      { id: 'p99', figure: 'p99 µs', what: 'added to its p99', by: 'goal', added: true, most: 700 },
      { id: 'ratio', figure: 'p50 µs', what: 'added to its median', by: 'ourselves', added: true, timesNginx: 4.5 },
    ],
    measure: (arm, _, seconds) => oneAtATime(arm, seconds),
  },
  {
    name: 'frames',
    about: 'streamed frames, 10,000 a second in 200 streams',
    arms: ['direct', 'nginx', 'haproxy', 'haproxy-no-delay', 'fetch', 'spillway'],
    rounds: 2,
    bars: [
      { id: 'cpu', figure: 'CPU µs', what: 'CPU of a streamed frame', by: 'goal', most: 35 },
      { id: 'per-core', figure: 'frames/s of a core', what: 'frames that a core passes on', by: 'goal', least: 30_000 },
      { id: 'ratio', figure: 'CPU µs', what: 'CPU of a streamed frame', by: 'goal', timesNginx: 3.5 },
      { id: 'own-ratio', figure: 'CPU µs', what: 'CPU of a streamed frame', by: 'ourselves', timesNginx: 2.8 },
      { id: 'delay-p50', figure: 'delay p50 µs', what: 'added to a frame, median', by: 'goal', added: true, most: 200 },
      { id: 'delay-p99', figure: 'delay p99 µs', what: 'added to a frame, p99', by: 'goal', added: true, most: 2_000 },
    ],
    measure: (arm, _, seconds) => perFrame(arm, seconds),
  },
  {
    name: 'translated',
    about: "streamed frames that are written anew, OpenAI's as Ollama's, 10,000 a second in 200 streams",
    arms: ['spillway'],
    rounds: 2,
    bars: [
      { id: 'cpu', figure: 'CPU µs added', what: 'CPU that translation adds to a frame', by: 'ourselves', most: 20 },
    ],
    measure: (arm, _, seconds) => perTranslatedFrame(arm, seconds),
  },
  {
    name: 'large',
    about: 'a request with a prompt of 512 KB, 4 at once',
    arms: ['nginx', 'spillway'],
    rounds: 2,
    seconds: 2.5,
    bars: [
      { id: 'cpu', figure: 'CPU µs', what: 'CPU of a prompt of 512 KB', by: 'goal', most: 1_000 },
      { id: 'ratio', figure: 'CPU µs', what: 'CPU of a prompt of 512 KB', by: 'ourselves', timesNginx: 8 },
    ],
    measure: (arm, _, seconds) =>
      perRequest(arm, { connections: 4, promptBytes: 512 * 1_024, seconds, warmUpRequests: 1_000 }),
  },
  {
    name: 'first-frame',
    about: 'the first frame of a stream that opens its own connection, one frame in 50 ms',
    arms: ['direct', 'nginx', 'spillway'],
    rounds: 2,
    bars: [
      { id: 'p99', figure: 'p99 ms', what: 'added to the p99 of the first frame', by: 'goal', added: true, most: 5 },
    ],
    mock: { everyMs: 50 },
    measure: (arm) => firstFrame(arm),
  },
  {
    name: 'memory',
    about: '2,000 open streams, 10,000 frames a second',
    arms: ['nginx', 'spillway'],
    rounds: 1,
    bars: [{ id: 'rss', figure: 'KB a stream', what: 'memory of an open stream, of 2,000', by: 'goal', most: 60 }],
    mock: { everyMs: 200 },
    measure: (arm) => perStream(arm, 2_000, 500),
  },
  {
    name: 'crowd',
    about: '9,000 open streams in one process, none broken',
    arms: ['spillway'],
    rounds: 1,
    bars: [{ id: 'rss', figure: 'KB a stream', what: 'memory of an open stream, of 9,000', by: 'ourselves', most: 60 }],
    mock: { everyMs: 5_000 },
    measure: (arm) => perStream(arm, 9_000, 1_500),
  },
  {
    name: 'hang-up-streaming',
    about: 'from a hang-up in mid-stream until the server knows',
    arms: ['nginx', 'spillway'],
    rounds: 1,
    bars: [{ id: 'p99', figure: 'p99 ms', what: 'until the server knows, p99', by: 'ourselves', most: 50 }],
    measure: (arm, mock) => hangUp(arm, mock, 'streaming'),
  },
  {
    name: 'hang-up-waiting',
    about: 'from a hang-up before an answer in one piece until the server knows',
    arms: ['nginx', 'spillway'],
    rounds: 1,
    bars: [{ id: 'p99', figure: 'p99 ms', what: 'until the server knows, p99', by: 'ourselves', most: 50 }],
    measure: (arm, mock) => hangUp(arm, mock, 'waiting'),
  },
  {
    name: 'hang-up-queued',
    about: 'from a hang-up in the queue until its place there is free',
    arms: ['spillway'],
    rounds: 1,
    bars: [{ id: 'p99', figure: 'p99 ms', what: 'until the place is free, p99', by: 'ourselves', most: 50 }],
    arm: { concurrency: 1 },
    measure: (arm) => hangUpQueued(arm),
  },
]
