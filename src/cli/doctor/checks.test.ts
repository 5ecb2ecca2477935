import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checks } from './checks/index.ts'
import type { Facts } from './facts.ts'
import { configWith, healthy, listed, machineWith, serverWith, troubles } from './facts.test-helper.ts'
import { isWell, jsonOf, linesOf, textOf } from './report.ts'

const none: readonly string[] = []

test('on a machine where all is well, every check has something to say, and nothing to complain of', () => {
  assert.deepEqual(troubles({}), none)
  const said = new Set(linesOf(healthy).map(({ check }) => check))
  // Of these there is only something to say where there is TLS, strangers, or a gateway that runs.
  const quiet = checks.map(({ name }) => name).filter((name) => !said.has(name))
  assert.deepEqual(quiet, ['certificates', 'kernel', 'gateway'])
})

test('a sentence says what is the matter, and another what to do', () => {
  const cases: readonly (readonly [Partial<Facts>, ...(readonly (string | RegExp)[])])[] = [
    [
      { runtime: { node: '22.20.0', sqlite: undefined } },
      /^fail node: Node 22\.20\.0 is not one .* Run it with Node 24\.16/,
    ],
    [{ runtime: { node: '25.9.0', sqlite: undefined } }, /^fail node/],
    [{ runtime: { node: '24.21.0', sqlite: '3.51.2' } }, /^warn node: SQLite 3\.51\.2 can lose data .*3\.51\.3/],
    [
      { config: configWith({}, { problems: ['s.yaml:2:3 queue: no', 's.yaml:4:5 log: no'] }) },
      /^fail config: s\.yaml:2:3 queue: no\./,
      /^fail config: s\.yaml:4:5/,
    ],
    [{ config: configWith({}, { warnings: ['s.yaml:1:1 cache: idle'] }) }, /^warn config: s\.yaml:1:1 cache: idle/],
    [
      { config: configWith({}, { files: [{ path: 's.yaml', holdsSecrets: true, mode: 0o644 }] }) },
      'fail files: s.yaml holds keys, and anybody on this machine may read it. Run: chmod 600 s.yaml',
    ],
    [
      { config: configWith({}, { files: [{ path: 's.yaml', holdsSecrets: true, mode: 0o640 }] }) },
      /^warn files: .* group/,
    ],
    [
      { config: configWith({}, { literalSecrets: ['key of ui'] }) },
      /^warn files: Keys stand .*: key of ui\. Write \$\{NAME\}/,
    ],
    [
      { ports: [{ key: 'listen', address: 'a:1', state: 'taken' }] },
      'fail ports: listen a:1 is taken by another program. Choose another listen address, or end what listens there.',
    ],
    [{ ports: [{ key: 'listen', address: 'a:1', state: 'EACCES' }] }, /^fail ports: listen a:1 cannot .* \(EACCES\)/],
    [{ config: configWith({ admin: { token: '12345678' } }) }, /^warn ports: admin\.token is short/],
    [
      { config: configWith({ listen: '0.0.0.0:1', callers: [{ name: 'ui', key: 'short' }] }, { isOpen: true }) },
      /^warn ports: A key of a caller is short/,
    ],
    [
      { servers: [serverWith({ up: false, lastError: 'refuses connections' })] },
      'fail servers: box (Ollama) refuses connections. Start it, or correct its url.',
    ],
    [
      { servers: [serverWith({ models: [] })] },
      'warn servers: box (Ollama 0.32.15) answers and has no models. Download one there.',
    ],
    [{ servers: [serverWith({ advice: ['Update it.'] })] }, 'warn servers: box: Update it.'],
    [
      { servers: [serverWith({ up: false, addresses: 'ENOTFOUND', upstream: { origin: 'http://gpu.lan:1' } })] },
      'fail names: box: the name gpu.lan is not known (ENOTFOUND). Correct the url or the DNS.',
    ],
    [
      { servers: [serverWith({ openAt: '192.0.2.9:11434' })] },
      'warn bypass: box answers whoever reaches 192.0.2.9:11434, past the gateway, without a key. Let it listen on 127.0.0.1 alone, or give it a key.',
    ],
    [
      { servers: [serverWith({ aheadMs: -180_000 })] },
      /^warn clocks: The clock of box is 3 min behind this one\. .*NTP/,
    ],
    [
      { servers: [serverWith({ certificate: { daysLeft: 13.5, fault: undefined } })] },
      'warn certificates: box: its certificate ends in 13 days. Renew it.',
    ],
    [
      { servers: [serverWith({ certificate: { daysLeft: 80, fault: 'CERT_HAS_EXPIRED' } })] },
      /^fail certificates: .*\(CERT_HAS_EXPIRED\)/,
    ],
    [
      { env: { OLLAMA_MAX_CONCURRENT_REQUESTS: '4' } },
      'warn environment: Ollama has no OLLAMA_MAX_CONCURRENT_REQUESTS. Set OLLAMA_NUM_PARALLEL in its place, there.',
    ],
    [
      { env: { OLLAMA_NUM_PARALLEL: '2' }, servers: [serverWith({ upstream: { concurrency: 4 } })] },
      /^warn environment: box is sent 4 requests at once, and OLLAMA_NUM_PARALLEL lets 2 run\. .*concurrency to 2/,
    ],
    [
      {
        env: { https_proxy: 'http://user:pass@p' },
        servers: [serverWith({ upstream: { origin: 'http://10.0.0.9:1' } })],
      },
      'warn environment: HTTPS_PROXY is set, and Spillway uses no proxy. See that box can be reached from here without one.',
    ],
    [
      machineWith({ filesMax: 1_024, connectionsMax: 460 }),
      /^warn limits: .* 1024 files open, which is safe for 460 connections of callers\. .*LimitNOFILE/,
    ],
    [
      { ...machineWith({ connectionsMax: 460 }), config: configWith({ bounds: { connections: 1_000 } }) },
      /^warn limits: bounds\.connections is 1000, and the files suffice for 460\. Set it to auto/,
    ],
    [machineWith({ memoryMaxBytes: 128e6 }), /^fail limits: .* 128 MB/],
    [machineWith({ memoryMaxBytes: 1e9 }), /^warn limits: The heap may grow to 4000 MB.*--max-old-space-size=700/],
    [
      { ...machineWith({ somaxconn: 128, unsentMaxBytes: 4_294_967_295 }), config: configWith({}, { isOpen: true }) },
      /^warn kernel: net\.core\.somaxconn is 128.* Run: sysctl -w net\.core\.somaxconn=4096$/,
      /^warn kernel: net\.ipv4\.tcp_notsent_lowat/,
    ],
    [
      { volumes: [{ name: 'models', path: '/m', usedRatio: 0.83, freeBytes: 1, state: 'filling' }] },
      /^warn disk: The volume of the models \(\/m\) is 83 % full/,
    ],
    [{ volumes: [{ name: 'data', path: '/d', usedRatio: 0.96, freeBytes: 1, state: 'full' }] }, /^fail disk/],
    [{ ...machineWith({ supervisor: undefined }), config: configWith({}, { isOpen: true }) }, /^warn supervisor/],
  ]
  for (const [facts, ...expected] of cases) {
    const found = troubles(facts)
    assert.equal(found.length, expected.length, found.join('\n'))
    for (const [at, one] of expected.entries())
      if (typeof one === 'string') assert.equal(found[at], one)
      else assert.match(found[at]!, one)
  }
})

