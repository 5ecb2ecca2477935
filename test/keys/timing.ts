import { readHolder } from '../../src/config/keys.ts'
import { Callers } from '../../src/keys/callers.ts'
import { newId, newKey } from '../../src/keys/format.ts'
import { BooksKeyring } from '../../src/keys/keyring.ts'
import { pepperIn } from '../../src/keys/pepper.ts'
import type { KeyRow } from '../../src/ledger/jobs/keys.ts'

/** How much longer it takes to refuse keys of one kind than those that nobody ever had: by Welch's t, and on average. */
export interface Distance {
  readonly t: number
  readonly meanNs: number
}

const nowMs = 1_000_000
/** Of each kind, so that nothing hangs on where one of them lies in memory. */
const keysEach = 64

/** Refuses keys again and again, in an order that nobody can foresee, and looks whether that takes longer for some. */
export async function distances(samples: number): Promise<ReadonlyMap<string, Distance>> {
  const pepper = pepperIn({ dataDir: '', env: { SPILLWAY_PEPPER: 'of no use to anybody else'.repeat(2) } })
  const { digest, mark } = pepper.read()!
  const rows: KeyRow[] = []
  const unknown = (): string => newKey({ env: 'live', id: newId() })
  const made = (more: Partial<KeyRow> & { readonly until?: number } = {}): string => {
    const id = newId()
    const key = newKey({ env: 'live', id })
    const { until = null, ...row } = more
    const base = { id, name: id, env: 'live', scopes: '{}', createdAt: 0, createdBy: '', expiresAt: null }
    const secrets = row.revokedAt === undefined ? [{ digest: digest(key), madeAt: 0, endsAt: until }] : []
    rows.push({ ...base, revokedAt: null, secrets, ...row })
    return key
  }
  const wrong = Object.entries({
    unknown,
    'unknown, others': unknown,
    'with the first byte right': () => made().slice(0, 21) + unknown().slice(21),
    'with all but the last right': () => `${made().slice(0, -1)}_`,
    expired: () => made({ expiresAt: nowMs }),
    replaced: () => made({ until: nowMs }),
    revoked: () => made({ revokedAt: nowMs }),
    'from a wrong place': () => made({ scopes: '{"addresses":["10.0.0.0/8"]}' }),
  }).map(([kind, make]) => ({ kind, keys: Array.from({ length: keysEach }, make), times: new Float64Array(samples) }))
  const keyring = new BooksKeyring({
    books: { run: () => Promise.resolve({ version: 1, pepper: mark, keys: rows }) as never },
    pepper,
    world: { sleep: () => new Promise(() => {}) },
    emit: () => {},
    teams: () => noTeams,
    holderOf: readHolder,
  })
  await keyring.look()
  const callers = new Callers({ callers: [] }, { keyring, clock: { epochMs: () => nowMs } })
  const order = [...wrong]
  for (let n = 0; n < samples; n += 1) {
    // Each once, in another order each time: what the machine does meanwhile concerns all of them.
    order.sort(() => Math.random() - 0.5)
    for (const { keys, times } of order) {
      const key = keys[n % keysEach]!
      const startedAt = process.hrtime.bigint()
      try {
        callers.identify(key, '192.0.2.7')
      } catch {
        times[n] = Number(process.hrtime.bigint() - startedAt)
      }
    }
  }
  const [first, ...others] = wrong.map(({ kind, times }) => ({ kind, times: middle(times) }))
  return new Map(others.map(({ kind, times }) => [kind, between(first!.times, times)]))
}

const noTeams = new Map<string, never>()

/** Without those in which the machine did something else. */
const middle = (times: Float64Array): Float64Array =>
  times.toSorted().subarray(Math.floor(times.length * 0.05), Math.ceil(times.length * 0.9))

function between(one: Float64Array, other: Float64Array): Distance {
  const [a, b] = [momentsOf(one), momentsOf(other)]
  const meanNs = b.mean - a.mean
  return { meanNs, t: meanNs / Math.sqrt(a.variance / one.length + b.variance / other.length) }
}

function momentsOf(times: Float64Array): { readonly mean: number; readonly variance: number } {
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length
  return { mean, variance: times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (times.length - 1) }
}
