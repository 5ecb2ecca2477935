import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { recital } from '../../src/sim/recital.ts'
import { listen } from '../../src/sim/sockets.ts'
import { heardOf, post, wires } from '../e2e/raw.ts'
import { type Ends, open } from '../e2e/rig.ts'
import { Witness } from '../e2e/witness.ts'
import { FaultProxy } from './proxy.ts'

const asked = 'Say 3 words.'

export const connectMs = 300

/** How to reach a server over a way that falls silent when it is told to. */
export interface Way {
  readonly origin: string
  silence(): Promise<void> | void
}

export interface Silence {
  /** How long each took, before and after. */
  readonly beforeMs: readonly number[]
  readonly afterMs: readonly number[]
  /** Tries that failed because nobody answered at all. */
  readonly failed: number
}

/** Asks a gateway with two servers one after another, and the network to one of them falls silent: not even a connection is refused. */
export async function inSilence(t: Ends, wayTo: (origin: string) => Promise<Way>): Promise<Silence> {
  const servers = ['far', 'near'].map((name) => new Witness('vllm', { name }))
  const sockets = await Promise.all(servers.map((server) => listen(server)))
  const way = await wayTo(sockets[0]!.origin)
  let failed = 0
  const { url } = await open(
    t,
    {
      upstreams: [
        { name: 'far', kind: 'vllm', url: way.origin, concurrency: 8 },
        { name: 'near', kind: 'vllm', url: sockets[1]!.origin, concurrency: 8, tier: 1 },
      ],
      timeouts: { connect: connectMs },
      // What is found out is found out by those who ask.
      probe_every: '10m',
    },
    (event) => {
      if (event.type === 'attempt-failed') failed += 1
    },
  )
  t.after(() => Promise.all(sockets.map((socket) => socket.close())))
  const ask = async (): Promise<number> => {
    const startedAt = performance.now()
    const { text } = await heardOf(await post(url, wires[0]!, asked))
    const said = [...text.matchAll(/"content":("(?:[^"\\]|\\.)*")/g)].map(([, word]) => JSON.parse(word!) as string)
    assert.equal(said.join(''), recital(asked), text)
    return performance.now() - startedAt
  }
  const askMany = async (count: number): Promise<number[]> => {
    const tookMs: number[] = []
    for (let i = 0; i < count; i += 1) tookMs.push(await ask())
    return tookMs
  }
  const beforeMs = await askMany(20)
  await way.silence()
  return { beforeMs, afterMs: await askMany(40), failed }
}

/** In a network namespace of its own, a machine at this address goes without a word. */
async function machine(t: Ends, origin: string): Promise<Way> {
  const address = '10.9.9.2'
  const ip = (...words: string[]): void => void execFileSync('ip', words)
  ip('link', 'set', 'lo', 'up')
  ip('link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'veth1')
  for (const name of ['veth0', 'veth1']) ip('link', 'set', name, 'up')
  ip('address', 'add', '10.9.9.1/24', 'dev', 'veth0')
  ip('neighbour', 'add', address, 'lladdr', '02:00:00:00:00:02', 'dev', 'veth0')
  ip('address', 'add', `${address}/32`, 'dev', 'lo')
  const proxy = new FaultProxy(origin, address)
  await proxy.listen()
  t.after(() => proxy.close())
  return {
    origin: proxy.origin,
    silence() {
      proxy.drop()
      ip('address', 'delete', `${address}/32`, 'dev', 'lo')
    },
  }
}

/** As a program, for a namespace: it says what it saw as JSON. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const ends: (() => unknown)[] = []
  const t: Ends = { after: (end) => void ends.push(end) }
  const seen = await inSilence(t, (origin) => machine(t, origin))
  for (const end of ends) await end()
  process.stdout.write(JSON.stringify(seen))
}
