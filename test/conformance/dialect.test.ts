import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VectorDialect } from '../../src/core/dialect.ts'
import { Fault } from '../../src/core/fault.ts'
import { gather } from '../../src/dialects/answer.ts'
import { dialects } from '../../src/dialects/index.ts'
import { dialectSuite } from './dialect.ts'
import { type Fact, facts } from './facts.ts'
import { everyFixture, type Fixture, fixture } from './fixtures.ts'
import { counted, hear, hearVectors } from './replay.ts'

const recorded = everyFixture()

for (const dialect of dialects) {
  dialectSuite(
    dialect,
    dialects.filter((peer) => peer !== dialect),
    recorded.filter(({ path }) => dialect.routes.includes(path)),
  )
}

/** Where real servers are asked for words or vectors. */
const routes: ReadonlySet<string> = new Set([
  '/api/chat',
  '/api/generate',
  '/api/embed',
  '/api/embeddings',
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/responses',
  '/v1/messages',
  '/v1/embeddings',
])

test('every recorded exchange that is about words or vectors has its facts, and every fact its recording', () => {
  const names = recorded.filter(({ path }) => routes.has(path)).map(({ name }) => name)
  assert.deepEqual(names.toSorted(), Object.keys(facts).toSorted())
})

for (const [name, fact] of Object.entries(facts)) {
  const exchange = fixture(name)
  const dialect = dialects.find((one) => one.routes.includes(exchange.path))
  if (dialect === undefined) continue
  test(`${name} is heard as it was recorded`, () => {
    if (dialect.form === 'vectors') return holdVectors(dialect, exchange, fact)
    const { parts, fault } = hear(dialect, exchange)
    const { text, thinking, calls, usage } = gather(parts)
    assert.equal(text, fact.text ?? '')
    assert.equal(thinking, fact.thinking ?? '')
    assert.deepEqual(
      calls.map((call) => [call.name, JSON.parse(call.arguments)]),
      fact.calls ?? [],
    )
    assert.deepEqual(
      parts.filter((part) => part.type === 'finish').map(({ reason }) => reason),
      fact.reason === undefined ? [] : [fact.reason],
    )
    // What was counted of an answer that broke is nobody's last word.
    if (fact.reason !== undefined || fact.usage !== undefined) assert.deepEqual(counted(usage), counted(fact.usage))
    holdFault(fault, fact)
    if (!exchange.isStream && exchange.status === 200)
      assert.deepEqual(counted(dialect.usageOf(exchange.body)), counted(fact.usage))
  })
}

function holdVectors(dialect: VectorDialect, exchange: Fixture, fact: Fact): void {
  const heard = hearVectors(dialect, exchange)
  if (heard instanceof Fault) return holdFault(heard, fact)
  const { vectors, promptTokens } = heard
  const { count, dimensions, first } = fact.vectors!
  assert.equal(vectors.length, count)
  for (const vector of vectors) assert.equal(vector.length, dimensions)
  if (first !== undefined) assert.ok(Math.abs(vectors[0]![0]! - first) < 1e-6)
  assert.equal(promptTokens, fact.usage?.promptTokens)
  assert.deepEqual(dialect.usageOf(exchange.body), fact.usage)
  holdFault(undefined, fact)
}

function holdFault(fault: Fault | undefined, { fault: kind, status, code, tokens }: Fact): void {
  assert.equal(fault?.kind, kind)
  if (status !== undefined) assert.equal(fault?.status, status)
  if (code !== undefined) assert.equal(fault?.code, code)
  assert.deepEqual(fault?.tokens, tokens)
}
