import { Command } from 'commander'
import { setTimeout as wait } from 'node:timers/promises'
import { styleText } from 'node:util'
import { urlOf } from '../config/address.ts'
import { doorsOf, type DoorSettings } from '../config/settings.ts'
import { type AdminAnswer, callAdmin, complaintOf } from './admin-call.ts'
import { livePicture, type LiveFeed, type LiveServer, type LiveView, Screen } from './live-view.ts'
import { configOf } from './sources.ts'

interface TopOptions {
  readonly config?: string
  readonly once?: true
}

export function topCommand(): Command {
  return new Command('top')
    .description('Shows what a running gateway does, live: who is served, who waits, how its servers are.')
    .option('-c, --config <file>', 'the configuration it runs by; spillway.yaml in this folder by default')
    .option('--once', 'one look, as where nothing can be drawn again')
    .addHelpText(
      'after',
      '\nExamples:\n  spillway top\n  spillway top --once\n\n' +
        'Asks the operator’s port of the gateway on this machine, which has the same as a page. Ctrl-C ends it.\n' +
        'Ends with 0, and with 1 where no gateway answers.\n',
    )
    .action(top)
}

const everyMs = 1_000

async function top({ config, once }: TopOptions): Promise<void> {
  const doors = doorsOf(configOf(config))
  const out = process.stdout
  const first = await look(doors)
  if (typeof first === 'string') {
    console.error(first)
    process.exitCode = 1
    return
  }
  const linesOf = (seen: LiveView): string[] =>
    livePicture(headOf(doors), seen, { columns: out.columns ?? 100, rows: out.rows, below: 1 })
  if (once === true || !out.isTTY) {
    console.log(linesOf(first).join('\n'))
    return
  }
  const screen = new Screen(out)
  const ending = new AbortController()
  process.once('SIGINT', () => ending.abort())
  for (let seen: LiveView | string = first, last = first; ; seen = await look(doors)) {
    if (ending.signal.aborted) return
    if (typeof seen !== 'string') last = seen
    const remarks = typeof seen === 'string' ? [`${seen} What stands here is old.`] : last.remarks
    screen.draw([...linesOf({ ...last, remarks }), styleText('dim', 'Ctrl-C ends it.')])
    await wait(everyMs, undefined, { signal: ending.signal }).catch(() => {})
  }
}

const addressOf = ({ admin: { host, port } }: DoorSettings): string => urlOf({ host, port })

const headOf = (doors: DoorSettings): string =>
  `${styleText('bold', 'Spillway')}   ${styleText('dim', `live page ${addressOf(doors)}`)}`

/** What the gateway tells of itself, or in a sentence why it does not. */
async function look(doors: DoorSettings): Promise<LiveView | string> {
  const answers = await Promise.all(
    ['/api/feed', '/api/upstreams', '/api/status'].map((path) => callAdmin(doors, path)),
  )
  const silent = answers.some((answer) => answer === undefined)
  if (silent) return `No gateway answers at ${addressOf(doors)}.`
  const [feed, upstreams, status] = answers as [AdminAnswer, AdminAnswer, AdminAnswer]
  const refused = [feed, upstreams, status].find((answer) => answer.status !== 200)
  if (refused !== undefined) return complaintOf(refused)
  const { troubles = [] } = status.json as { troubles?: readonly { text: string }[] }
  return {
    feed: feedOf(feed.json as unknown as FeedJson),
    servers: (upstreams.json as unknown as { upstreams: readonly ServerJson[] }).upstreams.map(serverOf),
    remarks: troubles.map(({ text }) => text),
    whose: ({ caller = '', model = '' }) => `${caller} ${model}`,
  }
}

/** As `/api/feed` spells it. */
interface FeedJson extends Pick<
  LiveFeed,
  'queued' | 'running' | 'served' | 'failed' | 'refused' | 'spilled' | 'recent'
> {
  readonly window_seconds: number
  readonly requests_per_second: number
  readonly output_tokens_per_second: number
  readonly first_token_ms: { readonly p50: number; readonly p95: number } | null
  readonly upstreams: readonly { readonly name: string; readonly served: number; readonly output_tokens: number }[]
  readonly history: { readonly arrived: readonly number[]; readonly queued_most: readonly number[] }
}

const feedOf = (feed: FeedJson): LiveFeed => ({
  ...feed,
  windowSeconds: feed.window_seconds,
  requestsPerSecond: feed.requests_per_second,
  outputTokensPerSecond: feed.output_tokens_per_second,
  firstTokenMs: feed.first_token_ms ?? undefined,
  upstreams: feed.upstreams.map(({ output_tokens: outputTokens, ...rest }) => ({ ...rest, outputTokens })),
  history: { arrived: feed.history.arrived, queuedMost: feed.history.queued_most },
})

/** As `/api/upstreams` spells it. */
interface ServerJson extends Pick<LiveServer, 'name' | 'condition'> {
  readonly kind: string
  readonly tier: number
  readonly in_flight: number
  readonly places: readonly { readonly limit: number }[]
}

const serverOf = ({ name, kind, tier, condition, in_flight: inFlight, places }: ServerJson): LiveServer => ({
  name,
  about: tier > 0 ? `${kind}, tier ${tier}` : kind,
  condition,
  inFlight,
  limit: places.length === 0 ? undefined : places.reduce((sum, { limit }) => sum + limit, 0),
})
