import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spillway } from '../../src/cli/process.test-helper.ts'
import { model } from './rig.ts'

test('the demo in a pipe prints a line to paste, answers it, counts what it did, and ends by itself', async (t) => {
  const running = spillway(t, ['demo', '--seconds', '4'])
  const [, url, header, body] = await running.says(/^curl (\S+) -H '([^']+)' -d '([^']+)'$/m)
  const [name, value] = header!.split(': ')
  const answer = await fetch(url!, { method: 'POST', headers: { [name!]: value! }, body: body! })
  assert.equal(answer.status, 200)
  const said = (await answer.json()) as { model: string; choices: { message: { content: string } }[] }
  assert.equal(said.model, model)
  assert.notEqual(said.choices[0]!.message.content, '')
  await running.says(/^\d+\.\d req\/s {2}\d+ tok\/s {2}running \d+ {2}queued \d+/m)
  const { code, out, err } = await running.ended
  assert.deepEqual([code, err], [0, ''])
  const [, answered] = /^Ended\. (\d+) requests were answered\.$/m.exec(out) ?? assert.fail(out)
  assert.ok(Number(answered) > 0)
})

test('a time that is none is refused before anything is begun', async (t) => {
  const { code, out, err } = await spillway(t, ['demo', '--seconds', 'soon']).ended
  assert.deepEqual([code, out], [1, ''])
  assert.match(err, /'soon' is invalid\. It has to be a number above 0\./)
})
