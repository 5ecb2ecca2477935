import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SqliteBooks } from '../../src/ledger/sqlite.ts'
import { chanceOf } from '../../src/sim/chance.ts'

const mortal = fileURLToPath(new URL('audit-mortal.ts', import.meta.url))

export interface AuditKills {
  readonly kills: number
  /** Changes that were said to be done, or to have failed. */
  readonly said: number
  /** Sentences: what must not be. */
  readonly wrong: readonly string[]
}

/** An operator's program that is killed again and again while it changes things, until so many are done. */
export async function killOperators(changes: number, seed: number): Promise<AuditKills> {
  const dataDir = mkdtempSync(join(tmpdir(), 'spillway-audit-kills-'))
  const chance = chanceOf(seed, 'kills')
  const said: string[] = []
  let kills = 0
  try {
    for (; said.length < changes; kills += 1) said.push(...(await live(dataDir, kills, 5 + chance() * 250)))
    return { kills, said: said.length, wrong: await lookThrough(dataDir, said) }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** What one said before it was killed, so long after its first word. */
async function live(dataDir: string, life: number, afterMs: number): Promise<readonly string[]> {
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'spillway-compiled') }
  const child = spawn(process.execPath, [mortal, dataDir, String(life)], { stdio: ['ignore', 'pipe', 'inherit'], env })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    if (text === '') setTimeout(() => child.kill('SIGKILL'), afterMs)
    text += more
  })
  await once(child, 'close')
  // A word that was not said to its end was not said.
  return text.split('\n').slice(0, -1)
}

async function lookThrough(dataDir: string, said: readonly string[]): Promise<readonly string[]> {
  const books = new SqliteBooks(join(dataDir, 'ledger.db'))
  try {
    const rows = await books.run('listAudit', { most: 10_000_000 })
    const lines = Map.groupBy(rows, ({ actor }) => actor)
    const { keys } = await books.run('keysSince', 0)
    const made = new Set(
      rows.filter(({ action, result }) => action === 'key.create' && result === 'ok').map(({ after }) => after),
    )
    const { brokenAt, why } = await books.run('verifyAudit')
    return [
      ...said.filter((actor) => !lines.has(actor)).map((actor) => `${actor} was done and has no line`),
      ...Array.from(lines).flatMap(([actor, of]) => (of.length > 1 ? [`${actor} has ${of.length} lines`] : [])),
      ...keys.filter(({ id }) => !made.has(id)).map(({ id }) => `nobody knows who made the key ${id}`),
      ...(brokenAt === undefined ? [] : [`line ${brokenAt} is wrong: ${why}`]),
    ]
  } finally {
    await books.close()
  }
}
