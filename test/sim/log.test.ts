import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConditionWatch } from '../../src/http/condition-watch.ts'
import { machine } from '../../src/sim/fleet.ts'
import { simulate } from '../../src/sim/run.ts'
import { ollamaLike, vllmLike } from '../../src/sim/server-spec.ts'
import type { Stage } from '../../src/sim/simulation.ts'
import type { Grain } from '../../src/sim/steps.ts'
import { poisson, usualModel, usualWorkload } from '../../src/sim/workload.ts'
import { logger } from '../../src/telemetry/log.ts'

/** What breaks has one line that a person understands, and however long it lasts it stays one. */

interface Line {
  readonly event: string
  readonly level: string
  readonly text?: string
  readonly upstream?: string
  readonly up?: boolean
}

const minuteMs = 60_000
const perSecond = 2

/** Two servers under traffic for twelve minutes, to the first of which something happens for the ten in the middle. */
async function linesOf(
  befalls: (stage: Stage) => void,
  ends: (stage: Stage) => void,
  { like = vllmLike, grain = 'coarse' }: { readonly like?: typeof vllmLike; readonly grain?: Grain } = {},
): Promise<readonly Line[]> {
  let text = ''
  const log = logger({ write: (more) => (text += more.toString()), format: 'json' })
  await simulate({
    seed: 5,
    grain,
    requests: 12 * 60 * perSecond,
    fleet: ['gpu-1', 'gpu-2'].map((name) => machine(like({ name }))),
    workload: { ...usualWorkload, arrivals: poisson(perSecond), hangUps: 0 },
    script: async (stage) => {
      const { gateway, world } = stage
      gateway.subscribe(log)
      const conditions = new ConditionWatch(gateway)
      const lookFor = async (ms: number): Promise<void> => {
        for (const until = world.now() + ms; world.now() < until; await world.sleep(250)) conditions.look()
      }
      await lookFor(minuteMs)
      befalls(stage)
      await lookFor(10 * minuteMs)
      ends(stage)
      await lookFor(minuteMs)
    },
  })
  log.flush()
  return text.split('\n').flatMap((line) => (line === '' ? [] : (JSON.parse(line) as Line)))
}

const ofRequests = new Set(['ask-settled', 'attempt-failed', 'resumed'])
const ofServers = (lines: readonly Line[]): readonly Line[] => lines.filter(({ event }) => !ofRequests.has(event))
const tries = (lines: readonly Line[]): number => lines.filter(({ event }) => event === 'attempt-failed').length

test('a server that is down for ten minutes is a line when it goes, and one when it is back', async () => {
  const lines = await linesOf(
    ({ servers }) => servers[0]!.crash(),
    ({ servers }) => servers[0]!.restart(),
  )
  assert.deepEqual(
    ofServers(lines).map(({ event, level, upstream, up, text }) => [event, level, upstream, up, text]),
    [
      ['upstream-changed', 'warn', 'gpu-1', false, 'It refuses connections.'],
      ['upstream-changed', 'info', 'gpu-1', true, 'It answers (version 0.12.0) and serves 1 model.'],
    ],
  )
  assert.ok(tries(lines) <= 20, `${tries(lines)} tries failed: more than were under way when it went`)
})

test('a server that answers probes and fails every request for ten minutes is a line when it is left alone, and one when it is well', async () => {
  const lines = await linesOf(
    ({ servers }) => void (servers[0]!.faults = { error500: 1 }),
    ({ servers }) => void (servers[0]!.faults = {}),
  )
  assert.deepEqual(
    ofServers(lines).map(({ event, level, text }) => [event, level, text]),
    [
      [
        'notice',
        'warn',
        'gpu-1 with llama3.1:8b fails and is left alone; now and then one request finds out whether it is well again.',
      ],
      ['notice', 'info', 'gpu-1 with llama3.1:8b is well again.'],
    ],
  )
  // One a rest, which is half a minute at most.
  assert.ok(tries(lines) <= 40, `${tries(lines)} tries failed`)
})

test('a server that becomes ten times as slow for ten minutes is a line when it is left for others, and one when it is as quick again', async () => {
  const lines = await linesOf(
    ({ servers }) => servers[0]!.slow(10),
    ({ servers }) => servers[0]!.slow(1),
  )
  const told = ofServers(lines)
  assert.ok(told.length >= 1 && told.length <= 4, JSON.stringify(told, undefined, 1))
  assert.equal(told[0]!.text, 'gpu-1 with llama3.1:8b is much slower than others: requests go there only now and then.')
})

test('a model that cannot be loaded for ten minutes is told when that begins, with the reason, and not at every try', async () => {
  const lines = await linesOf(
    ({ servers }) => servers[0]!.setLoadable(usualModel, false),
    ({ servers }) => servers[0]!.setLoadable(usualModel, true),
    // Told coarsely, servers are asked too seldom for their models.
    { like: ollamaLike, grain: 'token' },
  )
  const told = ofServers(lines).map(({ text }) => text!)
  assert.ok(told.length <= 3, told.join('\n'))
  assert.match(told[0]!, /gpu-1.* cannot load llama3\.1:8b: .+\. It is tried again in \d s\.$/)
})