test('models are looked for under the names that the configuration gives them', () => {
  const upstream = {
    serve: new Map([
      ['mine', 'a:8b'],
      ['claude-*', 'c:8b'],
    ]),
    preload: ['mine', 'gone:1b'],
    context: new Map([['b:8b', 65_536]]),
  }
  assert.deepEqual(troubles({ servers: [serverWith({ upstream })] }), [
    'fail models: box does not have c:8b, of models.serve. Download it there, or correct its name.',
    'fail models: box does not have gone:1b, of models.preload. Download it there, or correct its name.',
    'warn models: models.context gives b:8b at box 65536 tokens, and it was made for 32768. Set at most 32768.',
  ])
  const loaded = [listed('a:8b', { loaded: true, contextTokens: 4_096 })]
  assert.match(
    troubles({ servers: [serverWith({ models: loaded, upstream: { context: new Map([['a:8b', 8_192]]) } })] })[0]!,
    /has a:8b in memory with a context of 4096 tokens, and models\.context says 8192/,
  )
  assert.match(
    troubles({ servers: [serverWith({ upstream: { preload: ['a:8b', 'b:8b'], modelsMax: 1 } })] })[0]!,
    /^fail models: box is to keep 2 models in memory .* and 1 fit/,
  )
})

test('what callers and stand-ins need has to be served by somebody, unless one who might have it is silent', () => {
  const config = configWith({
    fallback_models: { 'a:8b': ['b:8b', 'nobody'] },
    callers: [{ name: 'ui', key: 'long enough to be a key', models: ['a:8b', 'other', 'gpt-*'] }],
  })
  assert.deepEqual(troubles({ config }), [
    'fail models: No server has nobody, of fallback_models. Download it, or correct its name.',
    'fail models: No server has other, of the models of the caller ui. Download it, or correct its name.',
  ])
  const silent = serverWith({ up: false, lastError: 'refuses connections', upstream: { name: 'far' } })
  assert.equal(troubles({ config, servers: [serverWith({}), silent] }).length, 1)
})

