import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dayAccount } from '../../src/ledger/entries.test-helper.ts'
import { realTime } from '../../src/ledger/ledger.test-helper.ts'
import { openLedger } from '../../src/ledger/open.ts'
import { chanceOf } from '../../src/sim/chance.ts'

const mortal = fileURLToPath(new URL('mortal.ts', import.meta.url))

/** What was heard of a process before it was killed. */
interface Life {
  readonly said: readonly string[]
  readonly readyMs: number | undefined
}

export interface Kills {
  readonly kills: number
  /** Answers that were seen whole, and those of them that cost money. */
  readonly whole: number
  readonly paid: number
  /** Tries that had left when their process was killed. */
  readonly orphans: number
  readonly readyMs: readonly number[]
  /** Sentences: what must not be. */
  readonly wrong: readonly string[]
}

const limitNano = 40_000

/**
 * One ledger, whose process is killed again and again at moments that come by chance, and then looked through. After so long no
 * further process is started.
 */
export async function killAgainAndAgain(kills: number, seed: number, enoughMs = Infinity): Promise<Kills> {
  const begun = performance.now()
  const dataDir = mkdtempSync(join(tmpdir(), 'spillway-kills-'))
  const chance = chanceOf(seed, 'kills')
  try {
    const lives: Life[] = []
    for (let n = 0; n < kills && performance.now() - begun < enoughMs; n += 1) {
      // Some while they begin and clear up after the last one; most of them at work.
      const wait = chance() < 0.25 ? { fromStartMs: chance() * 300 } : { afterLines: 1 + Math.floor(chance() * 60) }
      const thread = chance() < 0.1
      lives.push(await live([dataDir, `${seed * 100_000 + n}`, `${limitNano}`, thread ? 'thread' : ''], wait))
    }
    return await lookThrough(dataDir, lives)
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

function live(words: readonly string[], wait: { fromStartMs: number } | { afterLines: number }): Promise<Life> {
  const child = spawn(process.execPath, [mortal, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'spillway-compiled') },
  })
  const kill = (): void => void child.kill('SIGKILL')
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more
    // However fast the machine is, so much has been done by then.
    if ('afterLines' in wait && text.split('\n').length > wait.afterLines) kill()
  })
  if ('fromStartMs' in wait) setTimeout(kill, wait.fromStartMs)
  return new Promise((resolve) => {
    child.on('close', () => {
      const said = text.split('\n').slice(0, -1)
      const [, readyMs] = said[0]?.split(' ') ?? []
      resolve({ said, readyMs: readyMs === undefined ? undefined : Number(readyMs) })
    })
  })
}

async function lookThrough(dataDir: string, lives: readonly Life[]): Promise<Kills> {
  const { ledger, books, ready, close } = await openLedger({ dataDir, world: realTime, emit: () => {} })
  await ready
  try {
    const wrong: string[] = []
    const said = lives.flatMap((life) => life.said.map((line) => line.split(' ')))
    for (const [word, ms, ...held] of said) {
      if (word === 'ready' && held.some((nano) => nano !== '0')) wrong.push(`After ${ms} ms still held: ${held.join()}`)
    }
    const entries = await books.run('entriesAfter', 0, Number.MAX_SAFE_INTEGER)
    const byId = Map.groupBy(entries, ({ id }) => id)
    const whole = said.filter(([word]) => word === 'whole')
    for (const [, id = '', nano] of whole) {
      const rows = byId.get(id) ?? []
      if (rows.length !== 1) wrong.push(`${id} was seen whole and has ${rows.length} rows.`)
      else if (rows[0]!.nano !== Number(nano)) wrong.push(`${id} cost ${nano}, and its row says ${rows[0]!.nano}.`)
    }
    for (const [word, id = ''] of said) {
      const state = byId.get(id)?.[0]?.state
      if (word === 'left' && state !== 'settled') wrong.push(`${id} had left and is ${state ?? 'not there'}.`)
    }
    for (const [id, rows] of byId) if (rows.length > 1) wrong.push(`${id} has ${rows.length} rows.`)
    const nano = entries.reduce((sum, entry) => sum + entry.nano, 0)
    for (const { name, spentNano, heldNano } of await ledger.standings([
      dayAccount(limitNano),
      dayAccount(limitNano, 'caller:ui/day'),
    ])) {
      if (heldNano !== 0) wrong.push(`${name} still holds ${heldNano}.`)
      if (spentNano !== nano) wrong.push(`${name} has spent ${spentNano}, and its rows say ${nano}.`)
      if (spentNano > limitNano) wrong.push(`${name} has spent ${spentNano} of ${limitNano}.`)
    }
    return {
      kills: lives.length,
      whole: whole.length,
      paid: whole.filter(([, , cost]) => cost !== '0').length,
      orphans: entries.filter(({ fault }) => fault !== undefined).length,
      readyMs: lives.flatMap(({ readyMs }) => readyMs ?? []),
      wrong,
    }
  } finally {
    await close()
  }
}
