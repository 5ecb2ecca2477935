import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Loaded, loadConfig, loadConfigFile } from './load.ts'
import { ConfigFault, sentence } from './problem.ts'

const env = { KEY: 'sesame', EMPTY: '', WORD: 'treasure', PORT: '70000' }

const load = (text: string): Loaded => loadConfig(text, { file: 's.yaml', env })

function complaintsOf(text: string): string[] {
  try {
    load(text)
  } catch (error) {
    assert.ok(error instanceof ConfigFault, String(error))
    return error.problems.map(sentence)
  }
  return assert.fail(`Nothing was found wrong with:\n${text}`)
}

const box = 'upstreams:\n  - { name: box, kind: ollama, url: "http://127.0.0.1:11434" }\n'

/** One thing wrong each: the place, and a piece of the sentence. */
const wrong: readonly (readonly [text: string, place: string, said: string])[] = [
  // What YAML itself does not take.
  [`${box}queue:\n\tmax: 1\n`, '4:1', 'a tab stands where YAML wants spaces'],
  ['upstreams:\n  - name: "box\n    kind: ollama\n', '4:1', 'closing quote is missing'],
  ['upstreams: [ { name: box }\nqueue: { max: 1 }\n', '2:1', 'is not indented as what it belongs to'],
  [`listen: [::1]:11400\n${box}`, '1:14', 'put quotes around the whole of it'],
  [`listen: @here\n${box}`, '1:9', 'cannot begin with this sign'],
  [`listen: a: b\n${box}`, '1:9', 'align them, or put quotes around the value'],
  [`${box}---\nqueue: {}\n`, '3:1', 'a second document begins here'],
  [`${box}? [queue]\n: 1\n`, '3:3', 'a key has to be text'],
  [`listen: *door\n${box}`, '1:9', 'begins with * is an alias, and nothing has its name'],
  [`listen: !secret 127.0.0.1:1\n${box}`, '1:9', 'tags like !this mean nothing here'],
  [`${box}queue: { max: 1 }\nqueue: { max: 2 }\n`, '4:1', 'stands twice in one group'],
  [`${box}queue:\n  <<: 3\n`, '4:3', 'only groups of keys can be merged'],
  [`listen: "\\d"\n${box}`, '1:10', 'a backslash means something between double quotes'],
  [`%INCLUDE other.yaml\n---\n${box}`, '1:1', 'a line that begins with % is no directive'],
  // However its lines end, and whatever its editor put before the first.
  [`${box}queue: { max: 1 }\nquue: 1\n`.replaceAll('\n', '\r\n'), '4:1', 'quue: there is no such key'],
  [`${box}queue:\n\tmax: 1\n`.replaceAll('\n', '\r\n'), '4:1', 'a tab stands where YAML wants spaces'],
  [`\uFEFFquue: 1\n${box}`, '1:1', 'quue: there is no such key'],
  [`\uFEFFlisten: 0.0.0.0:1\r\n${box}`, '1:9', 'anyone there could ask'],
  // The shape.
  ['# Nothing yet.\n', '1:1', 'upstreams: is missing'],
  ['', '1:1', 'upstreams: is missing'],
  ['- a\n', '1:1', 'has to be a group of keys'],
  ['upstreams:\n', '1:11', 'upstreams: is empty; give it a value, or leave the key out'],
  ['upstreams: []\n', '1:12', 'upstreams: is empty; list at least one'],
  ['upstreams: box\n', '1:12', 'upstreams: has to be a list'],
  ['upstreams: [box]\n', '1:13', 'upstreams[0]: has to be a group of keys'],
  ['upstreams:\n  - { kind: ollama, url: "http://h" }\n', '2:5', 'upstreams[0].name: is missing'],
  ['upstreams:\n  - name: box\n    kind: ollama\n', '2:5', 'upstreams[0].url: is missing'],
  [`${box}quue: { max: 1 }\n`, '3:1', 'quue: there is no such key; did you mean "queue"? Known here: listen, admin'],
  [`${box}queue: { maximum: 1 }\n`, '3:10', 'queue.maximum: there is no such key; known here: max, patience'],
  ['upstreams:\n  - { name: box, kind: ollama, url: "http://h", apikey: x }\n', '2:49', 'did you mean "api_key"?'],
  [`${box}a b: 1\n`, '3:1', '["a b"]: there is no such key'],
  [`${box}__proto__: { listen: x }\n`, '3:1', '__proto__: there is no such key'],
  [`listen: 11400\n${box}`, '1:9', 'listen: has to be text; put it in quotes'],
  [`${box}queue: { max: -1 }\n`, '3:15', 'queue.max: has to be at least 0'],
  [`${box}queue: { max: 1.5 }\n`, '3:15', 'queue.max: has to be a whole number'],
  [`${box}queue: { max: many }\n`, '3:15', 'queue.max: has to be a number'],
  [`${box}queue: { patience: soon }\n`, '3:20', 'queue.patience: is no duration; write 300ms, 1.2s, 5m, 2h'],
  [`${box}queue: { patience: [8s] }\n`, '3:20', 'queue.patience: is no duration'],
  [`${box}queue: { patience: -1 }\n`, '3:20', 'queue.patience: is no duration'],
  [`${box}timeouts: { gap: 0 }\n`, '3:18', 'timeouts.gap: is too short; write at least 1ms'],
  [`${box}timeouts: { heartbeat: true }\n`, '3:24', 'timeouts.heartbeat: has to be false or a duration, as in 10s'],
  [`${box}timeouts: { first_token: 30d }\n`, '3:26', 'timeouts.first_token: is too long; write at most 24d'],
  [`${box}probe_every: 5\n`, '3:14', 'probe_every: is too short; write at least 100ms'],
  [`${box}attempts: 0\n`, '3:11', 'attempts: has to be at least 1'],
  [`${box}attempts: 99\n`, '3:11', 'attempts: has to be at most 10'],
  [`${box}upstream_transport: curl\n`, '3:21', 'upstream_transport: has to be own or undici'],
  [`${box}log: { level: loud }\n`, '3:15', 'log.level: has to be debug, info, warn or error'],
  [`${box}cache: { enabled: perhaps }\n`, '3:19', 'cache.enabled: has to be true or false'],
  [`${box}callers: [{ name: a, key: k, weight: 0 }]\n`, '3:38', 'callers[0].weight: has to be more than 0'],
  [`${box}callers: [{ name: a, key: k, priority: vip }]\n`, '3:40', 'has to be interactive, default or batch'],
  [`${box}callers: [{ name: a, key: k, cloud: maybe }]\n`, '3:37', 'callers[0].cloud: has to be allowed or never'],
  [`${box}callers: [{ name: a, key: 12345 }]\n`, '3:27', 'callers[0].key: has to be text; put it in quotes'],
  [`${box}callers: [{ name: a, key: "" }]\n`, '3:27', 'callers[0].key: is empty'],
  [`${box}callers: [{ name: a, key: \${EMPTY} }]\n`, '3:27', 'callers[0].key: is empty'],
  [`${box}callers: [{ name: a }]\n`, '3:11', 'callers[0].key: is missing'],
  [`${box}admin: { token: short }\n`, '3:17', 'admin.token: has to be at least 8 letters long'],
  // One server.
  ['upstreams:\n  - { name: "b\\nx", kind: ollama, url: "http://h" }\n', '2:13', 'goes into headers and logs'],
  ['upstreams:\n  - { name: b, kind: olama, url: "http://h" }\n', '2:22', 'no kind "olama"; did you mean "ollama"?'],
  ['upstreams:\n  - { name: b, kind: mlx, url: "http://h" }\n', '2:22', 'no kind "mlx"; known here: ollama, vllm, '],
  ['upstreams:\n  - { name: b, kind: koboldcpp, url: "http://h" }\n', '2:22', 'write openai-compatible'],
  ['upstreams:\n  - { name: b, kind: lm-studio, url: "http://h" }\n', '2:22', 'write kind: lmstudio'],
  ['upstreams:\n  - { name: b, kind: Llama.cpp, url: "http://h" }\n', '2:22', 'write kind: llamacpp'],
  [
    'upstreams:\n  - name: b\n    kind: ollama\n    url: 127.0.0.1:11434\n',
    '4:10',
    'upstreams[0].url: is no http address',
  ],
  ['upstreams:\n  - { name: b, kind: ollama, url: "ftp://h" }\n', '2:35', 'write http://HOST:PORT'],
  ['upstreams:\n  - { name: b, kind: ollama, url: "http://h:port" }\n', '2:35', 'is no address'],
  ['upstreams:\n  - { name: b, kind: ollama, url: "http://u:p@h" }\n', '2:35', 'write the key as api_key instead'],
  ['upstreams:\n  - { name: b, kind: ollama, url: "http://h/?a=b" }\n', '2:35', 'has a query or a fragment'],
  ['upstreams:\n  - { name: b, kind: ollama, url: "http://h/#" }\n', '2:35', 'has a query or a fragment'],
  ['upstreams:\n  - { name: b, kind: ollama, url: "http://h/api/chat" }\n', '2:35', 'names one door of the server'],
  ['upstreams:\n  - { name: b, kind: openai, url: "http://h", api_key: "a\\nb" }\n', '2:56', 'no header can carry'],
  [
    'upstreams:\n  - { name: b, kind: ollama, url: "http://h", concurrency: 0 }\n',
    '2:60',
    'concurrency: has to be at least 1',
  ],
  [
    'upstreams:\n  - { name: b, kind: ollama, url: "http://h", concurrency: all }\n',
    '2:60',
    'has to be auto or a whole number',
  ],
  ['upstreams:\n  - { name: b, kind: ollama, url: "http://h", tier: -1 }\n', '2:53', 'tier: has to be at least 0'],
  [
    'upstreams:\n  - { name: b, kind: ollama, url: "http://h", models: { serve: { a: 1 } } }\n',
    '2:69',
    'models.serve.a: has to be text',
  ],
  // What does not fit together.
  [
    `${box}  - { name: box, kind: ollama, url: "http://h" }\n`,
    '3:13',
    'upstreams[1].name: the name "box" is used twice',
  ],
  [
    `${box}callers:\n  - { name: a, key: k }\n  - { name: a, key: l }\n`,
    '5:13',
    'callers[1].name: the name "a" is used twice',
  ],
  [
    `${box}callers:\n  - { name: a, key: k }\n  - { name: b, key: k }\n`,
    '5:21',
    'callers[1].key: this key is used twice',
  ],
  [`listen: nowhere\n${box}`, '1:9', 'listen: is no address; write HOST:PORT, as in 127.0.0.1:11400'],
  [`listen: 127.0.0.1:70000\n${box}`, '1:9', 'listen: is no address'],
  [
    `listen: 0.0.0.0:11400\n${box}`,
    '1:9',
    'anyone there could ask; list callers with keys, make a key with "spillway keys create NAME", or listen on 127.0.0.1',
  ],
  [`listen: "[::]:11400"\n${box}callers: []\n`, '1:9', 'anyone there could ask'],
  [
    `admin: { listen: 192.0.2.1:1 }\n${box}`,
    '1:18',
    'admin.listen: "192.0.2.1:1" can be reached from other machines; set admin.token',
  ],
  [`listen: :9000\nadmin: { listen: 127.0.0.1:9000 }\n${box}`, '2:18', "is the callers' port too"],
  [`listen: :11401\n${box}`, '1:9', "listen: is the operator's port too; set admin.listen"],
  [`admin: { listen: :11400 }\n${box}`, '1:18', "admin.listen: is the callers' port too"],
  // The environment.
  [
    `${box}callers:\n  - name: a\n    key: \${NO_KEY}\n`,
    '5:10',
    'callers[0].key: NO_KEY is not set in the environment',
  ],
  [`${box}data_dir: "/var/\${WORD}/\${NOWHERE}"\n`, '3:25', 'NOWHERE is not set'],
  [`${box}data_dir: \${constructor}\n`, '3:11', 'constructor is not set'],
  [`${box}data_dir: \${file:/nowhere/at/all}\n`, '3:11', '/nowhere/at/all: there is no such file'],
  [`${box}data_dir: \${A B}\n`, '3:11', 'this is no reference; write ${NAME}'],
  [`${box}data_dir: "\${KEY"\n`, '3:12', 'a reference has no end'],
  [`${box}data_dir: \${NONE:-\${KEY}}\n`, '3:11', 'one reference cannot stand inside another'],
  [`listen: 127.0.0.1:\${PORT}\n${box}`, '1:9', 'listen: is no address'],
]

