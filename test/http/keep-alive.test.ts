import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { post, wires } from '../e2e/raw.ts'
import { endless, stage } from '../e2e/rig.ts'

const skip = existsSync('/proc/net/tcp') ? false : 'the kernel does not tell its timers here'

/** The timers of the connections that this process has accepted at a port: 2 is that of keep-alive. */
function timersAt(port: number): { readonly kind: number; readonly inMs: number }[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const found = readFileSync('/proc/net/tcp', 'utf8').matchAll(
    new RegExp(`^ *\\d+: [0-9A-F]{8}:${hex} \\S+ 01 \\S+ ([0-9A-F]{2}):([0-9A-F]{8}) `, 'gm'),
  )
  return Array.from(found, ([, kind, jiffies]) => ({
    kind: Number.parseInt(kind!, 16),
    inMs: Number.parseInt(jiffies!, 16) * 10,
  }))
}

test(
  'a caller, or a server, that vanishes without a word while nothing is sent is asked for after half a minute',
  { skip },
  async (t) => {
    const { server, url } = await stage(t, 'vllm')
    server.freeze()
    const leaving = new AbortController()
    const reply = post(url, wires[0]!, endless, { stream: false, signal: leaving.signal })
    reply.catch(() => {})
    const port = Number(new URL(url).port)
    let timers = timersAt(port)
    for (let look = 0; look < 200 && !timers.some(({ kind }) => kind === 2); look += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      timers = timersAt(port)
    }
    const watched = timers.filter(({ kind }) => kind === 2)
    assert.equal(watched.length, 1)
    assert.ok(watched[0]!.inMs > 0 && watched[0]!.inMs <= 31_000, `${watched[0]!.inMs} ms`)
    leaving.abort()
    server.thaw()
  },
)
