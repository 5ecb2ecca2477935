import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AnswerAbout, Dialect } from '../../src/core/dialect.ts'
import { Fault, type FaultKind } from '../../src/core/fault.ts'
import type { Json } from '../../src/core/json.ts'
import type { Part } from '../../src/core/part.ts'
import type { Prompt } from '../../src/core/prompt.ts'
import { gather } from '../../src/dialects/answer.ts'
import { collectFrom, translate, type Seen } from '../../src/dialects/translate.ts'
import { answers, cutAt, prompts } from './arbitrary.ts'
import type { Fixture } from './fixtures.ts'
import { framesOf, hear, merged, passOn } from './replay.ts'

const about: AnswerAbout = {
  id: 'ask-1',
  model: 'a "model"',
  createdMs: 1_763_700_000_000,
  wantsUsage: true,
  epochMs: () => 1_763_700_000_250,
}

/** What any dialect must hold to, alone and in the company of the others. `recorded` are exchanges of real servers that speak it. */
export function dialectSuite(dialect: Dialect, peers: readonly Dialect[], recorded: readonly Fixture[]): void {
  const it = (sentence: string, run: () => void | Promise<void>): void => void test(`${dialect.id}: ${sentence}`, run)

  it('a request that is written and read again is the same request', () => {
    fc.assert(fc.property(prompts, (prompt) => assert.deepEqual(plain(viaWire(prompt, dialect)), prompt)))
  })

  it('a request that was written can be looked at', () => {
    fc.assert(
      fc.property(prompts, (prompt) => {
        const glance = dialect.glance(overWire(dialect.writePrompt(prompt)))
        assert.deepEqual(
          [glance.model, glance.stream, glance.outputTokensMax],
          [prompt.model, prompt.stream, prompt.outputTokensMax],
        )
        assert.ok(glance.promptTokens > 0)
      }),
    )
  })

  it('an answer that is written and read again is the same answer', () => {
    fc.assert(
      fc.property(answers, (parts) => {
        const read = dialect.partReader()
        assert.deepEqual(merged(framesOf(dialect, [written(parts, dialect)]).flatMap(read)), merged(parts))
      }),
    )
  })

  it('an answer in one piece says what its parts say', () => {
    fc.assert(
      fc.property(answers, (parts) => {
        const whole = JSON.stringify(dialect.collect(parts, about))
        assert.deepEqual(gather(dialect.partReader()(whole)), gather(parts))
        assert.deepEqual(dialect.usageOf(Buffer.from(whole)), gather(parts).usage)
        assert.equal(dialect.faultIn(Buffer.from(whole)), undefined)
      }),
    )
  })

  for (const peer of peers) {
    it(`${peer.id} carries its requests: messages, pictures, tools, thoughts, limits`, () => {
      fc.assert(
        fc.property(prompts, (prompt) => assert.deepEqual(plain(viaWire(viaWire(prompt, dialect), peer)), prompt)),
      )
    })

    it(`${peer.id} carries its answers however they are cut: text, tools, thoughts, counts`, async () => {
      await fc.assert(
        fc.asyncProperty(answers, fc.array(fc.nat(), { maxLength: 4 }), async (parts, cuts) => {
          const chunks = cutAt(written(parts, dialect), cuts)
          const seen: Seen = { usage: undefined, frames: 0, ended: false }
          const out = await bytesOf(translate(flowing(chunks), dialect, peer, about, seen))
          assert.deepEqual(merged(framesOf(peer, [out]).flatMap(peer.partReader())), merged(parts))
          assert.equal(seen.ended, true)
          assert.deepEqual(seen.usage, gather(parts).usage)
          const whole = await collectFrom(flowing(chunks), dialect, peer, about, { frames: 0, ended: false })
          assert.deepEqual(gather(peer.partReader()(JSON.stringify(whole))), gather(parts))
        }),
      )
    })
  }

  it('every kind of fault has a code and a sentence in its errors, and reads as an error in mid-stream', () => {
    for (const kind of faultKinds) {
      const fault = new Fault(kind, 'Something is "wrong".')
      assert.ok(JSON.stringify(dialect.writeFault(fault)).includes(`"${fault.code}"`))
      const frame = dialect.faultFrame(fault)
      assert.ok(frame.endsWith(dialect.frameEnd))
      assert.throws(() => framesOf(dialect, [Buffer.from(frame)]).flatMap(dialect.partReader()), Fault)
      const watcher = dialect.watcher({ hideUsage: false, rename: undefined })
      assert.equal(watcher.see(Buffer.from(frame)), undefined)
      assert.ok(watcher.fault !== undefined && !watcher.ended)
    }
  })

  it('what is no request is refused as the fault of the caller', () => {
    const faulty: Json[] = [
      {},
      { model: 5, messages: [] },
      { model: '', messages: [] },
      { model: 'm', messages: 'hi' },
      { model: 'm', messages: [null] },
      { model: 'm', messages: [{ content: 'hi' }] },
      { model: 'm', messages: [{ role: 'user', content: 5 }] },
      { model: 'm', messages: [{ role: 'user', content: 'hi' }], stream: 'yes' },
    ]
    for (const body of faulty)
      assert.throws(() => dialect.glance(body), { name: 'Fault', kind: 'bad-request' }, JSON.stringify(body))
  })

  const streams = recorded.filter((fixture) => fixture.isStream && fixture.status === 200)

  it('every recorded stream reads the same wherever the network cut it', () => {
    for (const { name, chunks } of streams) {
      const frames = chunks.map((chunk) => framesOf(dialect, [chunk]))
      chunks.forEach((chunk, at) => {
        // Frames know nothing of each other, so that their neighbours stand for the whole stream.
        const before = chunks[at - 1] ?? Buffer.alloc(0)
        const after = chunks[at + 1] ?? Buffer.alloc(0)
        const expected = [frames[at - 1] ?? [], frames[at]!, frames[at + 1] ?? []].flat()
        for (let cut = 0; cut <= chunk.length; cut += 1) {
          const cutChunks = [
            Buffer.concat([before, chunk.subarray(0, cut)]),
            Buffer.concat([chunk.subarray(cut), after]),
          ]
          assert.deepEqual(framesOf(dialect, cutChunks), expected, `${name}, chunk ${at} cut at byte ${cut}`)
        }
      })
    }
  })

  it('every recorded stream is passed on byte for byte, and watching it tells what reading all of it tells', () => {
    for (const fixture of streams) {
      const { parts, frames, fault } = hear(dialect, fixture)
      for (const chunks of [fixture.chunks, [fixture.body], bytewise(fixture.body)]) {
        const { meter, out } = passOn(dialect, chunks)
        const { watcher } = meter
        assert.deepEqual(watcher.usage, gather(parts).usage, fixture.name)
        assert.equal(watcher.frames, frames, fixture.name)
        assert.equal(
          watcher.ended,
          parts.some(({ type }) => type === 'end'),
          fixture.name,
        )
        assert.equal(watcher.fault?.kind, fault?.kind, fixture.name)
        if (watcher.ended) assert.ok(out.equals(fixture.body), fixture.name)
        else assert.ok(fixture.body.subarray(0, out.length).equals(out), fixture.name)
      }
    }
  })

  it('a recorded stream with another name for its model differs in nothing else', () => {
    for (const fixture of streams) {
      const from = /"model":"([^"]+)"/.exec(fixture.body.toString())?.[1]
      if (from === undefined) continue
      const { out } = passOn(dialect, fixture.chunks, { rename: { from, to: 'Ü "x"' } })
      const renamed = out.toString().replaceAll('"model":"Ü \\"x\\""', `"model":"${from}"`)
      assert.ok(!out.toString().includes(`"model":"${from}"`), fixture.name)
      assert.equal(renamed, passOn(dialect, fixture.chunks).out.toString(), fixture.name)
    }
  })
}

