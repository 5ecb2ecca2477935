import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import { suite, test } from 'node:test'
import type { ConnectionCut } from '../core/event.ts'
import { Watchdog } from '../core/watchdog.ts'
import { FakeWorld } from '../fleet/fake-world.test-helper.ts'
import { Readers } from './readers.ts'

/** Someone who has been written so many bytes, and takes them when told to. */
class Listener extends EventEmitter {
  destroyed = false
  writableNeedDrain = true
  writableFinished = false
  writableLength: number
  readonly gone = new AbortController()

  constructor(writableLength: number) {
    super()
    this.writableLength = writableLength
  }

  get response(): ServerResponse {
    return Object.assign(this, { socket: this, req: { socket: this } }) as unknown as ServerResponse
  }

  takes(): void {
    this.writableLength = 0
    this.writableNeedDrain = false
    this.emit('drain')
  }

  destroy(): void {
    this.destroyed = true
    this.gone.abort()
    this.emit('close')
  }
}

interface Hall {
  readonly readers: Readers
  readonly world: FakeWorld
  readonly cuts: ConnectionCut[]
  /** Resolves true when the wait for it is over. */
  readonly write: (listener: Listener) => Promise<true>
}

function hall(unreadBytes = 1_000): Hall {
  const world = new FakeWorld()
  const cuts: ConnectionCut[] = []
  const readers = new Readers({
    now: () => world.now(),
    watchdog: new Watchdog(world),
    bounds: () => ({ readerStallMs: 30_000, unreadBytes }),
    onCut: (why) => cuts.push(why),
  })
  const write = async (listener: Listener): Promise<true> => {
    await readers.drained(listener as unknown as Writable, listener.response, listener.gone.signal)
    return true
  }
  return { readers, world, cuts, write }
}

suite('Slow readers', () => {
  test('are waited for until they have caught up', async () => {
    const { readers, world, cuts, write } = hall()
    const listener = new Listener(100)
    const caughtUp = write(listener)
    await world.advance(29_000)
    assert.deepEqual([readers.size, readers.unreadBytes], [1, 100])
    listener.takes()
    assert.equal(await caughtUp, true)
    await world.advance(60_000)
    assert.deepEqual([readers.size, readers.unreadBytes, cuts, listener.destroyed], [0, 0, [], false])
  })

  test('are sent away when they have not caught up in time, though they read a little now and then', async () => {
    const { readers, world, cuts, write } = hall()
    const listener = new Listener(100)
    const over = write(listener)
    for (let at = 0; at < 31; at += 1) {
      listener.writableLength -= 1
      await world.advance(1_000)
    }
    assert.equal(await over, true)
    assert.deepEqual([listener.destroyed, cuts, readers.size, readers.unreadBytes], [true, ['stalled'], 0, 0])
  })

  test('have each time anew as long as the first time', async () => {
    const { world, cuts, write } = hall()
    const listener = new Listener(100)
    for (let at = 0; at < 5; at += 1) {
      listener.writableNeedDrain = true
      const caughtUp = write(listener)
      await world.advance(20_000)
      listener.takes()
      await caughtUp
    }
    assert.deepEqual([listener.destroyed, cuts], [false, []])
  })

  test('go, the longest first, when too much waits for all of them', async () => {
    const { readers, cuts, write } = hall(1_000)
    const listeners = [400, 500, 300, 1_000].map((bytes) => new Listener(bytes))
    const over: Promise<true>[] = []
    const left: boolean[][] = []
    for (const listener of listeners) {
      over.push(write(listener))
      left.push(listeners.map(({ destroyed }) => destroyed))
    }
    assert.deepEqual(left.slice(1), [
      [false, false, false, false],
      [true, false, false, false],
      [true, true, true, false],
    ])
    assert.deepEqual([cuts, readers.unreadBytes], [['unread', 'unread', 'unread'], 1_000])
    await Promise.all(over.slice(0, 3))
  })

  test('who leave are forgotten', async () => {
    const { readers, world, cuts, write } = hall()
    const listener = new Listener(100)
    const over = write(listener)
    listener.destroy()
    assert.equal(await over, true)
    await world.advance(60_000)
    assert.deepEqual([readers.size, readers.unreadBytes, cuts], [0, 0, []])
  })

  test('of the end of an answer have as long for that', async () => {
    const { readers, world, cuts } = hall()
    const [slow, quick] = [new Listener(100), new Listener(100)]
    for (const { response } of [slow, quick]) readers.flush(response)
    await world.advance(10_000)
    quick.emit('finish')
    assert.equal(readers.size, 1)
    await world.advance(21_000)
    assert.deepEqual([slow.destroyed, quick.destroyed, cuts, readers.size], [true, false, ['stalled'], 0])
  })
})
