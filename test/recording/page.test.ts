/** What the page on recordings says to type, typed where something was recorded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spillway } from '../../src/cli/process.test-helper.ts'
import { ofLanguage } from '../house/pages.ts'
import { chat, configFor, ollama, serve } from '../cli/rig.ts'

test('every command of the page works after a gateway has run', async (t) => {
  const { running, cwd, url } = await serve(t, configFor(await ollama(t, { engine: { stepMs: [[1, 1]] } })))
  for (let n = 0; n < 5; n += 1) assert.equal((await chat(url)).status, 200)
  running.child.kill('SIGTERM')
  assert.equal((await running.ended).code, 0)
  const commands = ofLanguage('sh')
    .filter(({ file }) => file.endsWith('guide/recordings.md'))
    .flatMap(({ text }) => text.trim().split('\n'))
  assert.ok(commands.length >= 3)
  for (const command of commands) {
    const [program, ...words] = command.split(' ')
    assert.equal(program, 'spillway')
    const { code, out, err } = await spillway(t, words, { cwd }).ended
    assert.deepEqual([code, err], [0, ''], `${command}\n${out}`)
    assert.match(out, /5/, command)
  }
})
