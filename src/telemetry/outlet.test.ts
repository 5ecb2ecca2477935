import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Outlet } from './outlet.ts'

type Done = (error: NodeJS.ErrnoException | null, written: number) => void

/** A place to write to that takes what it is told to take. */
function placeThat(): {
  outlet: Outlet
  out: string[]
  given: () => string | undefined
  takes: (bytes?: number) => void
  fails: (code: string) => void
} {
  const out: string[] = []
  let given: { bytes: Buffer; done: Done } | undefined
  const outlet = new Outlet(-1, {
    write: (bytes, done) => {
      given = { bytes, done }
    },
    waitingMaxBytes: 20,
    restMs: 0,
    gatherMs: 0,
  })
  const answer = (act: (one: { bytes: Buffer; done: Done }) => void): void => {
    const one = given!
    given = undefined
    act(one)
  }
  return {
    outlet,
    out,
    given: () => given?.bytes.toString(),
    takes: (count) =>
      answer(({ bytes, done }) => {
        const written = count ?? bytes.length
        out.push(bytes.toString('utf8', 0, written))
        done(null, written)
      }),
    fails: (code) => answer(({ done }) => done(Object.assign(new Error(code), { code }), 0)),
  }
}

const rested = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

suite('Lines on their way out', () => {
  test('go one after the other, those that came meanwhile together', () => {
    const { outlet, out, takes, given } = placeThat()
    for (const line of ['a\n', 'b\n', 'c\n']) outlet.write(line)
    assert.equal(given(), 'a\n')
    takes()
    assert.equal(given(), 'b\nc\n')
    takes(1)
    takes()
    assert.deepEqual([out.join(''), given(), outlet.dropped], ['a\nb\nc\n', undefined, 0])
  })

  test('the first goes at once, and those of the next moment together', async () => {
    const given: string[] = []
    const outlet = new Outlet(-1, {
      write: (bytes, done) => {
        given.push(bytes.toString())
        done(null, bytes.length)
      },
      gatherMs: 30,
    })
    for (const line of ['a\n', 'b\n', 'c\n']) outlet.write(line)
    assert.deepEqual(given, ['a\n'])
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.deepEqual(given, ['a\n', 'b\nc\n'])
  })

  test('are dropped and counted when nobody takes them, and those that fit again are not', () => {
    const { outlet, out, takes } = placeThat()
    outlet.write('0123456789\n')
    outlet.write('abcdefg\n')
    outlet.write('x\ny\n')
    assert.equal(outlet.dropped, 2)
    takes()
    takes()
    outlet.write('z\n')
    takes()
    assert.deepEqual([out.join(''), outlet.dropped], ['0123456789\nabcdefg\nz\n', 2])
  })

  test('are tried again where a pipe is only full', async () => {
    const { outlet, out, takes, fails } = placeThat()
    outlet.write('a\n')
    fails('EAGAIN')
    await rested()
    takes()
    assert.deepEqual([out.join(''), outlet.dropped], ['a\n', 0])
  })

  test('are lost where the disk is full, and the next ones are written as soon as it is not', async () => {
    const { outlet, out, takes, fails, given } = placeThat()
    outlet.write('a\n')
    outlet.write('b\nc\n')
    fails('ENOSPC')
    await rested()
    fails('ENOSPC')
    await rested()
    assert.deepEqual([outlet.dropped, given()], [3, undefined])
    outlet.write('d\n')
    takes()
    assert.deepEqual([out.join(''), outlet.dropped], ['d\n', 3])
  })

  test('that were cut off in the middle do not spoil the next one', async () => {
    const { outlet, out, takes, fails } = placeThat()
    outlet.write('abcdef\n')
    takes(3)
    fails('ENOSPC')
    outlet.write('next\n')
    await rested()
    takes()
    assert.deepEqual([out.join(''), outlet.dropped], ['abc\nnext\n', 1])
  })
})
