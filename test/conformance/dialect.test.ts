import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gather } from '../../src/dialects/answer.ts'
import { dialects } from '../../src/dialects/index.ts'
import { dialectSuite } from './dialect.ts'
import { facts } from './facts.ts'
import { fixture, fixtureNames } from './fixtures.ts'
import { hear } from './replay.ts'

const recorded = [...fixtureNames('ollama'), ...fixtureNames('llamacpp')].map(fixture)

for (const dialect of dialects) {
  dialectSuite(
    dialect,
    dialects.filter((peer) => peer !== dialect),
    recorded.filter(({ path }) => dialect.routes.includes(path)),
  )
}

test('every recorded chat exchange has its facts, and every fact its recording', () => {
  const routes = new Set(dialects.flatMap((dialect) => dialect.routes))
  const names = recorded.filter(({ path }) => routes.has(path)).map(({ name }) => name)
  assert.deepEqual(names.toSorted(), Object.keys(facts).toSorted())
})

for (const [name, fact] of Object.entries(facts)) {
  test(`${name} is heard as it was recorded`, () => {
    const exchange = fixture(name)
    const dialect = dialects.find(({ routes }) => routes.includes(exchange.path))!
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
    assert.deepEqual(usage, fact.usage)
    assert.equal(fault?.kind, fact.fault)
    if (fact.status !== undefined) assert.equal(fault?.status, fact.status)
    if (fact.code !== undefined) assert.equal(fault?.code, fact.code)
    assert.deepEqual(fault?.tokens, fact.tokens)
    if (!exchange.isStream && exchange.status === 200) assert.deepEqual(dialect.usageOf(exchange.body), fact.usage)
  })
}
