import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import type { Fault } from '../../src/core/fault.ts'
import { gather } from '../../src/dialects/answer.ts'
import type { Fixture } from '../conformance/fixtures.ts'
import { hear } from '../conformance/replay.ts'
import { endsOf } from './frames.ts'
import type { Heard } from './listeners/index.ts'
import { Passage, type Passed } from './passage.ts'
import type { Scene } from './scenes.ts'

/**
 * Cuts a recorded stream in two, and cuts off what comes behind: however it came, the caller hears the same, and when it
 * did not come whole, as much as came and then that it broke.
 */
export async function holdWhereverCut(scene: Scene, offsets: Iterable<number>): Promise<void> {
  const { body } = scene.exchange
  const passage = new Passage(scene)
  const verdict = new Verdict(scene, await passage.send([body]))
  for (const at of offsets) {
    const inTwo = await passage.send([body.subarray(0, at), body.subarray(at)])
    verdict.onTwo(inTwo, at)
    verdict.onTorn(await passage.send([body.subarray(0, at)]), at, inTwo.before)
  }
}

/** Behind which byte its end may be believed, and behind which there is no doubt. Never, for one that broke. */
interface Sure {
  readonly believed: number
  readonly certain: number
}

function sureOf({ path, body }: Fixture, isWhole: boolean): Sure {
  if (!isWhole) return { believed: Infinity, certain: Infinity }
  const text = body.toString('latin1')
  const lineEnd = (word: string): number => text.indexOf('\n', text.lastIndexOf(word))
  if (path.startsWith('/api/')) return { believed: lineEnd('"done":true'), certain: lineEnd('"done":true') }
  if (path === '/v1/messages') return { believed: lineEnd('"message_stop"'), certain: lineEnd('"message_stop"') }
  if (path === '/v1/responses')
    return { believed: lineEnd('"response.completed"'), certain: lineEnd('"response.completed"') }
  // Some servers never say more than why they stopped.
  const reason = /"finish_reason":"/.exec(text)!.index
  return { believed: text.indexOf('\n', reason), certain: lineEnd('data: [DONE]') }
}

class Verdict {
  readonly #scene: Scene
  readonly #whole: Passed
  readonly #heard: Heard | undefined
  readonly #sure: Sure
  readonly #ends: readonly number[]
  /** Beginnings that were looked at. */
  readonly #known = new Set<string>()

  constructor(scene: Scene, whole: Passed) {
    const { exchange, fact } = scene
    this.#scene = scene
    this.#whole = whole
    this.#ends = endsOf(exchange)
    const isWhole = fact.reason !== undefined
    this.#sure = sureOf(exchange, isWhole)
    assert.equal(whole.fault === undefined, isWhole, `${scene.name}: ${whole.fault?.message}`)
    if (isWhole && !this.#passes) this.#heard = this.#hear(whole.out)
  }

  /** In two pieces it is what it was in one. */
  onTwo({ out, fault }: Passed, at: number): void {
    this.#hold(out.equals(this.#whole.out), at, 'is something else in two pieces', out)
    this.#hold(fault?.kind === this.#whole.fault?.kind, at, 'ends in another way in two pieces', out)
  }

  /** `before` is how much the caller had of it when the rest was still to come. */
  onTorn({ out, fault }: Passed, at: number, before: number): void {
    const { believed, certain } = this.#sure
    if (fault === undefined) {
      this.#hold(at >= believed, at, 'looks finished and is not', out)
      if (this.#isNew(out, 'whole')) this.#judgeWhole(out, at)
      return
    }
    this.#hold(at < certain, at, `is called broken and is whole (${fault.message})`, out)
    this.#hold(out.equals(this.#whole.out.subarray(0, out.length)), at, 'goes another way', out)
    this.#hold(out.length >= before, at, 'loses what had come', out)
    if (this.#isNew(out, `torn behind ${this.#came(at)}`)) this.#judgeTorn(out, fault, at)
  }

  /** The bytes of frames of which not one is missing. */
  #came(at: number): number {
    return this.#ends.findLast((end) => end <= at) ?? 0
  }

  get #passes(): boolean {
    const { caller, from, stream } = this.#scene
    return caller === from && stream
  }

  #judgeWhole(out: Buffer, at: number): void {
    if (this.#passes) {
      // Where the server said no more than why it stopped, no more is passed on.
      const said = this.#whole.out.subarray(0, out.length)
      return this.#hold(out.equals(said), at, 'is whole and says something else', out)
    }
    const { usage, ...heard } = this.#hear(out)
    const { usage: counted, ...expected } = this.#heard!
    this.#hold(isDeepStrictEqual(heard, expected), at, 'is whole and says something else', out)
    // The counts may come behind the reason.
    if (at >= this.#sure.certain) this.#hold(isDeepStrictEqual(usage, counted), at, 'counts something else', out)
  }

  #judgeTorn(out: Buffer, fault: Fault, at: number): void {
    const { caller, from, listener, exchange, fact, stream } = this.#scene
    if (!stream) return this.#hold(out.length === 0, at, 'is half an answer', out)
    assert.ok(caller.form === 'talk' && from.form === 'talk')
    this.#hold(out.length === 0 || out.toString().endsWith(caller.frameEnd), at, 'ends within a frame', out)
    if (this.#passes || out.length === 0) return
    const heard = listener.hearStream(out.toString() + caller.faultFrame(fault))
    this.#hold(!heard.isWhole && heard.fault !== undefined, at, 'is not told to be broken', out)
    const came = gather(hear(from, { ...exchange, body: exchange.body.subarray(0, at) }).parts)
    // What may still turn out to be a tag is no text yet.
    if (fact.sorted === undefined) this.#hold(heard.text === came.text, at, 'loses words', out)
  }

  #hear(out: Buffer): Heard {
    const { listener, stream } = this.#scene
    const text = out.toString()
    return stream ? listener.hearStream(text) : listener.hearWhole(JSON.parse(text) as unknown)
  }

  #isNew(out: Buffer, what: string): boolean {
    const key = `${out.length} ${what}`
    if (this.#known.has(key)) return false
    this.#known.add(key)
    return true
  }

  #hold(isSo: boolean, at: number, what: string, out: Buffer): void {
    if (isSo) return
    const { name, exchange } = this.#scene
    const behind = JSON.stringify(exchange.body.subarray(Math.max(0, at - 60), at).toString())
    const tail = JSON.stringify(out.toString().slice(-200))
    assert.fail(`${name}, cut at byte ${at} behind ${behind}, ${what}: … ${tail}`)
  }
}
