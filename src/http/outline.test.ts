import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { outlineOf } from './outline.ts'

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

const values = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 6 }, tie('text'), fc.double(), fc.boolean(), tie('list'), tie('object')),
  text: fc.oneof(
    fc.string({ unit: fc.constantFrom('"', '\\', '{', ']', ':', ',', 'é', '😀'), maxLength: 200 }),
    fc.string(),
  ),
  list: fc.array(tie('value'), { maxLength: 5 }),
  object: fc.dictionary(tie('text') as fc.Arbitrary<string>, tie('value'), { maxKeys: 5 }),
}))

test('the outline of a JSON text is that of what it means', () => {
  fc.assert(
    fc.property(values.object, fc.constantFrom(undefined, 1), (value, indent) => {
      const { depth, members } = outlineOf(Buffer.from(JSON.stringify(value, undefined, indent)), 64)
      assert.equal(depth, depthOf(value))
      assert.equal(members, Object.keys(value as object).length)
    }),
    { numRuns: 500 },
  )
})

test('a long text is left at its closing quote, however many backslashes stand before it', () => {
  for (let slashes = 0; slashes < 6; slashes += 1) {
    for (const length of [0, 60, 63, 64, 65, 66, 200]) {
      const text = 'x'.repeat(length) + '\\'.repeat(slashes) + '"{['
      assert.deepEqual(outlineOf(Buffer.from(JSON.stringify({ text, next: [text] })), 64), {
        depth: 2,
        values: 3,
        members: 2,
      })
    }
  }
})

test('it stops at the first level that is too deep', () => {
  assert.equal(outlineOf(Buffer.from('['.repeat(1_000_000)), 64).depth, 65)
})

test('whatever the bytes are, it ends', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const { depth, values: count } = outlineOf(Buffer.from(bytes), 64)
      assert.ok(depth <= 65 && count <= bytes.length)
    }),
  )
})