const faultKinds: readonly FaultKind[] = [
  'bad-request',
  'context-overflow',
  'unauthorized',
  'forbidden',
  'no-such-model',
  'no-such-route',
  'wrong-method',
  'too-large',
  'wrong-type',
  'queue-full',
  'patience-spent',
  'rate-limited',
  'over-budget',
  'cancelled',
  'internal',
  'not-supported',
  'upstream-refused',
  'upstream-broke',
  'upstream-denied',
  'upstream-busy',
  'no-upstream',
  'shutting-down',
  'upstream-slow',
]

const overWire = (body: Json): Json => JSON.parse(JSON.stringify(body)) as Json

const viaWire = (prompt: Prompt, dialect: Dialect): Prompt => dialect.readPrompt(overWire(dialect.writePrompt(prompt)))

/** Without the name that one dialect must give a schema and others have no room for. */
function plain(prompt: Prompt): Prompt {
  return prompt.format?.type === 'json-schema' ? { ...prompt, format: { ...prompt.format, name: undefined } } : prompt
}

const written = (parts: readonly Part[], dialect: Dialect): Buffer =>
  Buffer.from(parts.map(dialect.partWriter(about)).join(''))

async function* flowing(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(body))
}

const bytewise = (body: Buffer): Buffer[] => Array.from(body, (_, at) => body.subarray(at, at + 1))
