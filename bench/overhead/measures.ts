import { type Arm, startLoad } from './arms.ts'
import { openWindow, rssKb, type Window } from './machine.ts'
import { percentile, sleep } from './load/request.ts'
import type { Line, Proc } from './process.ts'

export interface Measured {
  /** By what they are called in tables, with their unit. */
  readonly figures: Readonly<Record<string, number>>
  readonly window: Window
}

interface Watched {
  readonly seen: Line
  readonly window: Window
}

/** Runs a load against an arm and watches the machine while it counts. */
async function watch(arm: Arm, scenario: string, options: object, atEnd?: () => void): Promise<Watched> {
  const load = startLoad(arm, scenario, options)
  await load.told('counting')
  const close = openWindow(arm.proc)
  await load.told('counted')
  const window = close()
  atEnd?.()
  return { seen: await load.told('seen'), window }
}

const number = (line: Line, key: string): number => Number(line[key])

function checkStreams(arm: Arm, seen: Line, streams: number): void {
  const [opened, broken] = [number(seen, 'opened'), number(seen, 'broken')]
  if (opened < streams || broken > 0) {
    const { whyBroken } = seen
    const why = typeof whyBroken === 'string' ? `: ${whyBroken}` : ''
    throw new Error(`${arm.name}: ${opened} of ${streams} streams spoke, ${broken} broke${why}`)
  }
}

interface LoopOptions {
  readonly connections: number
  readonly seconds: number
  readonly promptBytes?: number
  readonly warmUpRequests?: number
  readonly warmUpConnections?: number
}

async function loop(arm: Arm, options: LoopOptions): Promise<Watched> {
  const watched = await watch(arm, 'closed-loop', { warmUpRequests: 15_000, warmUpSecondsMost: 5, ...options })
  const faults = number(watched.seen, 'faults')
  if (faults > 0) throw new Error(`${arm.name}: ${faults} requests failed`)
  return watched
}

/** CPU for each request of a closed loop. */
export async function perRequest(arm: Arm, options: LoopOptions): Promise<Measured> {
  const { seen, window } = await loop(arm, options)
  const requests = number(seen, 'requests')
  return {
    window,
    figures: {
      'CPU µs': window.usedUs / requests,
      'requests/s': requests / window.seconds,
      'p50 µs': number(seen, 'p50Us'),
      'p99 µs': number(seen, 'p99Us'),
      'core used %': window.usedUs / window.seconds / 1e4,
    },
  }
}

/** How long one request takes that is alone. */
export async function oneAtATime(arm: Arm, seconds: number): Promise<Measured> {
  const { seen, window } = await loop(arm, { connections: 1, seconds, warmUpConnections: 32 })
  return { window, figures: { 'p50 µs': number(seen, 'p50Us'), 'p99 µs': number(seen, 'p99Us') } }
}

/** CPU for each frame of many streams, and how long it is under way: the server wrote its moment into it, and all read one clock. */
export async function perFrame(arm: Arm, seconds: number, path?: string): Promise<Measured> {
  const streams = 200
  const options = { streams, seconds, warmUpSeconds: 2, rampPerSecond: 400, path }
  const { seen, window } = await watch(arm, 'open-streams', options)
  checkStreams(arm, seen, streams)
  const framesPerSecond = number(seen, 'framesPerSecond')
  const cpuUs = window.usedUs / (framesPerSecond * window.seconds)
  return {
    window,
    figures: {
      'CPU µs': cpuUs,
      'frames/s of a core': 1e6 / cpuUs,
      'frames/s': framesPerSecond,
      'delay p50 µs': number(seen, 'delayP50Us'),
      'delay p99 µs': number(seen, 'delayP99Us'),
    },
  }
}

/** How much more CPU a frame takes when it is written anew in another dialect. */
export async function perTranslatedFrame(arm: Arm, seconds: number): Promise<Measured> {
  const passed = await perFrame(arm, seconds)
  const { figures, window } = await perFrame(arm, seconds, '/api/chat')
  const [before, after] = [passed.figures['CPU µs']!, figures['CPU µs']!]
  return {
    window: window.foreignShare > passed.window.foreignShare ? window : passed.window,
    figures: { 'CPU µs added': after - before, 'passed on µs': before, 'translated µs': after },
  }
}

/** What the first streams bring with them, in code and in memory, is there once, however many follow. */
async function warmUp(arm: Arm, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const options = { streams: 100, seconds: 0.5, warmUpSeconds: 0, rampPerSecond: 400 }
    await startLoad(arm, 'open-streams', options).told('seen')
  }
  await sleep(500)
}

