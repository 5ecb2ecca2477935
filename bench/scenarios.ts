import { type Arm, type ArmName, type ArmOptions, startArm, startLoad } from './arms.ts'
import { cpuUs, type Proc, rssKb } from './process.ts'

/** One thing that is measured of every arm: smaller is better. */
export interface Scenario {
  readonly name: string
  readonly about: string
  readonly unit: string
  readonly arms: readonly ArmName[]
  /** At most this many times nginx's figure, or this figure itself. */
  readonly bar: { readonly timesNginx: number } | { readonly most: number }
  readonly mock?: { readonly everyMs?: number; readonly frames?: number }
  readonly arm?: ArmOptions
  measure(arm: Arm, mock: Proc, seconds: number): Promise<Measured>
}

export interface Measured {
  readonly figure: number
  /** Beside the figure, for who wants to look closer. */
  readonly notes: Readonly<Record<string, number>>
}

const all: readonly ArmName[] = ['nginx', 'undici', 'spillway']

const number = (line: Record<string, unknown>, key: string): number => Number(line[key])

async function loadOf(arm: Arm, scenario: string, options: object): Promise<Record<string, unknown>> {
  return startLoad(arm.port, scenario, options).line(({ event }) => event === 'done', 120_000)
}

/** CPU for each request of a closed loop, after a warm-up that is not counted. */
async function perRequest(arm: Arm, seconds: number, options: object): Promise<Measured> {
  await loadOf(arm, 'closed', { ...options, seconds: 2 })
  const before = cpuUs(arm.proc!.pid)
  const seen = await loadOf(arm, 'closed', { ...options, seconds })
  const used = cpuUs(arm.proc!.pid) - before
  if (number(seen, 'errors') > 0) throw new Error(`${arm.name}: ${number(seen, 'errors')} errors`)
  const requests = number(seen, 'requests')
  return {
    figure: used / requests,
    notes: { requestsPerSecond: requests / seconds, p50Us: number(seen, 'p50Us'), p99Us: number(seen, 'p99Us') },
  }
}

async function perFrame(arm: Arm, seconds: number): Promise<Measured> {
  const load = startLoad(arm.port, 'streams', { streams: 200, seconds: seconds + 2 })
  await load.line(({ event }) => event === 'open')
  await new Promise((resolve) => void setTimeout(resolve, 2_000))
  const before = cpuUs(arm.proc!.pid)
  const startedAt = performance.now()
  await load.line(({ event }) => event === 'counted')
  const used = cpuUs(arm.proc!.pid) - before
  const tookSeconds = (performance.now() - startedAt) / 1_000
  const done = await load.line(({ event }) => event === 'done')
  if (number(done, 'errors') > 0) throw new Error(`${arm.name}: ${number(done, 'errors')} streams broke`)
  const rate = number(done, 'framesPerSecond')
  return {
    figure: used / (rate * tookSeconds),
    notes: { framesPerSecond: rate, delayP50Us: number(done, 'delayP50Us'), delayP99Us: number(done, 'delayP99Us') },
  }
}

/** Memory that each open stream adds, when many are open and speak. */
async function perStream(arm: Arm, streams: number, rampPerSecond: number): Promise<Measured> {
  await loadOf(arm, 'streams', { streams: 100, seconds: 2 })
  const before = rssKb(arm.proc!.pid)
  const load = startLoad(arm.port, 'streams', { streams, seconds: 8, rampPerSecond })
  await load.line(({ event }) => event === 'counted', 90_000)
  const after = rssKb(arm.proc!.pid)
  const done = await load.line(({ event }) => event === 'done')
  if (number(done, 'errors') > 0 || number(done, 'open') < streams) {
    throw new Error(`${arm.name}: ${number(done, 'open')} of ${streams} open, ${number(done, 'errors')} errors`)
  }
  return {
    figure: (after - before) / streams,
    notes: { rssMb: after / 1_024, framesPerSecond: number(done, 'framesPerSecond'), errors: number(done, 'errors') },
  }
}

async function firstFrame(arm: Arm, seconds: number): Promise<Measured> {
  // What has never run yet is slow once; that is not what is asked here.
  await loadOf(arm, 'streams', { streams: 300, seconds: 1, rampPerSecond: 100 })
  const streams = { streams: 400, seconds: Math.min(seconds, 2), rampPerSecond: 100 }
  const here = await loadOf(arm, 'streams', streams)
  const direct = await loadOf(await startArm('direct'), 'streams', streams)
  const added = (number(here, 'firstP99Us') - number(direct, 'firstP99Us')) / 1_000
  return {
    figure: added,
    notes: {
      firstP50Us: number(here, 'firstP50Us'),
      firstP99Us: number(here, 'firstP99Us'),
      directP99Us: number(direct, 'firstP99Us'),
    },
  }
}