for (const [text, place, said] of wrong) {
  test(`a fault is told at its place: ${JSON.stringify(text)}`, () => {
    const [only, ...others] = complaintsOf(text)
    assert.deepEqual(others, [])
    assert.ok(only?.startsWith(`s.yaml:${place} `), only)
    assert.ok(only?.includes(said), only)
  })
}

test('all faults are told at once, in the order of the file', () => {
  const text = `listen: 0.0.0.0:1
upstreams:
  - { name: box, kind: olama, url: "h" }
  - { name: box, kind: ollama, url: "http://h", tear: 1 }
queue: { max: x }
callers:
  - { name: a, key: \${NONE} }
  - { name: a, key: \${NONE2} }
timeouts: { gap: soon }
`
  const places = complaintsOf(text).map((line) => line.split(' ')[0]?.replace('s.yaml:', ''))
  assert.deepEqual(places, ['3:24', '3:36', '4:13', '4:49', '5:15', '7:21', '8:13', '8:21', '9:18'])
})

test('aliases that unfold without bound are refused, and many to one small thing are not', () => {
  const layers = 'bcdefgh'.split('').map((name, i) => `${name}: &${name} [${`*${'abcdefg'[i]},`.repeat(9)}]`)
  const [only] = complaintsOf(`a: &a [x, x]\n${layers.join('\n')}\n`)
  assert.match(only ?? '', /^s\.yaml:8:\d+ the aliases unfold to more than a configuration can need/)

  const models = (i: number): string => (i === 0 ? '&many [m]' : '*many')
  const callers = Array.from({ length: 300 }, (_, i) => `  - { name: c${i}, key: k${i}, models: ${models(i)} }\n`)
  assert.deepEqual(load(`${box}callers:\n${callers.join('')}`).config.callers.at(-1)?.models, ['m'])
})

