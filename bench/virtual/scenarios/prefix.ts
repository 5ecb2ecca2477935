import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { chanceOf, exponential } from '../../../src/sim/chance.ts'
import { machine, type Machine } from '../../../src/sim/fleet.ts'
import { blockTokens } from '../../../src/sim/prefixes.ts'
import { vllmLike } from '../../../src/sim/server-spec.ts'
import { readTrace, type TraceRow, traceBlockTokens } from '../../../src/sim/traces.ts'
import { usualModel } from '../../../src/sim/workload.ts'
import type { Scenario } from '../scenario.ts'
import { plain } from './overload.ts'

const instances = 8
/** Of each instance: so many blocks of the trace's size. */
const cacheBlocks = 4_000

const instance = (_: unknown, number: number): Machine =>
  machine(
    vllmLike({
      name: `instance-${number + 1}`,
      models: [{ name: usualModel, contextTokens: 200_000 }],
      engine: { cacheBlocks: (cacheBlocks * traceBlockTokens) / blockTokens, memoryTokens: 4_000_000 },
    }),
  )

/** Answers are cut short: what they are about is the prompts. */
const answerMax = 60

const prefix = (name: string, about: string, rows: readonly TraceRow[]): Scenario => ({
  name: `prefix-${name}`,
  about: `${about}; ${instances} servers that remember ${cacheBlocks} blocks of ${traceBlockTokens} tokens each`,
  workload: {
    ...plain,
    arrivals: {
      type: 'trace',
      rows: rows.map((row) => ({ ...row, outputTokens: Math.min(row.outputTokens, answerMax) })),
      perSecond: undefined,
    },
  },
  fleet: Array.from({ length: instances }, instance),
  lengthMs: rows.at(-1)!.atMs,
  countedFromMs: 0,
  wishes: { patienceMs: 20_000 },
  onTime: { patienceMs: 20_000 },
  arms: ['direct', 'nginx-conn:32', 'spillway'],
  cachedMost: mostCached(rows),
  recorded: true,
})

/** What one server that forgets nothing would still know. */
function mostCached(rows: readonly TraceRow[]): number {
  const seen = new Set<number>()
  let prompts = 0
  let known = 0
  for (const { promptTokens, blocks = [] } of rows) {
    const unknownAt = blocks.findIndex((block) => !seen.has(block))
    const blocksKnown = unknownAt === -1 ? blocks.length : unknownAt
    known += Math.min(blocksKnown * traceBlockTokens, promptTokens)
    prompts += promptTokens
    for (const block of blocks) seen.add(block)
  }
  return known / prompts
}

/**
 * Conversations with assistants: whoever talks to the same one shares its instructions, and each turn repeats all that
 * was said before. A mark stands for a block and all before it, as in the recorded trace.
 */
function conversations(): TraceRow[] {
  const chance = chanceOf(1, 'conversations')
  const upTo = (most: number): number => 1 + Math.floor(chance() * most)
  let marks = 0
  const fresh = (count: number): number[] => Array.from({ length: count }, () => (marks += 1))
  const assistants = Array.from({ length: 300 }, () => fresh(upTo(2)))
  const rows: TraceRow[] = []
  for (let beginsAt = 0; beginsAt < 600_000; beginsAt += exponential(chance, 700)) {
    let blocks = assistants[upTo(assistants.length) - 1]!
    let atMs = beginsAt
    for (let left = upTo(6); left > 0; left -= 1) {
      blocks = [...blocks, ...fresh(upTo(12))]
      rows.push({ atMs, promptTokens: blocks.length * traceBlockTokens, outputTokens: 20 + upTo(80), blocks })
      atMs += 5_000 + exponential(chance, 60_000)
    }
  }
  return rows.sort((one, other) => one.atMs - other.atMs)
}

export const prefixSynthetic: Scenario = prefix(
  'synthetic',
  'conversations of up to 6 turns with 300 assistants',
  conversations(),
)

const conversation = new URL('../../traces/mooncake-conversation.jsonl.gz', import.meta.url)

export const prefixConversation: Scenario = prefix(
  'conversation',
  '3,200 recorded requests of Mooncake’s conversation trace',
  readTrace(gunzipSync(readFileSync(conversation)).toString()),
)
