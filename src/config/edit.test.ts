import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { type Edited, withConcurrency } from './edit.ts'
import { ConfigFault, sentence } from './problem.ts'
import { writeConcurrency } from './write.ts'

const edited = (text: string, upstream = 'box', env: Record<string, string> = {}): Edited =>
  withConcurrency(text, { file: 'spillway.yaml', env, upstream, concurrency: 4 })

const block = `# Ours.
upstreams:
  # The one below the desk.
  - name: box # small
    kind: ollama
    url: "http://127.0.0.1:11434" # here
    concurrency: auto # found out
    tier: 0
  - { name: other, kind: vllm, url: "http://127.0.0.1:8000", }

queue: { max: 20 }
`

test('a value that stands there is replaced, and no other byte', () => {
  const { text, ...line } = edited(block)
  assert.equal(text, block.replace('concurrency: auto', 'concurrency: 4'))
  assert.deepEqual(line, {
    line: 7,
    before: '    concurrency: auto # found out',
    after: '    concurrency: 4 # found out',
  })
})

test('one that does not stand there is a line behind the address, or stands at the end of the braces', () => {
  const without = block.replace('    concurrency: auto # found out\n', '')
  const { text, ...line } = edited(without)
  assert.equal(text, block.replace('concurrency: auto # found out', 'concurrency: 4'))
  assert.deepEqual(line, { line: 7, before: undefined, after: '    concurrency: 4' })
  assert.equal(
    edited(block, 'other').text,
    block.replace('"http://127.0.0.1:8000", }', '"http://127.0.0.1:8000", concurrency: 4, }'),
  )
})

test('line ends, marks and a missing last line feed stay as they are', () => {
  const without = block.replace('    concurrency: auto # found out\n', '')
  const windows = `\uFEFF${without.replaceAll('\n', '\r\n')}`
  assert.equal(edited(windows).text, windows.replace('11434" # here\r\n', '11434" # here\r\n    concurrency: 4\r\n'))
  const short = 'upstreams:\n- kind: ollama\n  name: box\n  url: http://127.0.0.1:1'
  assert.equal(edited(`\uFEFF${short}`).text, `\uFEFF${short}\n  concurrency: 4`)
  const first = 'upstreams:\n  - url: http://127.0.0.1:1\n    kind: ollama\n    name: box\n'
  assert.equal(edited(first).text, first.replace(':1\n', ':1\n    concurrency: 4\n'))
})

test('a name may come from the environment, a concurrency that does is left alone', () => {
  const named = 'upstreams:\n  - { name: ${BOX}, kind: ollama, url: "${URL}" }\n'
  const env = { BOX: 'box', URL: 'http://127.0.0.1:1', PLACES: '2' }
  assert.equal(edited(named, 'box', env).text, named.replace('"${URL}" ', '"${URL}", concurrency: 4 '))
  const placed = named.replace(' }', ', concurrency: ${PLACES} }')
  assert.throws(() => edited(placed, 'box', env), saying('concurrency of box is ${PLACES}; set it there, to 4'))
})

test('what is used in several places is not changed in one', () => {
  const shared =
    'upstreams:\n  - { name: box, kind: ollama, url: "http://127.0.0.1:1", concurrency: &places 2 }\n' +
    '  - { name: other, kind: ollama, url: "http://127.0.0.1:2", concurrency: *places }\n'
  assert.throws(() => edited(shared), saying('is used elsewhere as well; set concurrency of box to 4 by hand'))
  assert.equal(edited(shared, 'other').text, shared.replace('*places', '4'))
})

test('the file keeps its mode and its links, and nothing is left beside it', (t) => {
  const folder = folderFor(t)
  const [file, link] = [join(folder, 'real.yaml'), join(folder, 'spillway.yaml')]
  writeFileSync(file, block)
  chmodSync(file, 0o640)
  symlinkSync('real.yaml', link)
  writeConcurrency({ file: link, env: {}, upstream: 'box', concurrency: 7 })
  assert.equal(readFileSync(file, 'utf8'), block.replace('concurrency: auto', 'concurrency: 7'))
  assert.equal(statSync(file).mode & 0o777, 0o640)
  assert.deepEqual(readdirSync(folder).toSorted(), ['real.yaml', 'spillway.yaml'])
  const missing = join(folder, 'no.yaml')
  const edit = { file: missing, env: {}, upstream: 'box', concurrency: 7 }
  assert.throws(() => writeConcurrency(edit), saying('it cannot be written (ENOENT)'))
})

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-edit-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

const saying = (text: string) => (error: unknown) => {
  assert.ok(error instanceof ConfigFault)
  assert.ok(error.problems.map(sentence).join('\n').includes(text), error.problems.map(sentence).join('\n'))
  return true
}