test('brackets without end are one fault, not a stack', () => {
  const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`
  const [only, ...others] = complaintsOf(`${box}queue: { max: ${deep} }\n`)
  assert.match(only ?? '', /^s\.yaml:3:\d+ groups and lists stand deeper in one another/)
  assert.deepEqual(others, [])
})

test('a fault inside an alias is told where the alias stands', () => {
  const [only] = complaintsOf(
    `${box}budget: &b { usd: -1, per: day }\ncallers: [{ name: a, key: k, budget: *b }]\n`,
  ).slice(1)
  assert.match(only ?? '', /^s\.yaml:4:38 callers\[0\]\.budget\.usd: has to be at least 0/)
})

test('a faulty budget is told where it is faulty, be it one or one of several', () => {
  const told = (budget: string): string => complaintsOf(`${box}callers: [{ name: a, key: k, budget: ${budget} }]\n`)[0]!
  assert.match(told('{ usd: 1, per: year }'), /budget\.per: has to be hour, day, week or month/)
  assert.match(told('[{ usd: 1, per: day }, { usd: x, per: day }]'), /budget\[1\]\.usd: has to be a number/)
  assert.match(told('{ usd: 1, per: day, upto: 3 }'), /budget\.upto: there is no such key; known here: usd, tokens/)
  assert.match(told('{ per: day }'), /budget: bounds nothing; give it usd, tokens or gpu_seconds/)
  assert.match(told('5'), /budget: has to be a group of keys, as in \{ usd: 5, per: day \}, or a list of them/)
})

test('a team that is not there is told, with the one that is probably meant', () => {
  const caller = 'callers: [{ name: a, key: k, team: reserch }]\n'
  const told = (teams: string): string => complaintsOf(`${box}${teams}${caller}`)[0]!
  assert.match(told('teams: { research: {} }\n'), /callers\[0\]\.team: there is no team "reserch"; .*research/)
  assert.match(told(''), /there is no team "reserch"; list it under teams/)
})

test('a value from the environment is never in a message, whatever is wrong with it', () => {
  const secret = 'x-hunter2'
  const spots = [
    `upstreams: [{ name: a, kind: @, url: "http://h" }]`,
    `upstreams: [{ name: @, kind: ollama, url: "http://h" }, { name: @, kind: ollama, url: "http://h" }]`,
    `upstreams: [{ name: a, kind: ollama, url: @ }]`,
    `upstreams: [{ name: a, kind: ollama, url: "http://h", concurrency: @, tier: @ }]`,
    `${box}listen: @`,
    `${box}listen: "@:1"`,
    `${box}admin: { listen: "@:1" }`,
    `${box}queue: @`,
    `${box}queue: { max: @, patience: @ }`,
    `${box}callers: [{ name: a, key: @ }, { name: @, key: @ }]`,
    `${box}callers: [{ name: a, key: @, priority: @ }]`,
    `${box}cache: { enabled: @ }`,
  ]
  for (const spot of spots) {
    const text = spot.replaceAll('@', '${SECRET}')
    assert.throws(
      () => loadConfig(text, { file: 's.yaml', env: { SECRET: secret } }),
      (error: ConfigFault) => error instanceof ConfigFault && !error.message.includes(secret),
      text,
    )
  }
})

test('a key that stands in the file is never in a message', () => {
  for (const text of [
    `${box}callers: [{ name: a, key: hunter2 }, { name: b, key: hunter2 }]`,
    `${box}callers: [{ name: a, key: "hunter2" hunter2 }]`,
    `${box}callers: [{ name: a, key: *hunter2 }]`,
    `${box}callers: [{ name: a, key: @hunter2 }]`,
    `${box}callers: [{ name: a, key: [hunter2] }]`,
    'upstreams: [{ name: a, kind: ollama, url: "http://a:hunter2@h" }]',
    'upstreams: [{ name: a, kind: ollama, url: "a:hunter2@h" }]',
    'upstreams: [{ name: a, kind: ollama, url: "http://h", api_key: "hunter2\\n" }]',
  ]) {
    assert.doesNotMatch(complaintsOf(text).join('\n'), /hunter2/, text)
  }
})

test('what came from the environment cannot become structure', () => {
  const { config } = loadConfig(`${box}callers:\n  - { name: a, key: \${KEY}, priority: batch }\n`, {
    file: 's.yaml',
    env: { KEY: 'a, priority: interactive }\n# "' },
  })
  assert.equal(config.callers[0]?.key, 'a, priority: interactive }\n# "')
  assert.equal(config.callers[0]?.priority, 'batch')
})

test('a reference may stand without quotes in a group, with any default', () => {
  const { config } = load(
    `${box}callers: [{ name: \${NAME:-a, [b]: #c}, key: \${KEY}, models: [\${WORD}, "\${M:-m:8b}"] }] # \${COMMENT}\n`,
  )
  const [{ name, key, models } = assert.fail()] = config.callers
  assert.deepEqual([name, key, models], ['a, [b]: #c', 'sesame', ['treasure', 'm:8b']])
})

test('numbers and yes or no may come from the environment, and a key of digits stays text', () => {
  const text = `${box}queue: { max: \${MAX}, patience: \${PATIENCE} }
cache: { enabled: \${ON} }
attempts: \${ATTEMPTS:-2}
callers: [{ name: a, key: \${DIGITS}, weight: \${WEIGHT} }]
`
  const { config } = loadConfig(text, {
    file: 's.yaml',
    env: { MAX: '7', PATIENCE: '1500', ON: 'false', DIGITS: '0042', WEIGHT: '0.5' },
  })
  assert.deepEqual(
    [config.queue, config.cache, config.attempts],
    [{ max: 7, patience: 1_500, shares: { default: 0.2, batch: 0.1 } }, { enabled: false }, 2],
  )
  assert.deepEqual([config.callers[0]?.key, config.callers[0]?.weight], ['0042', 0.5])
})

test('what a file shares by anchors and merges is read', () => {
  const { config } = load(`upstreams:
  - &first { name: a, kind: ollama, url: "http://h:1", concurrency: 3 }
  - { <<: *first, name: b, url: "http://h:2" }
`)
  assert.deepEqual(
    config.upstreams.map(({ name, url, concurrency }) => [name, url, concurrency]),
    [
      ['a', 'http://h:1', 3],
      ['b', 'http://h:2', 3],
    ],
  )
})

test('what is missing from the environment is told once, however often it is used', () => {
  const [only, ...others] = complaintsOf(`upstreams:
  - &first { name: a, kind: ollama, url: "http://\${NO_HOST}:1" }
  - { <<: *first, name: b }
`)
  assert.match(only ?? '', /^s\.yaml:2:50 upstreams\[0\]\.url: NO_HOST is not set/)
  assert.deepEqual(others, [])
})

test('a value may run over several lines, and a mark before the first line is not part of it', () => {
  const { config } = load(`\uFEFF${box}callers:\r\n  - name: a\r\n    key: >-\r\n      \${KEY}\r\n      and more\r\n`)
  assert.equal(config.callers[0]?.key, 'sesame and more')
})

test('a port may be open to all addresses beside one of the other ports, and two that are given out are two', () => {
  const key = 'callers: [{ name: a, key: k }]\n'
  assert.equal(load(`listen: 0.0.0.0:11400\n${box}${key}`).config.listen, '0.0.0.0:11400')
  assert.match(complaintsOf(`listen: 0.0.0.0:11401\n${box}${key}`).join(), /is the operator's port too/)
  assert.equal(load(`listen: 127.0.0.1:0\nadmin: { listen: 127.0.0.1:0 }\n${box}`).config.admin.listen, '127.0.0.1:0')
})

test('a key that no request can carry is warned of, and not shown', () => {
  const keys = ['" hunter2"', '"hunter2\\n"', '"hunter\\n2"', '"hun ter2"', '"hünter2"']
  const callers = keys.map((key, i) => `  - { name: c${i}, key: ${key} }\n`)
  const told = load(`${box}callers:\n${callers.join('')}`).warnings.map(sentence)
  assert.deepEqual(
    told.map((line) => line.split(' ')[1]),
    ['callers[0].key:', 'callers[1].key:', 'callers[2].key:'],
  )
  assert.doesNotMatch(told.join(), /hun/)
})

test('what this version does not act on is told with its place, and nothing else is', () => {
  const { warnings } = load(`upstreams:
  - name: box
    kind: vllm
    url: http://h
    models: { serve: { a: b }, preload: [b] }
callers:
  - { name: a, key: k, models: [A, c], limits: { concurrent: 1 }, budget: { usd: 1, per: day } }
budget: { usd: 20, per: day }
cache: { enabled: true }
prices: { a: { input: 1, output: 5 } }
data_dir: /tmp
trusted_proxies: [10.0.0.0/8]
models: { B: { cloud: never }, a: {}, c*: {}, d: { cloud: never } }
fallback_models: { a: [A, d] }
`)
  const told = warnings.map(sentence)
  assert.deepEqual(
    told.map((line) => line.split(' ').slice(0, 2).join(' ')),
    [
      's.yaml:5:32 upstreams[0].models.preload:',
      's.yaml:7:36 callers[0].models[1]:',
      's.yaml:9:1 cache:',
      's.yaml:12:1 trusted_proxies:',
      's.yaml:13:47 models.d:',
      's.yaml:14:27 fallback_models.a[1]:',
    ],
  )
  assert.match(told[0] ?? '', /vLLM cannot be told to load a model/)
  assert.match(told[1] ?? '', /no upstream serves "c"/)
  assert.deepEqual(
    load(`${box}cache: { enabled: false }\ncallers: [{ name: a, key: k, models: [any] }]\n`).warnings,
    [],
  )
  const anonymous = `${box}anonymous: { limits: { concurrent: 1 } }\n`
  assert.deepEqual(load(anonymous).warnings, [])
  assert.match(
    load(`${anonymous}callers: [{ name: a, key: k }]\n`).warnings.map(sentence).join(),
    /anonymous\.limits: nobody is anonymous where callers have keys/,
  )
  const allowed = `${box}anonymous: { allowed: true, limits: { concurrent: 1 } }\ncallers: [{ name: a, key: k }]\n`
  assert.deepEqual(load(allowed).warnings, [])
})

test('a kind that is probably another is warned of, and a service without a key', () => {
  const told = (kind: string, url: string): string[] =>
    load(`upstreams: [{ name: a, kind: ${kind}, url: "${url}" }]\n`).warnings.map(sentence)
  assert.match(
    told('openai-compatible', 'http://h:11434/v1')[0]!,
    /kind: port 11434 is Ollama's; if so, write kind: ollama/,
  )
  assert.match(told('anthropic', 'https://api.anthropic.com')[0]!, /kind: anthropic answers nobody without a key/)
  // On these ports anything may listen, and who has named a kind means it.
  for (const port of [8000, 8080, 4000]) assert.deepEqual(told('openai-compatible', `http://h:${port}`), [])
  assert.deepEqual(told('openai-compatible', 'https://h'), [])
  assert.deepEqual(told('vllm', 'http://h:11434'), [])
})

test('a file that is not there, or is a folder, is one sentence', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-'))
  t.after(() => rmSync(folder, { recursive: true }))
  assert.throws(() => loadConfigFile(join(folder, 'no.yaml'), { env }), /no\.yaml: there is no such file$/)
  assert.throws(() => loadConfigFile(folder, { env }), /: cannot be read \(EISDIR\)$/)
})

test('a secret file stands where it says, or beside the configuration, and ends without its line break', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'a.key'), 'first: {}\n')
  writeFileSync(
    join(folder, 's.yaml'),
    `${box}callers:\n  - { name: a, key: \${file:a.key} }\n  - { name: b, key: "\${file:${folder}/a.key}-2" }\n`,
  )
  const { config } = loadConfigFile(join(folder, 's.yaml'), { env })
  assert.deepEqual(
    config.callers.map(({ key }) => key),
    ['first: {}', 'first: {}-2'],
  )
})
