import assert from 'node:assert/strict'
import type { TalkDialect } from '../../src/core/dialect.ts'
import { gather } from '../../src/dialects/answer.ts'
import type { It } from './dialect.ts'
import type { Fixture } from './fixtures.ts'
import { counted, framesOf, hear, passOn } from './replay.ts'

/** Recorded streams of real servers, wherever the network cut them, and watched as they pass. */
export function streamSuite(dialect: TalkDialect, streams: readonly Fixture[], it: It): void {
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
        const isWhole = parts.some(({ type }) => type === 'end')
        assert.equal(watcher.frames, frames, fixture.name)
        assert.equal(watcher.ended, isWhole, fixture.name)
        assert.equal(watcher.fault?.kind, fault?.kind, fixture.name)
        if (isWhole) {
          assert.deepEqual(counted(watcher.usage), counted(gather(parts).usage), fixture.name)
          assert.ok(out.equals(fixture.body), fixture.name)
        } else assert.ok(fixture.body.subarray(0, out.length).equals(out), fixture.name)
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

const bytewise = (body: Buffer): Buffer[] => Array.from(body, (_, at) => body.subarray(at, at + 1))
