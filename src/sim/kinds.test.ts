import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textsOf, tool } from './bodies.ts'
import { Box, errand, question, spoken } from './box.test-helper.ts'
import { recital, thought, vectorOf } from './recital.ts'
import type { ServerKind } from './server-spec.ts'
import { dimensions, type SimDialect } from './workload.ts'

const everywhere = Object.entries(spoken).flatMap(([kind, all]) =>
  all.flatMap((dialect) => [true, false].map((stream) => [kind as ServerKind, dialect, stream] as const)),
)

test('over whichever wire it is asked, a server says the same', async () => {
  for (const [kind, dialect, stream] of everywhere) {
    const box = new Box(kind)
    const heard = await box.world.run(box.hear(errand(dialect, { stream })))
    const asked = dialect === 'openai-completions' ? `\n${question}\n` : question
    assert.deepEqual([heard.text, heard.whole], [recital(asked, 9), true], `${kind} ${dialect} ${stream}`)
    assert.equal(heard.outputTokens, 9, `${kind} ${dialect}`)
  }
})

test('a model that thinks says its thoughts where each wire has a place for them', async () => {
  for (const [kind, dialect, stream] of everywhere) {
    if (kind === 'openai' || kind === 'anthropic' || dialect === 'openai-completions') continue
    const box = new Box(kind, { model: { thinks: true } })
    const heard = await box.world.run(box.hear(errand(dialect, { stream })))
    assert.deepEqual(
      [heard.text, heard.thought],
      [recital(question, 9), thought(question)],
      `${kind} ${dialect} ${stream}`,
    )
  }
})

test('a tool is called with arguments of its schema over every wire that has tools', async () => {
  for (const [kind, dialect, stream] of everywhere) {
    if (dialect === 'openai-completions' || dialect === 'ollama-generate') continue
    const box = new Box(kind, { model: { thinks: true } })
    const heard = await box.world.run(box.hear(errand(dialect, { stream, wants: 'tool' })))
    assert.equal(heard.toolName, tool.name, `${kind} ${dialect} ${stream}`)
    assert.deepEqual(Object.keys(JSON.parse(heard.toolArguments) as object), ['what', 'how_many', 'where', 'exact'])
  }
})

test('an answer that is cut off says so in the words of its wire', async () => {
  const words = new Set<string>()
  for (const [kind, dialect, stream] of everywhere) {
    const box = new Box(kind)
    const heard = await box.world.run(box.hear(errand(dialect, { stream, wordsMax: 4 })))
    assert.equal(heard.outputTokens, 4, `${kind} ${dialect} ${stream}`)
    words.add(heard.finish!)
  }
  assert.deepEqual([...words].sort(), ['incomplete', 'length', 'max_tokens'])
})

test('each text has its own vector, the same over every wire, in numbers or packed', async () => {
  const asked: readonly (readonly [ServerKind, SimDialect])[] = [
    ['ollama', 'ollama-embed'],
    ['ollama', 'ollama-embeddings'],
    ...(['ollama', 'llamacpp', 'vllm', 'sglang', 'lmstudio', 'openai', 'generic'] as const).map(
      (kind) => [kind, 'openai-embeddings'] as const,
    ),
  ]
  for (const [kind, dialect] of asked) {
    for (const number of [1, 2]) {
      const box = new Box(kind, { model: { dimensions } })
      const one = errand(dialect, { number, stream: false, wants: 'vectors' })
      const { vectors } = await box.world.run(box.hear(one))
      assert.deepEqual(
        vectors,
        textsOf(one).map((text) => vectorOf(text, dimensions)),
        `${kind} ${dialect}`,
      )
      assert.equal(box.server.ledger.vectors, textsOf(one).length)
    }
  }
  const [some, other] = ['a', 'b'].map((text) => vectorOf(text, dimensions))
  assert.notDeepEqual(some, other)
  assert.ok(Math.abs(Math.hypot(...some!) - 1) < 1e-6)
})
