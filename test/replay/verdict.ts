import assert from 'node:assert/strict'
import { Fault } from '../../src/core/fault.ts'
import type { Outcome } from '../../src/core/reply.ts'
import { gather } from '../../src/dialects/answer.ts'
import { canSay } from '../conformance/abilities.ts'
import { counted, hear } from '../conformance/replay.ts'
import type { Answer } from './client.ts'
import type { Heard, Told } from './listeners/index.ts'
import type { Scene } from './scenes.ts'

/** Holds what a caller got, and what the gateway made of it, against what a person read in the recording. */
export function judge(scene: Scene, answer: Answer, outcome: Outcome | undefined): void {
  const { fact, stream, caller, from, exchange } = scene
  assert.ok(answer.isComplete, 'the transfer itself is whole')
  assert.notEqual(outcome, undefined, 'the ask was settled')
  if (isWhole(scene)) {
    assert.equal(answer.status, 200, answer.body.toString())
    assert.equal(outcome!.fault, undefined)
    if (caller === from && stream === exchange.isStream) judgeBytes(scene, answer.body)
    else judgeWords(scene, answer.body)
    if (fact.usage !== undefined) {
      const { estimated, ...usage } = outcome!.usage
      assert.deepEqual(
        [counted(usage), estimated],
        [counted(fact.usage), undefined],
        'the gateway counts as the server does',
      )
    }
    return
  }
  const expected = faultOf(scene)
  assert.deepEqual([outcome!.fault?.status, outcome!.fault?.code], [expected.status, expected.code])
  if (stream && hasSpoken(scene)) judgeBreak(scene, answer, expected)
  else judgeRefusal(scene, answer, expected)
}

/** It said why it ended, or was no answer that has to. */
const isWhole = ({ fact }: Pick<Scene, 'fact'>): boolean =>
  fact.fault === undefined && (fact.reason !== undefined || fact.vectors !== undefined)

const hasSpoken = ({ fact: { text = '', thinking = '', calls = [] } }: Scene): boolean =>
  text !== '' || thinking !== '' || calls.length > 0

/** What the gateway is to make of it. */
function faultOf({ fact, exchange: { end } }: Scene): Fault {
  const { fault: kind = end === 'abort' || end === 'timeout' ? 'upstream-slow' : 'upstream-broke', status, code } = fact
  return new Fault(kind, 'expected', { status, code })
}

/** Nothing is changed that passes, unless the model has another name for the caller. */
function judgeBytes(scene: Scene, body: Buffer): void {
  assert.equal(body.toString(), passing(scene).toString())
}

/** Comments before the first word are not passed on: until then another server may still take over. */
const passing = ({ exchange, name, served }: Scene): Buffer =>
  Buffer.from(
    exchange.body
      .toString()
      .replace(/^(?::.*\n\n)+/, '')
      .replaceAll(`"model":"${served}"`, `"model":"${name}"`),
  )

/** Thoughts that stand in the text stay there for a caller who speaks as the server does. */
const wordsFor = ({ fact, caller, from }: Scene): { readonly text: string; readonly thinking: string } => {
  const { text = '', thinking = '' } = { ...fact, ...(caller !== from && fact.sorted) }
  return { text, thinking }
}

function judgeWords(scene: Scene, body: Buffer): void {
  const { listener, stream, name } = scene
  const heard = stream
    ? listener.hearStream(body.toString())
    : listener.hearWhole(JSON.parse(body.toString()) as unknown)
  assert.ok(heard.isWhole)
  assert.equal(heard.fault, undefined)
  if (heard.model !== undefined) assert.equal(heard.model, name, 'the model is called what the caller calls it')
  judgeContent(scene, heard)
}

function judgeContent(scene: Scene, heard: Heard): void {
  const { fact, listener, caller } = scene
  const { vectors, reason, usage } = fact
  if (vectors !== undefined) {
    assert.equal(heard.vectors.length, vectors.count)
    for (const vector of heard.vectors) assert.equal(vector.length, vectors.dimensions)
    const [number] = heard.vectors[0] ?? []
    if (vectors.first !== undefined)
      assert.ok(Math.abs(number! - vectors.first) < 1e-6, `${number} is ${vectors.first}`)
  } else {
    const { text, thinking } = wordsFor(scene)
    assert.equal(heard.text, text)
    assert.equal(heard.thinking, canSay(caller.id)('thoughts') ? thinking : '')
    assert.deepEqual(heard.calls, fact.calls ?? [])
    assert.equal(new Set(heard.ids).size, heard.calls.length, 'every call has an id of its own')
    assert.equal(heard.reason, listener.reasons[reason!])
  }
  if (usage === undefined || !canSay(caller.id)('tokens of texts')) return
  assert.deepEqual([heard.usage?.prompt, heard.usage?.output], [usage.promptTokens, usage.outputTokens])
  // None from the cache is often not worth a word.
  if (canSay(caller.id)('cached tokens')) assert.equal(heard.usage?.cached ?? 0, usage.cachedTokens ?? 0)
}

function judgeRefusal(scene: Scene, { status, headers, body }: Answer, fault: Fault): void {
  const { listener } = scene
  assert.ok(listener.statuses(fault.status).includes(status), `${status} for ${fault.status}: ${body.toString()}`)
  assert.match(String(headers['content-type']), /^application\/json/)
  judgeTold(scene, listener.hearRefusal(JSON.parse(body.toString())), fault)
}

/** What was said came through, once and in order, and then the caller is told that it was not all. */
function judgeBreak(scene: Scene, { status, body }: Answer, fault: Fault): void {
  assert.equal(status, 200)
  const { listener, caller, from, exchange, fact } = scene
  if (caller !== from) {
    const heard = listener.hearStream(body.toString())
    const { text, thinking } = wordsFor(scene)
    assert.deepEqual([heard.text, heard.thinking], [text, thinking])
    assert.equal(heard.isWhole, false, 'it does not look finished')
    judgeTold(scene, heard.fault, fault)
    return
  }
  assert.ok(caller.form === 'talk')
  const passed = commonStart(body, passing(scene))
  const { parts } = hear(caller, { ...exchange, body: passed })
  const { text, thinking } = gather(parts)
  assert.deepEqual([text, thinking], [fact.text ?? '', fact.thinking ?? ''])
  assert.ok(parts.every(({ type }) => type !== 'finish' && type !== 'end'))
  judgeTold(scene, listener.hearBreak(body.subarray(passed.length).toString()), fault)
}

/** Whole frames only. */
function commonStart(body: Buffer, recorded: Buffer): Buffer {
  let at = 0
  while (at < body.length && body[at] === recorded[at]) at += 1
  const feed = body.lastIndexOf(body.includes('\n\n') ? '\n\n' : '\n', at - 1)
  return body.subarray(0, feed === -1 ? 0 : feed + (body.includes('\n\n') ? 2 : 1))
}

function judgeTold({ listener, fact }: Scene, told: Told | undefined, fault: Fault): void {
  assert.notEqual(told, undefined, 'the caller is told')
  const word = listener.word(fault)
  if (word !== undefined) assert.equal(told!.word, word)
  assert.match(told!.message, /\w+ \w+/)
  // Agents read the numbers to shorten what they ask.
  if (fact.tokens !== undefined) {
    assert.match(told!.message, new RegExp(`\\b${fact.tokens.prompt}\\b`))
    assert.match(told!.message, new RegExp(`\\b${fact.tokens.max}\\b`))
  }
}
