import { readHolder } from '../../src/config/keys.ts'
import { Callers } from '../../src/keys/callers.ts'
import { newId, newKey } from '../../src/keys/format.ts'
import { BooksKeyring } from '../../src/keys/keyring.ts'
import { pepperIn } from '../../src/keys/pepper.ts'
import type { KeyRow } from '../../src/ledger/jobs/keys.ts'

/** How much longer it takes to refuse keys of one kind than those that nobody ever had: on average, and against chance. */
export interface Distance {
  readonly meanNs: number
  readonly t: number
}

const nowMs = 1_000_000
/** Of each kind, so that nothing hangs on where one of them lies in memory. */
const keysEach = 64

/** In each round other keys lie elsewhere in memory, which makes more of a difference than anything that is right of them. */
const samplesEach = 5_000

/** Refuses keys again and again, in an order that nobody can foresee, and looks whether that takes longer for some. */
export async function distances(samples: number): Promise<ReadonlyMap<string, Distance>> {
  const rounds = Math.max(10, Math.ceil(samples / samplesEach))
  const means = new Map<string, number[]>()
  for (let round = 0; round < rounds; round += 1) {
    for (const [kind, mean] of await meansOf(samplesEach)) means.set(kind, [...(means.get(kind) ?? []), mean])
  }
  const [[, first] = ['', []], ...others] = means
  return new Map(others.map(([kind, other]) => [kind, between(first, other)]))
}

/** How long a refusal takes, by what is wrong with the key. */
async function meansOf(samples: number): Promise<readonly (readonly [kind: string, meanNs: number])[]> {
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
  }).map(([kind, make]) => ({
    kind,
    keys: Array.from({ length: keysEach }, () => asSent(make())),
    times: new Float64Array(samples),
  }))
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
  return wrong.map(({ kind, times }) => [kind, momentsOf(middle(times)).mean])
}

/** In one piece, whatever it was put together from: so it comes over a socket. */
const asSent = (key: string): string => Buffer.from(key).toString()

const noTeams = new Map<string, never>()

/** Without those in which the machine did something else. */
const middle = (times: Float64Array): readonly number[] =>
  Array.from(times)
    .sort((a, b) => a - b)
    .slice(Math.floor(times.length * 0.05), Math.ceil(times.length * 0.9))

/** Round by round, since some of them pass while the machine is busier. */
function between(one: readonly number[], other: readonly number[]): Distance {
  const { mean, variance } = momentsOf(other.map((time, round) => time - one[round]!))
  return { meanNs: mean, t: mean / Math.sqrt(variance / one.length) }
}

function momentsOf(times: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length
  return { mean, variance: times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (times.length - 1) }
}
