import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { VectorDialect } from '../../src/core/dialect.ts'
import type { Json } from '../../src/core/json.ts'
import type { Inputs, Vectors } from '../../src/core/vectors.ts'
import { canSay } from './abilities.ts'
import { inputsFor, vectorsFor } from './arbitrary.ts'
import { about, compact, type It, overWire } from './dialect.ts'

/** Dialects in which texts are turned into vectors. */
export function vectorSuite(dialect: VectorDialect, peers: readonly VectorDialect[], it: It): void {
  const can = canSay(dialect.id)

  it('a request that is written and read again is the same request', () => {
    fc.assert(fc.property(inputsFor(can), (inputs) => assert.deepEqual(viaWire(inputs, dialect), compact(inputs))))
  })

  it('a request that was written can be looked at', () => {
    fc.assert(
      fc.property(inputsFor(can), (inputs) => {
        const { model, stream, needs, promptTokens } = dialect.glance(overWire(dialect.writeInputs(inputs)))
        assert.deepEqual([model, stream, needs], [inputs.model, false, ['vectors']])
        assert.ok(promptTokens > 0)
      }),
    )
  })

  it('vectors that are written and read again are the same vectors, in numbers and in base64', () => {
    fc.assert(
      fc.property(inputsFor(can), vectorsFor(can), (inputs, vectors) => {
        for (const manner of [{}, { encoding_format: 'float' }, { encoding_format: 'base64' }]) {
          const answer = writeTo(dialect, vectors, { ...dialect.writeInputs(inputs), ...manner })
          assert.equal(dialect.faultIn(answer), undefined)
          assert.deepEqual(readFrom(dialect, answer), compact(vectors))
          const counted = dialect.usageOf(answer)
          assert.equal(counted?.promptTokens, vectors.promptTokens)
          assert.equal(counted?.outputTokens ?? 0, 0)
        }
      }),
    )
  })

  it('what holds no vectors is no answer', () => {
    for (const answer of ['{}', '[]', 'null', 'page', '{"data":[{}]}', '{"embeddings":[["x"]]}', '{"embedding":"?"}'])
      assert.throws(() => dialect.readVectors(Buffer.from(answer)), { name: 'Fault' }, answer)
  })

  for (const peer of peers) {
    const both = canSay(dialect.id, peer.id)

    it(`${peer.id} carries its requests and its vectors`, () => {
      fc.assert(
        fc.property(inputsFor(both), vectorsFor(both), (inputs, vectors) => {
          assert.deepEqual(viaWire(viaWire(inputs, dialect), peer), compact(inputs))
          const carried = dialect.readVectors(writeTo(dialect, vectors, dialect.writeInputs(inputs)))
          const { vectors: heard, promptTokens } = readFrom(peer, writeTo(peer, carried, peer.writeInputs(inputs)))
          assert.deepEqual(heard, vectors.vectors)
          if (both('tokens of texts')) assert.equal(promptTokens, vectors.promptTokens)
        }),
      )
    })
  }
}

const viaWire = (inputs: Inputs, dialect: VectorDialect): Inputs =>
  compact(dialect.readInputs(overWire(dialect.writeInputs(inputs))))

const writeTo = (dialect: VectorDialect, vectors: Vectors, body: Json): Buffer =>
  Buffer.from(JSON.stringify(dialect.writeVectors(vectors, about, body)))

const readFrom = (dialect: VectorDialect, answer: Uint8Array): Vectors => compact(dialect.readVectors(answer))
