import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { PartPlan } from '../../bench/report/part.ts'
import { Troupe } from '../../bench/report/troupe.ts'
import { planOf } from './plan.ts'

const script = join(import.meta.dirname, 'player.ts')

function troupe(): { readonly played: Troupe; readonly said: string[] } {
  const said: string[] = []
  const onlooker = {
    began: ({ name }: PartPlan) => void said.push(`${name} began`),
    doing: ({ name }: PartPlan, what: string) => void said.push(`${name}: ${what}`),
    ended: ({ name }: Pick<PartPlan, 'name'>) => void said.push(`${name} ended`),
  }
  return { played: new Troupe({ quick: true, seeds: undefined }, onlooker, script), said }
}

/** Whether it still runs; one that has ended and whose parent has not looked does not. */
function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

async function areGone(pids: readonly number[]): Promise<boolean> {
  for (let left = 200; left > 0 && pids.some(runs); left -= 1) await wait(50)
  return !pids.some(runs)
}

const pidsIn = (said: string): number[] => /pids (\d+) (\d+)/.exec(said)!.slice(1).map(Number)

test('parts come back in their order, with what they found and what never came', async () => {
  const { played, said } = troupe()
  const parts = await played.play([planOf('good'), planOf('good', { name: 'good', kind: 'virtual' })])
  assert.deepEqual(
    parts.map(({ title, notMeasured }) => [title, notMeasured]),
    [
      ['About good', ['nothing to measure']],
      ['About good', ['nothing to measure']],
    ],
  )
  assert.equal(parts[0]!.conclusions[0]!.value, Infinity)
  assert.ok(said.includes('good: something'))
})

test('a part that breaks is reported as not measured, with its last words', async () => {
  const [part] = await troupe().played.play([planOf('broken')])
  assert.deepEqual(part!.notMeasured, ['it ended with 1: TypeError: this part is broken'])
})

test('a part that takes too long is ended with all it started, and reported as not measured', async (t) => {
  if (process.platform !== 'linux') return t.skip('process groups are looked at in /proc')
  const { played, said } = troupe()
  const [part] = await played.play([planOf('endless', { atMostMs: 5_000 })])
  assert.match(part!.notMeasured[0]!, /it was ended after/)
  const told = said.find((line) => line.includes('pids'))
  assert.ok(told !== undefined, 'the part did not come to start anything in its time')
  assert.ok(await areGone(pidsIn(told)))
})

test('whoever interrupts the benchmark leaves no process behind', async (t) => {
  if (process.platform !== 'linux') return t.skip('process groups are looked at in /proc')
  const driver = spawn(process.execPath, [join(import.meta.dirname, 'driver.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = (await once(driver.stdout, 'data')) as [Buffer]
  const pids = pidsIn(said.toString())
  assert.ok(pids.every(runs))
  driver.kill('SIGINT')
  await once(driver, 'exit')
  assert.ok(await areGone(pids))
})