test('what a running gateway says of itself is told', () => {
  const upstream = { name: 'box', state: 'up', last_error: null }
  const running = { address: 'h:1', upstreams: [upstream], models: [], givesUp: [], refused: [], needsRestart: [] }
  const ours = { ports: [{ key: 'listen', address: 'h:1', state: 'ours' }] }
  assert.deepEqual(troubles({ ...ours, running }), none)
  const sick = {
    ...running,
    upstreams: [
      { ...upstream, state: 'resting' },
      { ...upstream, name: 'far', state: 'down', last_error: 'refuses connections' },
    ],
    givesUp: ['batch', 'requests'],
    refused: ['s.yaml:1:1 quue: no'],
    needsRestart: ['listen'],
    models: [{ name: 'a', state: 'failed', servers: [{ upstream: 'box', load_fault: 'no memory' }] }],
  }
  assert.deepEqual(troubles({ ...ours, running: sick }), [
    'fail gateway: The gateway goes by an older configuration, for this one is wrong: s.yaml:1:1 quue: no. Correct it.',
    'warn gateway: The gateway goes by other values of listen than the configuration. Restart it.',
    'warn gateway: The gateway does not send everything to box (resting). Look into its own log.',
    'fail gateway: The gateway finds far down: it refuses connections. Start it.',
    'warn gateway: The gateway runs short of something, and refuses batch, requests. See /api/pressure on its admin port.',
    'fail gateway: a cannot be loaded (box: no memory). Look into the log of that server.',
  ])
  assert.match(troubles({ running: { ...running, upstreams: undefined } })[0]!, /does not know this admin\.token/)
})

test('a failure makes the whole fail, a warning does not', () => {
  const lines = linesOf({ ...healthy, env: { OLLAMA_METRICS: '1' } })
  assert.ok(isWell(lines))
  assert.match(textOf(lines), /^warn {2}environment {2}Ollama has no OLLAMA_METRICS\n {19}Take the gateway's own/m)
  assert.match(textOf(lines), /\d+ ok, 1 warned of, 0 failed\.$/)
  const worse = linesOf({ ...healthy, servers: [serverWith({ up: false })] })
  assert.deepEqual([isWell(worse), (jsonOf(worse) as { ok: boolean }).ok], [false, false])
})