/** Memory that each stream adds while it is open and speaks. */
export async function perStream(arm: Arm, streams: number, rampPerSecond: number): Promise<Measured> {
  await warmUp(arm, 4)
  const before = rssKb(arm.proc!.pid)
  let after = NaN
  const options = { streams, seconds: 3, warmUpSeconds: 3, rampPerSecond }
  const { seen, window } = await watch(arm, 'open-streams', options, () => {
    after = rssKb(arm.proc!.pid)
  })
  checkStreams(arm, seen, streams)
  return {
    window,
    figures: {
      'KB a stream': (after - before) / streams,
      'RSS MB': after / 1_024,
      'frames/s': number(seen, 'framesPerSecond'),
    },
  }
}

/** Nobody may hold a first frame back until more follows, whether it comes with the head of the answer or behind it. */
export async function firstFrame(arm: Arm): Promise<Measured> {
  // What is done once a stream is not compiled by a few hundred of them.
  await loop(arm, { connections: 32, seconds: 0.1, warmUpRequests: 10_000 })
  await warmUp(arm, 2)
  const streams = 400
  const { seen, window } = await watch(arm, 'first-frames', { streams, warmUpStreams: 50 })
  checkStreams(arm, seen, streams)
  const ms = (key: string): number => number(seen, key) / 1_000
  return {
    window,
    figures: {
      'p99 ms': Math.max(ms('withHeadP99Us'), ms('behindHeadP99Us')),
      'p50 ms with the head': ms('withHeadP50Us'),
      'p99 ms with the head': ms('withHeadP99Us'),
      'p50 ms behind it': ms('behindHeadP50Us'),
      'p99 ms behind it': ms('behindHeadP99Us'),
    },
  }
}

/** From a caller's hanging up to the moment at which its server knows. */
export async function hangUp(arm: Arm, mock: Proc, kind: 'streaming' | 'waiting'): Promise<Measured> {
  const times = 100
  const { seen, window } = await watch(arm, 'hang-ups', { times, kind })
  const answered = number(seen, 'answered')
  if (answered !== (kind === 'streaming' ? times : 0))
    throw new Error(`${arm.name}: ${answered} of ${times} were being answered when they hung up`)
  const goneUs = new Map(mock.lines.filter(({ event }) => event === 'gone').map((line) => [line['mark'], line['us']]))
  const tookMs = Object.entries(seen['hungUp'] as Record<string, number>).map(
    ([mark, us]) => (Number(goneUs.get(mark) ?? Infinity) - us) / 1_000,
  )
  return { window, figures: { 'p50 ms': percentile(tookMs, 0.5), 'p99 ms': percentile(tookMs, 0.99) } }
}

/** No server sees a caller leave the queue: the operator's port tells when it is no longer listed. */
export async function hangUpQueued(arm: Arm): Promise<Measured> {
  const ask = (id: string, signal: AbortSignal): Promise<unknown> =>
    fetch(`http://127.0.0.1:${arm.port}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ stream: true, model: 'm', messages: [{ role: 'user', content: 'x' }] }),
      headers: { 'content-type': 'application/json', 'x-request-id': id },
      signal,
    }).catch(() => undefined)
  const isListed = async (id: string): Promise<boolean> => {
    const response = await fetch(`http://127.0.0.1:${arm.adminPort}/api/asks`)
    return (await response.text()).includes(`"${id}"`)
  }
  const until = async (id: string, listed: boolean): Promise<void> => {
    for (const late = performance.now() + 5_000; (await isListed(id)) !== listed;) {
      if (performance.now() > late)
        throw new Error(`${arm.name}: a caller ${listed ? 'never came into' : 'stays in'} the queue`)
    }
  }
  // It takes the only place there is.
  const holder = new AbortController()
  await ask('holder', holder.signal)
  const close = openWindow(arm.proc)
  const tookMs: number[] = []
  for (let i = 0; i < 60; i += 1) {
    const caller = new AbortController()
    const id = `queued-${i}`
    void ask(id, caller.signal)
    await until(id, true)
    const goneAt = performance.now()
    caller.abort()
    await until(id, false)
    tookMs.push(performance.now() - goneAt)
  }
  const window = close()
  holder.abort()
  return { window, figures: { 'p50 ms': percentile(tookMs, 0.5), 'p99 ms': percentile(tookMs, 0.99) } }
}
