import assert from 'node:assert/strict'
import { test } from 'node:test'
import { folderWith, spillway } from './process.test-helper.ts'

const config = `
upstreams:
  - { name: box, kind: ollama, url: "http://127.0.0.1:1" }
  - name: haiku
    kind: anthropic
    url: https://api.anthropic.com
    api_key: x
    models: { serve: { small: claude-haiku-4-5, odd: claude-nobody-9, ours: our-own } }
  - { name: rest, kind: openai, url: "https://api.openai.com", api_key: x }
prices: { Our-Own: { input: 0.5, output: 2, cached_input: 0 } }
`

test('prices tells what each model costs, where that is from, and what to write for those that nobody knows', async (t) => {
  const cwd = folderWith(t, { 'spillway.yaml': config })
  const { code, out, err } = await spillway(t, ['prices'], { cwd }).ended
  assert.deepEqual([code, err], [1, ''])
  const squeezed = out.replaceAll(/ +/g, ' ')
  assert.match(squeezed, /^haiku claude-haiku-4-5 \$1\.00 \$0\.10 \$1\.25 \$5\.00 anthropic 20\d\d-\d\d-\d\d$/m)
  assert.match(squeezed, /^haiku our-own \$0\.50 \$0\.00 \$0\.50 \$2\.00 config$/m)
  assert.match(squeezed, /^haiku claude-nobody-9 - - - - nobody knows$/m)
  assert.match(squeezed, /^rest serves all that it lists: /m)
  assert.match(out, /^prices:\n {2}"claude-nobody-9": \{ input: DOLLARS, output: DOLLARS \}\n$/m)
  assert.doesNotMatch(out, /box/)
})

test('what prices says to write is no price until somebody has put figures into it, and closes the gap then', async (t) => {
  const lines = '  "claude-nobody-9": { input: DOLLARS, output: DOLLARS }\n'
  const grown = config.replace('prices: {', 'prices: {\n').replace('Our-Own', `${lines.trim()}, Our-Own`)
  const cwd = folderWith(t, { 'as-is.yaml': grown, 'filled.yaml': grown.replaceAll('DOLLARS', '3') })
  const asIs = await spillway(t, ['check', 'as-is.yaml'], { cwd }).ended
  assert.match(asIs.err, /prices\["?claude-nobody-9"?\]?\.input|prices\.claude-nobody-9\.input/)
  const filled = await spillway(t, ['prices', 'ODD', '--config', 'filled.yaml'], { cwd }).ended
  assert.deepEqual([filled.code, filled.err], [0, ''])
  assert.match(filled.out, /claude-nobody-9 +\$3\.00/)
  assert.doesNotMatch(filled.out, /our-own/)
})

test('check warns of a model in the cloud without a price, by its place', async (t) => {
  const cwd = folderWith(t, { 'spillway.yaml': config })
  const { code, out } = await spillway(t, ['check'], { cwd }).ended
  assert.equal(code, 0)
  const warnings = out.split('\n').filter((line) => line.startsWith('warning: '))
  assert.deepEqual(warnings, [
    'warning: spillway.yaml:8:54 upstreams[1].models.serve.odd: nobody knows what "claude-nobody-9" costs there, ' +
      'so that what is spent on it is not counted; tell it under prices',
  ])
})

test('prices for programs has figures, and says of what day they are', async (t) => {
  const cwd = folderWith(t, { 'spillway.yaml': config })
  const { code, out } = await spillway(t, ['prices', 'small', '--json'], { cwd }).ended
  assert.equal(code, 0)
  const { day, prices } = JSON.parse(out) as { day: string; prices: Record<string, unknown>[] }
  assert.deepEqual(prices, [
    {
      upstream: 'haiku',
      model: 'claude-haiku-4-5',
      name: 'small',
      known: true,
      input: 1,
      output: 5,
      cached_input: 0.1,
      cache_write: 1.25,
      cache_write_hour: 2,
      source: `anthropic ${day}`,
    },
  ])
})
