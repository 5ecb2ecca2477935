/** What the page on callers says to paste, pasted in its order. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../../scripts/import-graph.ts'
import { folderWith, spillway } from '../../src/cli/process.test-helper.ts'
import { readKey } from '../../src/keys/format.ts'
import { ofLanguage } from '../house/pages.ts'
import { keyedHouse } from './house.ts'

const page = 'docs/guide/callers.md'
const blocks = (language: string): readonly string[] =>
  ofLanguage(language).flatMap(({ file, text }) => (file === page ? [text] : []))

test('the commands of the page do what it says, and a key is alone on standard output', async (t) => {
  const cwd = folderWith(t, {})
  const commands = blocks('sh').flatMap((text) => text.trim().split('\n'))
  assert.ok(commands.length >= 9)
  for (const command of commands) {
    const [, rest = ''] = /^npm run spillway -- (keys .*)$/.exec(command) ?? []
    const words = Array.from(rest.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, bare]) => quoted ?? bare!)
    const { code, out, err } = await spillway(t, words, { cwd }).ended
    assert.equal(code, 0, `${command}: ${err}`)
    if (words[1] === 'create' || words[1] === 'rotate') assert.ok(readKey(out.trimEnd()), out)
    else assert.doesNotMatch(out, /sk-sw-\w+-\w{8}-\w/)
  }
  const { out } = await spillway(t, ['keys', 'list', '--all', '--json'], { cwd }).ended
  const { keys } = JSON.parse(out) as { keys: { name: string; state: string; models?: string[] }[] }
  assert.deepEqual(
    keys.map(({ name, state, models }) => [name, state, models]),
    [
      ['chat-ui', 'live', undefined],
      ['ci', 'revoked', undefined],
      ['agents', 'live', ['llama*', 'qwen3:8b']],
    ],
  )
})

test('the requests of the page get good answers from an admin port', async (t) => {
  const house = await keyedHouse(t)
  let id = ''
  const requests = blocks('http')
  assert.equal(requests.length, 5)
  for (const text of requests) {
    const [, method = '', path = '', body] = /^(\w+) (\S+)\n([^]*)$/.exec(text) ?? []
    const asked = body === '' || body === undefined ? undefined : (JSON.parse(body) as object)
    const answer = await house.admin(method, path.replace('ID', id), asked)
    assert.ok(answer.ok, `${text}: ${answer.status}`)
    const told = (await answer.json()) as { id?: string; key?: string }
    id ||= told.id ?? ''
    assert.equal('key' in told, method === 'POST')
  }
  assert.match(id, /^\w{8}$/)
})

test('every flag that the page names is one, and every word in JSON is in the schema', () => {
  const text = readFileSync(join(root, page), 'utf8')
  const command = readFileSync(join(root, 'src/cli/keys.ts'), 'utf8')
  const flags = new Set(Array.from(text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g), ([flag]) => flag))
  assert.ok(flags.size >= 18)
  for (const flag of flags) assert.ok(command.includes(`'${flag}`), flag)
  const schema = readFileSync(join(root, 'src/config/schema-callers.ts'), 'utf8')
  const words = Array.from(text.matchAll(/^\| `--[^|]*\| `(\w+):/gm), ([, word]) => word!)
  assert.ok(words.length >= 10)
  for (const word of words) assert.match(schema, new RegExp(`^ +${word}:`, 'm'), word)
})
