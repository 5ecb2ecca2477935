import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { test, type TestContext } from 'node:test'
import type { Order, Word } from './supervision.ts'
import { Supervisor } from './supervisor.ts'

/** A process of which only the words are there. */
class Actor extends EventEmitter {
  readonly pid: number
  readonly orders: Order['type'][] = []
  readonly signals: NodeJS.Signals[] = []
  connected = true

  constructor(pid: number) {
    super()
    this.pid = pid
  }

  send(order: Order): void {
    this.orders.push(order.type)
  }

  kill(signal: NodeJS.Signals): void {
    this.signals.push(signal)
  }

  say(type: 'alive' | 'ready'): void {
    this.emit('message', { type } satisfies Word)
  }

  exit(code: number | null, signal: NodeJS.Signals | null = null): void {
    this.connected = false
    this.emit('exit', code, signal)
  }
}

interface Scene {
  readonly supervisor: Supervisor
  readonly actors: readonly Actor[]
  readonly said: readonly string[]
  readonly ends: readonly number[]
  /** Lets time pass; whoever is named says meanwhile that it is alive. */
  readonly pass: (ms: number, ...alive: Actor[]) => void
}

function scene(t: TestContext): Scene {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const [actors, said, ends]: [Actor[], string[], number[]] = [[], [], []]
  const supervisor = new Supervisor({
    start: () => {
      const actor = new Actor(actors.length + 1)
      actors.push(actor)
      return actor as unknown as ChildProcess
    },
    say: (_, text) => said.push(text),
    end: (code) => ends.push(code),
  })
  supervisor.restart()
  const pass: Scene['pass'] = (ms, ...alive) => {
    for (let passed = 0; passed < ms; passed += 250) {
      for (const actor of alive) actor.say('alive')
      t.mock.timers.tick(250)
    }
  }
  return { supervisor, actors, said, ends, pass }
}

/** With one that serves. */
function serving(t: TestContext): Scene & { readonly first: Actor } {
  const made = scene(t)
  const [first] = made.actors
  first!.say('ready')
  return { ...made, first: first! }
}

test('the old one hands over when the new one is ready, and not before', (t) => {
  const { supervisor, actors, first, ends } = serving(t)
  supervisor.restart()
  assert.deepEqual([actors.length, first.orders], [2, []])
  actors[1]!.say('ready')
  assert.deepEqual(first.orders, ['hand-over'])
  first.exit(0)
  assert.deepEqual([actors.length, ends], [2, []])
})

test('a new one that ends before it is ready changes nothing', (t) => {
  const { supervisor, actors, first, said, pass } = serving(t)
  supervisor.restart()
  actors[1]!.exit(1)
  pass(60_000, first)
  assert.deepEqual([actors.length, first.orders, first.signals], [2, [], []])
  assert.deepEqual(said, ['Process 2 ended before it could serve (1); 1 goes on.'])
})

test('a new one that never gets ready is given up after a minute, and the old one goes on', (t) => {
  const { supervisor, actors, first, pass } = serving(t)
  supervisor.restart()
  pass(59_000, first, actors[1]!)
  assert.deepEqual(actors[1]!.signals, [])
  pass(1_000, first, actors[1]!)
  assert.deepEqual([actors[1]!.signals, first.orders], [['SIGKILL'], []])
})

test('asked twice while one starts, it starts one more after that', (t) => {
  const { supervisor, actors } = serving(t)
  supervisor.restart()
  supervisor.restart()
  supervisor.restart()
  assert.equal(actors.length, 2)
  actors[1]!.say('ready')
  assert.equal(actors.length, 3)
  actors[2]!.say('ready')
  assert.deepEqual([actors.length, actors[1]!.orders], [3, ['hand-over']])
})

test('one that crashes is replaced at once; one that crashes again and again, later each time', (t) => {
  const { actors, first, pass } = serving(t)
  first.exit(null, 'SIGSEGV')
  pass(250)
  assert.equal(actors.length, 2)
  const waits: number[] = []
  for (let crash = 0; crash < 9; crash += 1) {
    const before: number = actors.length
    actors.at(-1)!.exit(1)
    let waited = 0
    for (; actors.length === before; waited += 250) pass(250)
    waits.push(waited)
  }
  assert.deepEqual(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  const last = actors.at(-1)!
  last.say('ready')
  pass(60_000, last)
  last.exit(1)
  pass(250)
  assert.notEqual(actors.at(-1), last)
})

test('one that stands still is told of after two seconds, killed after ten, and replaced', (t) => {
  const { actors, first, said, pass } = serving(t)
  pass(5_000, first)
  pass(2_000)
  assert.deepEqual(said, ['Process 1 has stood still for 2 s.'])
  pass(7_000)
  assert.deepEqual(first.signals, [])
  pass(500)
  assert.deepEqual(first.signals, ['SIGKILL'])
  first.exit(null, 'SIGKILL')
  pass(250)
  assert.equal(actors.length, 2)
})

test('one that stood still for three seconds goes on as if nothing had been', (t) => {
  const { actors, first, pass } = serving(t)
  pass(3_000)
  pass(30_000, first)
  assert.deepEqual([first.signals, actors.length], [[], 1])
})

test('what is wrong at the very start ends it with the same code', (t) => {
  const { actors, ends } = scene(t)
  actors[0]!.exit(1)
  assert.deepEqual(ends, [1])
})

test('told to end, it passes that on to all, and ends when the last one has', (t) => {
  const { supervisor, actors, first, ends } = serving(t)
  supervisor.restart()
  actors[1]!.say('ready')
  supervisor.stop('SIGTERM')
  assert.deepEqual([first.signals, actors[1]!.signals], [['SIGTERM'], ['SIGTERM']])
  first.exit(0)
  assert.deepEqual(ends, [])
  actors[1]!.exit(0)
  assert.deepEqual(ends, [0])
})

test('told to end while it waits to start another, it starts none', (t) => {
  const { supervisor, actors, first, ends, pass } = serving(t)
  first.exit(1)
  supervisor.stop('SIGTERM')
  pass(1_000)
  assert.deepEqual([actors.length, ends], [1, [0]])
})

test('SIGHUP is for the one that serves', (t) => {
  const { supervisor, actors, first } = serving(t)
  supervisor.restart()
  actors[1]!.say('ready')
  supervisor.pass('SIGHUP')
  assert.deepEqual([first.signals, actors[1]!.signals], [[], ['SIGHUP']])
})
