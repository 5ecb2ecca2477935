import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigInput } from '../../src/config/schema.ts'
import type { Event } from '../../src/core/event.ts'
import type { Gateway } from '../../src/gateway.ts'
import { listen } from '../../src/sim/sockets.ts'
import { type Ends, open } from '../e2e/rig.ts'
import { Witness } from '../e2e/witness.ts'

export interface KeyedHouse {
  readonly url: string
  readonly adminUrl: string
  readonly gateway: Gateway
  readonly server: Witness
  readonly events: readonly Event[]
  readonly dataDir: string
  /** Makes a key by the admin API. */
  readonly make: (wish: object) => Promise<{ readonly id: string; readonly key: string }>
  readonly admin: (method: string, path: string, body?: object) => Promise<Response>
}

/** A gateway with a ledger of its own, as `spillway serve` opens it, in front of a simulated server. */
export async function keyedHouse(t: Ends, config: Partial<ConfigInput> = {}): Promise<KeyedHouse> {
  const dataDir = mkdtempSync(join(tmpdir(), 'spillway-house-'))
  const server = new Witness('ollama')
  const socket = await listen(server)
  const upstreams = [{ name: 'box', kind: 'ollama', url: socket.origin, concurrency: 16 }]
  const events: Event[] = []
  const hear = (event: Event): void => void events.push(event)
  const { url, adminUrl, gateway } = await open(t, { upstreams, ...config }, hear, dataDir)
  t.after(async () => {
    await socket.close()
    rmSync(dataDir, { recursive: true, force: true })
  })
  const admin = (method: string, path: string, body?: object): Promise<Response> =>
    fetch(`${adminUrl}${path}`, { method, ...(body !== undefined && { body: JSON.stringify(body) }) })
  return {
    url,
    adminUrl,
    gateway,
    server,
    events,
    dataDir,
    admin,
    async make(wish) {
      const made = await admin('POST', '/api/keys', wish)
      assert.equal(made.status, 201, await made.clone().text())
      return (await made.json()) as { id: string; key: string }
    },
  }
}
