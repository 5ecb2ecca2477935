import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { recorded } from '../planning/recording.test-helper.ts'
import { machine } from '../sim/fleet.ts'
import { llamacppLike } from '../sim/server-spec.ts'
import { poisson, usualModel, usualWorkload } from '../sim/workload.ts'
import { folderWith, spillway } from './process.test-helper.ts'

const box = machine(
  llamacppLike({
    name: 'box',
    models: [{ name: usualModel, contextTokens: 32_768 }],
    networkMs: 5,
    engine: { memoryTokens: 1_000_000 },
  }),
  { concurrency: 4 },
)

const aDay = (requests: number): Promise<string> =>
  recorded({ seed: 3, requests, fleet: [box], workload: { ...usualWorkload, arrivals: poisson(1) }, grain: 'coarse' })

test('how fast a server is, is told beside what was measured, kept in a file, and replayed from it', async (t) => {
  const cwd = folderWith(t, { 'day.jsonl': await aDay(120) })
  const run = (...words: string[]): ReturnType<typeof spillway>['ended'] =>
    spillway(t, ['simulate', ...words], { cwd }).ended
  const fit = await run('--fit', 'day.jsonl', '--save', 'machines.yaml')
  assert.equal(fit.code, 0, fit.err)
  assert.match(fit.out, /^box \(llamacpp\), from \d+ answers, at most \d at once$/m)
  assert.match(fit.out, /^ {2}first token p50, ms +\d/m)
  assert.match(fit.out, /1 of 1 server is in machines\.yaml/)
  const saved = readFileSync(join(cwd, 'machines.yaml'), 'utf8')
  assert.match(saved, /^ {2}"box":\n {4}slots: 4\n {4}prefill_tokens_per_second: \d+$/m)
  const replay = await run('--recording', 'day.jsonl', '--machines', 'machines.yaml', '--no-advice')
  assert.equal(replay.code, 0, replay.err)
  assert.match(replay.out, /Assumed: .*machines\.yaml says/)
})

test('a file that cannot be written is told in a sentence', async (t) => {
  const cwd = folderWith(t, { 'day.jsonl': await aDay(60) })
  const words = ['simulate', '--fit', 'day.jsonl', '--save', 'nowhere/machines.yaml']
  const { code, out, err } = await spillway(t, words, { cwd }).ended
  assert.deepEqual([code, out, err], [1, '', 'nowhere/machines.yaml cannot be written (ENOENT).\n'])
})

test('it can be had as one JSON object', async (t) => {
  const cwd = folderWith(t, { 'day.jsonl': await aDay(60) })
  const { out, code } = await spillway(t, ['simulate', '--fit', 'day.jsonl', '--json'], { cwd }).ended
  assert.equal(code, 0)
  const { upstreams } = JSON.parse(out) as { upstreams: Record<string, unknown>[] }
  assert.deepEqual(Object.keys(upstreams[0]!), [
    'name',
    'kind',
    'answers',
    'most_at_once',
    'machine',
    'measured',
    'simulated',
    'unknown',
  ])
})

const mistakes = [
  [['--save', 'x.yaml'], /what --save keeps comes from --fit/],
  [['--fit', 'a', '--recording', 'b'], /the recording is named twice/],
  [['--fit', 'nowhere.jsonl'], /There is no recording at nowhere\.jsonl/],
  [['--fit', 'day.jsonl', '--rate', '3'], /leave out --rate/],
  [['--recording', 'day.jsonl', '--machines', 'wrong.yaml'], /^wrong\.yaml:2:17 upstreams\.box\.slots: /],
  [['--recording', 'day.jsonl', '--machines', 'nowhere.yaml'], /^nowhere\.yaml: cannot be read \(ENOENT\)/],
] as const

for (const [words, message] of mistakes) {
  test(`simulate ${words.join(' ')} says in a sentence what is wrong`, async (t) => {
    const cwd = folderWith(t, {
      'day.jsonl': await aDay(3),
      'wrong.yaml': 'upstreams:\n  box: { slots: none }\n',
    })
    const { code, err } = await spillway(t, ['simulate', ...words], { cwd }).ended
    assert.equal(code, 1)
    assert.match(err, message)
    assert.doesNotMatch(err, /\n {4}at /)
  })
}
