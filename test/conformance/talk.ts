import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { TalkDialect } from '../../src/core/dialect.ts'
import { Fault } from '../../src/core/fault.ts'
import type { Part, TokenLogprob } from '../../src/core/part.ts'
import type { Prompt } from '../../src/core/prompt.ts'
import { gather } from '../../src/dialects/answer.ts'
import { collectFrom, translate, type Seen } from '../../src/dialects/translate.ts'
import { type Can, canSay } from './abilities.ts'
import { answersFor, cutAt, promptsFor, textsFor } from './arbitrary.ts'
import { about, compact, faultKinds, type It, overWire } from './dialect.ts'
import { counted, framesOf, merged } from './replay.ts'

/** Dialects in which models speak: what is asked, what is answered, and both in the company of the others. */
export function talkSuite(dialect: TalkDialect, peers: readonly TalkDialect[], it: It): void {
  const alone = requestsIn([dialect])
  const answers = answersOf(dialect)

  it('a request that is written and read again is the same request', () => {
    fc.assert(fc.property(alone, (prompt) => assert.deepEqual(plain(viaWire(prompt, dialect)), plain(prompt))))
  })

  it('a request that was written can be looked at', () => {
    fc.assert(
      fc.property(alone, (prompt) => {
        const glance = dialect.glance(overWire(dialect.writePrompt(prompt)))
        assert.deepEqual(
          [glance.model, glance.stream, glance.outputTokensMax],
          [prompt.model, prompt.stream, prompt.outputTokensMax],
        )
        assert.ok(glance.promptTokens > 0)
        assert.equal(glance.needs[0], prompt.text === undefined ? 'chat' : 'text')
        assert.equal(glance.needs.includes('infill'), prompt.text?.after !== undefined)
        assert.equal(glance.needs.includes('tools'), prompt.tools.length > 0 && prompt.toolChoice?.type !== 'none')
      }),
    )
  })

  it('an answer that is written and read again is the same answer', () => {
    fc.assert(
      fc.property(answers, (parts) => {
        const read = dialect.partReader()
        assert.deepEqual(settled(framesOf(dialect, [written(parts, dialect)]).flatMap(read)), settled(parts))
      }),
    )
  })

  it('an answer in one piece says what its parts say', () => {
    fc.assert(
      fc.property(answers, (parts) => {
        const whole = JSON.stringify(dialect.collect(parts, about))
        assert.deepEqual(heard(dialect.partReader()(whole)), heard(parts))
        assert.deepEqual(counted(dialect.usageOf(Buffer.from(whole))), counted(gather(parts).usage))
        assert.equal(dialect.faultIn(Buffer.from(whole)), undefined)
      }),
    )
  })

  it('a fault reads as an error in mid-stream, and whoever watches the stream sees it', () => {
    for (const kind of faultKinds) {
      const frame = dialect.faultFrame(new Fault(kind, 'Something is "wrong".'))
      assert.ok(frame.endsWith(dialect.frameEnd))
      assert.throws(() => framesOf(dialect, [Buffer.from(frame)]).flatMap(dialect.partReader()), Fault)
      const watcher = dialect.watcher({ hideUsage: false, rename: undefined })
      assert.equal(watcher.see(Buffer.from(frame)), undefined)
      assert.ok(watcher.fault !== undefined && !watcher.ended)
    }
  })

  for (const peer of peers.filter(({ tasks }) => tasks.some((task) => dialect.tasks.includes(task)))) {
    const both = [dialect, peer]

    it(`${peer.id} carries its requests, as far as there are words for them`, () => {
      fc.assert(
        fc.property(requestsIn(both), (prompt) =>
          assert.deepEqual(plain(viaWire(viaWire(prompt, dialect), peer)), plain(prompt)),
        ),
      )
    })

    it(`${peer.id} carries its answers however they are cut: words, tools, thoughts, counts`, async () => {
      await fc.assert(
        fc.asyncProperty(answersOf(...both), fc.array(fc.nat(), { maxLength: 4 }), async (parts, cuts) => {
          const chunks = cutAt(written(parts, dialect), cuts)
          const translating = { from: dialect, to: peer, about, oneCall: false }
          const seen: Seen = { usage: undefined, frames: 0, ended: false }
          const out = await bytesOf(translate(flowing(chunks), translating, seen))
          assert.deepEqual(settled(framesOf(peer, [out]).flatMap(peer.partReader())), settled(parts))
          assert.equal(seen.ended, true)
          assert.deepEqual(counted(seen.usage), counted(gather(parts).usage))
          const whole = await collectFrom(flowing(chunks), translating, { frames: 0, ended: false })
          assert.deepEqual(heard(peer.partReader()(JSON.stringify(whole))), heard(parts))
        }),
      )
    })

    it(`${peer.id} tells its calls apart when it speaks of them in turns`, async () => {
      if (!canSay(dialect.id, peer.id)('tools') || !canSay(dialect.id)('calls in turns')) return
      const parts = inTurns
      const translating = { from: dialect, to: peer, about, oneCall: false }
      const out = await bytesOf(translate(flowing([written(parts, dialect)]), translating, { frames: 0, ended: false }))
      assert.deepEqual(heard(framesOf(peer, [out]).flatMap(peer.partReader())), heard(parts))
    })
  }
}

