import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Served, chat, configFor, ollama, serve } from './rig.ts'
import { type Ends, spillway } from '../../src/cli/process.test-helper.ts'

interface Told {
  readonly rows: readonly { readonly caller: string; readonly requests: number; readonly output_tokens: number }[]
}

/** What the command says, and nobody else. */
async function reported(t: Ends, { cwd }: Pick<Served, 'cwd'>): Promise<Told['rows']> {
  const { code, out, err } = await spillway(t, ['report', '--by', 'caller', '--json'], { cwd }).ended
  assert.deepEqual([code, err], [0, ''])
  return (JSON.parse(out) as Told).rows
}

test('a report is the same beside a gateway that runs, from the gateway, and after it has gone', async (t) => {
  const served = await serve(t, configFor(await ollama(t), 'data_dir: data\n'))
  for (let i = 0; i < 3; i += 1) await (await chat(served.url)).text()
  const asked = async (): Promise<Told['rows']> => {
    const answer = await fetch(`${served.adminUrl}/api/report?by=caller`)
    return ((await answer.json()) as Told).rows
  }
  let rows: Told['rows'] = []
  // They are in the journal at once, and in the books a moment later.
  for (let looks = 0; looks < 100 && rows[0]?.requests !== 3; looks += 1) {
    rows = await asked()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.deepEqual([rows.length, rows[0]?.caller, rows[0]?.requests], [1, 'anonymous', 3])
  assert.ok(rows[0]!.output_tokens > 0)
  assert.deepEqual(await reported(t, served), rows)
  served.running.child.kill('SIGTERM')
  await served.running.ended
  assert.deepEqual(await reported(t, served), rows)
})
