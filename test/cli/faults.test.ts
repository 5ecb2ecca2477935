import assert from 'node:assert/strict'
import { test } from 'node:test'
import { folderWith, spillway } from '../../src/cli/process.test-helper.ts'

test('every command that reads a configuration says the same of a bad one, and no secret with it', async (t) => {
  const cwd = folderWith(t, {
    'bad.yaml': `upstreams:
  - { name: box, kind: \${SECRET}, url: "http://\${SECRET}@box:11434" }
callers:
  - { name: a, key: \${SECRET} }
  - { name: b, key: \${SECRET} }
  - { name: c, key: \${NO_KEY} }
queu: {}
`,
  })
  const runs = [
    ['check', 'bad.yaml'],
    ['serve', '--config', 'bad.yaml'],
    ['simulate', '--config', 'bad.yaml'],
  ]
  const ended = await Promise.all(runs.map((words) => spillway(t, words, { cwd, env: { SECRET: 'hunter2' } }).ended))
  for (const { code, out, err } of ended) {
    assert.deepEqual([code, out], [1, ''])
    assert.deepEqual(
      err
        .trimEnd()
        .split('\n')
        .map((line) => line.split('; ')[0]),
      [
        'bad.yaml:2:24 upstreams[0].kind: there is no kind (not shown, from the environment)',
        'bad.yaml:2:40 upstreams[0].url: holds a password',
        'bad.yaml:5:21 callers[1].key: this key is used twice',
        'bad.yaml:6:21 callers[2].key: NO_KEY is not set in the environment',
        'bad.yaml:7:1 queu: there is no such key',
      ],
    )
  }
})
