import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Policy } from '../../src/core/policy.ts'
import { machine } from '../../src/sim/fleet.ts'
import type { Report } from '../../src/sim/report.ts'
import { simulate } from '../../src/sim/run.ts'
import { vllmLike } from '../../src/sim/server-spec.ts'
import type { TraceRow } from '../../src/sim/traces.ts'
import { usualModel, usualWorkload, type Workload } from '../../src/sim/workload.ts'

/** Thirty-three conversations of six turns on five system prompts, each turn beginning with all that was said before. */
function conversations(): TraceRow[] {
  let blocks = 5
  const rows: TraceRow[] = []
  const said = Array.from({ length: 33 }, (_, session) => [session % 5, session % 5, session % 5])
  for (let turn = 0; turn < 6; turn += 1) {
    for (const [session, known] of said.entries()) {
      known.push((blocks += 1))
      const atMs = turn * 30_000 + session * 577 + ((session * 7_919 + turn * 104_729) % 400)
      rows.push({ atMs, promptTokens: known.length * 512, outputTokens: 30, blocks: [...known] })
    }
  }
  return rows.sort((one, other) => one.atMs - other.atMs)
}

const workload: Workload = {
  ...usualWorkload,
  arrivals: { type: 'trace', rows: conversations(), perSecond: 15 },
  callers: [{ share: 1, of: { name: 'all', weight: 1, priority: 'default', cloud: 'allowed', patienceMs: 60_000 } }],
  ollamaDialect: 0,
  hangUps: 0,
  tools: 0,
  json: 0,
  limited: 0,
}

const models = [{ name: usualModel, contextTokens: 32_768 }]

const play = (servers: number, policy?: Policy): Promise<Report> =>
  simulate({
    seed: 1,
    requests: 198,
    workload,
    fleet: Array.from({ length: servers }, (_, at) =>
      machine(vllmLike({ name: `gpu-${at}`, models, engine: { memoryTokens: 1_000_000, slots: 64 } })),
    ),
    ...(policy !== undefined && { policy }),
  })

const inTurn = (): Policy => {
  let turn = 0
  let last: unknown
  return (ask, { upstream }) => {
    if (ask !== last) turn += 1
    last = ask
    return (Number(upstream.slice('gpu-'.length)) + turn) % 5
  }
}

/** Share of all prompts that was in the servers' memories. */
function cachedShare({ upstreams }: Report): number {
  const all = Object.values(upstreams)
  return sum(all.map(({ cachedTokens }) => cachedTokens)) / sum(all.map(({ promptTokens }) => promptTokens))
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

test('conversations stay where they are known, and no server works much more than another', async () => {
  const [alone, several, turns] = [await play(1), await play(5), await play(5, inTurn())]
  // What one server has in memory that has read everything is all that there is to be had.
  const bound = cachedShare(alone)
  assert.ok(cachedShare(several) > 0.9 * bound, `${cachedShare(several)} of ${bound}`)
  assert.ok(cachedShare(turns) < 0.75 * bound, `${cachedShare(turns)} of ${bound}`)
  const work = Object.values(several.upstreams).map(({ promptTokens, cachedTokens }) => promptTokens - cachedTokens)
  assert.ok(Math.max(...work) < (1.6 * sum(work)) / work.length, work.join(', '))
  assert.ok(several.all.firstTokenMs.p95 < turns.all.firstTokenMs.p95)
})