/** From a caller's hanging up to the moment its server knows. */
async function hangUp(arm: Arm, mock: Proc, kind: 'stream' | 'silent'): Promise<Measured> {
  const load = startLoad(arm.port, `abort-${kind}`, { streams: 100 })
  await load.line(({ event }) => event === 'done')
  const at = (event: string, lines: readonly Record<string, unknown>[]): Map<unknown, number> =>
    new Map(lines.filter((line) => line['event'] === event).map((line) => [line['marker'], number(line, 'us')]))
  const hungUp = at('hung-up', load.lines)
  const closed = at('closed', mock.lines)
  const tookMs = Array.from(hungUp, ([marker, us]) => ((closed.get(marker) ?? Infinity) - us) / 1_000).sort(
    (a, b) => a - b,
  )
  mock.lines.length = 0
  return {
    figure: tookMs[Math.floor(tookMs.length * 0.99)] ?? NaN,
    notes: { p50Ms: tookMs[Math.floor(tookMs.length / 2)] ?? NaN, hungUp: tookMs.length },
  }
}

/** A caller in the queue has no server to see it go: the operator's port tells when it is no longer listed. */
async function hangUpQueued(arm: Arm): Promise<Measured> {
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }], stream: true })
  const url = `http://127.0.0.1:${arm.port}/v1/chat/completions`
  const ask = (signal: AbortSignal, id: string): Promise<unknown> =>
    fetch(url, {
      method: 'POST',
      body,
      signal,
      headers: { 'content-type': 'application/json', 'x-request-id': id },
    }).catch(() => undefined)
  const holder = new AbortController()
  await ask(holder.signal, 'holder')
  const listed = async (id: string): Promise<boolean> => {
    const response = await fetch(`http://127.0.0.1:${arm.adminPort}/api/asks`)
    return (await response.text()).includes(`"${id}"`)
  }
  const tookMs: number[] = []
  for (let i = 0; i < 60; i += 1) {
    const gone = new AbortController()
    const id = `queued-${i}`
    void ask(gone.signal, id)
    while (!(await listed(id)));
    const at = performance.now()
    gone.abort()
    while (await listed(id));
    tookMs.push(performance.now() - at)
  }
  holder.abort()
  tookMs.sort((a, b) => a - b)
  return { figure: tookMs.at(-1)!, notes: { p50Ms: tookMs[30]!, hungUp: tookMs.length } }
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'small',
    about: 'CPU of a small request that is not streamed, 32 at once',
    unit: 'µs',
    arms: all,
    bar: { timesNginx: 5.0 },
    measure: (arm, _, seconds) => perRequest(arm, seconds, { connections: 32 }),
  },
  {
    name: 'frames',
    about: 'CPU of a streamed frame, 10,000 a second over 200 streams',
    unit: 'µs',
    arms: all,
    bar: { timesNginx: 2.8 },
    measure: (arm, _, seconds) => perFrame(arm, seconds),
  },
  {
    name: 'large',
    about: 'CPU of a request with a prompt of 512 KB',
    unit: 'µs',
    arms: all,
    bar: { timesNginx: 8 },
    measure: (arm, _, seconds) => perRequest(arm, seconds, { connections: 4, bodyBytes: 512 * 1024 }),
  },
  {
    name: 'latency',
    about: 'what is added to the median of one request at a time',
    unit: 'µs',
    arms: ['direct', ...all],
    bar: { timesNginx: 4.5 },
    measure: async (arm, _, seconds) => {
      await loadOf(arm, 'closed', { connections: 1, seconds: 1 })
      const seen = await loadOf(arm, 'closed', { connections: 1, seconds })
      return { figure: number(seen, 'p50Us'), notes: { p99Us: number(seen, 'p99Us') } }
    },
  },
  {
    name: 'memory',
    about: 'memory that each of 2,000 open streams adds, at 10,000 frames a second',
    unit: 'KB',
    arms: all,
    bar: { most: 60 },
    mock: { everyMs: 200 },
    measure: (arm) => perStream(arm, 2_000, 400),
  },
  {
    name: 'crowd',
    about: '9,000 streams open at once in one process: none breaks (figure: memory each)',
    unit: 'KB',
    arms: ['spillway'],
    bar: { most: 60 },
    mock: { everyMs: 5_000 },
    measure: (arm) => perStream(arm, 9_000, 600),
  },
  {
    name: 'first-frame',
    about: 'p99 that is added to the first frame, at one frame in 50 ms',
    unit: 'ms',
    arms: all,
    bar: { most: 5 },
    mock: { everyMs: 50 },
    measure: (arm, _, seconds) => firstFrame(arm, seconds),
  },
  {
    name: 'hang-up-streaming',
    about: 'p99 from a hang-up in mid-stream until the server knows',
    unit: 'ms',
    arms: all,
    bar: { most: 50 },
    measure: (arm, mock) => hangUp(arm, mock, 'stream'),
  },
  {
    name: 'hang-up-waiting',
    about: 'p99 from a hang-up while an answer in one piece is made until the server knows',
    unit: 'ms',
    arms: all,
    bar: { most: 50 },
    measure: (arm, mock) => hangUp(arm, mock, 'silent'),
  },
  {
    name: 'hang-up-queued',
    about: 'longest from a hang-up in the queue until the place in it is free',
    unit: 'ms',
    arms: ['spillway'],
    bar: { most: 50 },
    arm: { concurrency: 1 },
    measure: (arm) => hangUpQueued(arm),
  },
]
