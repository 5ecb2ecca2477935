import { createHash } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/load.ts'
import type { Ends } from '../../src/cli/process.test-helper.ts'
import { type Chance, chanceOf } from '../../src/sim/chance.ts'
import { Crowd, type Fate, model, steadyConfig, steadyServer, type Tempo } from './crowd.ts'
import { serve } from './rig.ts'

export interface Reloads {
  readonly count: number
  readonly seed: number
  readonly streams: number
  readonly tempo: Tempo
}

export interface ReloadsReport extends Fate {
  readonly taken: number
  readonly refused: number
  /** From the change until it is served by, or refused. */
  readonly tookMs: readonly number[]
  /** What was not as it has to be. */
  readonly wrong: readonly string[]
}

interface Status {
  readonly config: {
    readonly sha256: string
    readonly taken_at: string
    readonly refused: { readonly at: string; readonly problems: readonly string[] } | null
  }
}

/**
 * A gateway whose configuration changes all the time, every other time to one with a fault in it, by three ways in turn: the
 * file is written or another put in its place, SIGHUP, the admin port. Streams run through it all the while.
 */
export async function reloads(t: Ends, { count, seed, streams, tempo }: Reloads): Promise<ReloadsReport> {
  const chance = chanceOf(seed, 'reloads')
  const base = steadyConfig(await steadyServer(t, tempo))
  const [watched, told] = await Promise.all([serve(t, base), serve(t, base, ['--no-watch'])])
  const crowds = [watched, told].map(({ url }) => new Crowd(url, tempo, streams / 2))
  const tookMs: number[] = []
  const wrong: string[] = []
  const counts = { taken: 0, refused: 0 }
  const good = new Map([watched, told].map((served) => [served, base]))
  for (let at = 0; at < count; at += 1) {
    const served = at % 3 === 0 ? watched : told
    const text = at % 2 === 0 ? changed(base, at, chance) : broken(changed(base, at, chance), chance)
    const before = await statusOf(served.adminUrl)
    const startedAt = performance.now()
    const file = join(served.cwd, 'spillway.yaml')
    if (chance() < 0.5) writeFileSync(file, text)
    else {
      writeFileSync(`${file}.new`, text)
      renameSync(`${file}.new`, file)
    }
    if (at % 3 === 1) served.running.child.kill('SIGHUP')
    if (at % 3 === 2) await fetch(`${served.adminUrl}/api/reload`, { method: 'POST' })
    const isGood = at % 2 === 0
    const isDone = ({ config }: Status): boolean =>
      isGood
        ? config.sha256 === hashOf(text) && config.refused === null
        : config.refused !== null && config.refused.at !== before.config.refused?.at
    let now = before
    while (!isDone(now) && performance.now() - startedAt < 5_000) {
      await new Promise((resolve) => setTimeout(resolve, 2))
      now = await statusOf(served.adminUrl)
    }
    tookMs.push(performance.now() - startedAt)
    if (!isDone(now)) wrong.push(`reload ${at}: not told within 5 s`)
    if (isGood) good.set(served, text)
    if (now.config.sha256 !== hashOf(good.get(served)!)) wrong.push(`reload ${at}: serves by another configuration`)
    if (!isGood && !now.config.refused?.problems.every((problem) => /^spillway\.yaml(?::\d+:\d+)? /.test(problem)))
      wrong.push(`reload ${at}: ${now.config.refused?.problems.join(' / ')}`)
    counts[isGood ? 'taken' : 'refused'] += 1
  }
  const [one, other] = await Promise.all(crowds.map((crowd) => crowd.end()))
  for (const { running } of [watched, told]) {
    running.child.kill('SIGTERM')
    await running.ended
  }
  return {
    whole: one!.whole + other!.whole,
    reused: one!.reused + other!.reused,
    failures: [...one!.failures, ...other!.failures],
    ...counts,
    tookMs,
    wrong,
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

const statusOf = async (adminUrl: string): Promise<Status> =>
  (await (await fetch(`${adminUrl}/api/status`)).json()) as Status

/** Another one under which the same callers are served by the same server; each time one that was not there before. */
function changed(base: string, at: number, chance: Chance): string {
  const more = [
    `attempts: ${1 + Math.floor(chance() * 5)}\n`,
    `timeouts: { gap: ${30 + Math.floor(chance() * 60)}s, connect: 2s }\n`,
    `log: { level: ${chance() < 0.5 ? 'warn' : 'debug'} }\n`,
    `models: { "${model}": { cloud: never } }\n`,
    `fallback_models: { other: [${model}] }\n`,
  ].filter(() => chance() < 0.5)
  const second = '  - { name: second, kind: vllm, url: "http://127.0.0.1:1", models: { serve: { other: other } } }\n'
  return `${base}${chance() < 0.5 ? second : ''}${more.join('')}# ${at}\n`
}

/** One with a fault: a few characters are lost, doubled, or others. */
function broken(good: string, chance: Chance): string {
  for (;;) {
    let text = good
    for (let cuts = 1 + Math.floor(chance() * 3); cuts > 0; cuts -= 1) {
      const from = Math.floor(chance() * text.length)
      const length = 1 + Math.floor(chance() * 12)
      const put = [text.slice(from, from + 2 * length), '', '\t', ': ', '"', '{', '- '][Math.floor(chance() * 7)]!
      text = text.slice(0, from) + put + text.slice(from + length)
    }
    if (!loads(text)) return text
  }
}

function loads(text: string): boolean {
  try {
    loadConfig(text, { file: 'spillway.yaml', env: {} })
    return true
  } catch {
    return false
  }
}