/** Two calls of which the server speaks piece by piece, now of the one and now of the other. */
const inTurns: readonly Part[] = [
  { type: 'text-delta', text: 'Let me look.' },
  { type: 'tool-start', index: 0, id: 'call_a', name: 'get_weather' },
  { type: 'tool-start', index: 1, id: 'call_b', name: 'get_time' },
  { type: 'tool-delta', index: 0, arguments: '{"city":' },
  { type: 'tool-delta', index: 1, arguments: '{"zone":"C' },
  { type: 'tool-delta', index: 0, arguments: '"Paris"}' },
  { type: 'tool-delta', index: 1, arguments: 'ET"}' },
  { type: 'finish', reason: 'tool-calls' },
  { type: 'usage', usage: { promptTokens: 66, outputTokens: 20 } },
  { type: 'end' },
]

function requestsIn(dialects: readonly TalkDialect[]): fc.Arbitrary<Prompt> {
  const can = canSay(...dialects.map(({ id }) => id))
  const kinds = [
    ...(dialects.every(({ tasks }) => tasks.includes('chat')) ? [promptsFor(can)] : []),
    ...(dialects.every(({ tasks }) => tasks.includes('text')) ? [textsFor(can)] : []),
  ]
  return fc.oneof(...kinds)
}

const answersOf = (...dialects: readonly TalkDialect[]): fc.Arbitrary<readonly Part[]> => {
  const can: Can = canSay(...dialects.map(({ id }) => id))
  return answersFor(can)
}

const viaWire = (prompt: Prompt, dialect: TalkDialect): Prompt =>
  dialect.readPrompt(overWire(dialect.writePrompt(prompt)))

/** Without the name that one dialect must give a schema and others have no room for. */
function plain(prompt: Prompt): Prompt {
  const { format, toolChoice } = prompt
  return compact({
    ...prompt,
    format: format?.type === 'json-schema' ? { ...format, name: undefined } : format,
    // It is what goes without saying.
    toolChoice: toolChoice?.type === 'auto' ? undefined : toolChoice,
    // Of no calls at all there are no two at once.
    parallelTools: toolChoice?.type === 'none' ? undefined : prompt.parallelTools,
  })
}

/** However texts were cut, and whether the counts came before the reason or behind it. */
function settled(parts: readonly Part[]): readonly Part[] {
  const all = merged(parts).map((part) =>
    part.type === 'text-delta' && part.logprobs !== undefined ? { ...part, logprobs: spelt(part.logprobs) } : part,
  )
  return compact([
    ...all.filter(({ type }) => type !== 'usage' && type !== 'end'),
    // The last count is the one that counts.
    ...all.flatMap((part) => (part.type === 'usage' ? [{ ...part, usage: counted(part.usage)! }] : [])).slice(-1),
    ...all.filter(({ type }) => type === 'end'),
  ])
}

/** Tokens without their bytes, where these are no other than those of their text. */
const spelt = (tokens: readonly TokenLogprob[]): readonly TokenLogprob[] =>
  tokens.map(({ token, logprob, bytes, top }) => ({
    token,
    logprob,
    bytes: bytes !== undefined && Buffer.from(bytes).equals(Buffer.from(token)) ? undefined : bytes,
    top: top && spelt(top),
  }))

function heard(parts: Iterable<Part>): object {
  const answer = gather(parts)
  return compact({ ...answer, usage: counted(answer.usage), logprobs: answer.logprobs && spelt(answer.logprobs) })
}

const written = (parts: readonly Part[], dialect: TalkDialect): Buffer =>
  Buffer.from(parts.map(dialect.partWriter(about)).join(''))

async function* flowing(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(body))
}
