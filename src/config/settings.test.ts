import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backendOf } from '../backends/index.ts'
import type { Backend } from '../core/backend.ts'
import { isLoopback, readAddress, urlOf } from './address.ts'
import { ConfigFault } from './problem.ts'
import type { ConfigInput } from './schema.ts'
import { doorsOf, parse, resolve } from './settings.ts'

const box = { name: 'box', kind: 'ollama', url: 'http://127.0.0.1:11434' }

test('three lines are enough, and everything else has a default', () => {
  assert.deepEqual(resolve({ upstreams: [box] }), {
    upstreams: [
      {
        name: 'box',
        backend: backendOf('ollama'),
        origin: 'http://127.0.0.1:11434',
        basePath: '',
        apiKey: undefined,
        tier: 0,
        concurrency: 'auto',
        serve: undefined,
        context: new Map(),
        preload: [],
        modelsMax: undefined,
        budgets: [],
      },
    ],
    standIns: new Map(),
    queue: { max: 200, patienceMs: 8_000, deadlineMs: undefined, shares: { default: 0.2, batch: 0.1 } },
    callers: [],
    teams: new Map(),
    money: {
      budgets: [],
      timeZone: 'UTC',
      prices: new Map(),
      cloudOpen: true,
      requestMostNano: undefined,
      outputTokensMost: undefined,
      alerts: { webhook: undefined, spillShare: 0.1 },
    },
    records: { keepMs: 90 * 86_400_000, auditKeepMs: 365 * 86_400_000, syncAll: false },
    recording: { fileBytes: 16 * 1024 ** 2, keepBytes: 256 * 1024 ** 2, keepMs: 30 * 86_400_000 },
    trustedProxies: [],
    models: new Map(),
    timeouts: {
      connectMs: 5_000,
      loadMs: 600_000,
      firstTokenMs: 300_000,
      gapMs: 60_000,
      totalMs: 1_800_000,
      heartbeatMs: 10_000,
      drainMs: 30_000,
      drainDelayMs: 0,
    },
    bounds: {
      connections: 'auto',
      connectionsPerAddress: 'auto',
      readerStallMs: 30_000,
      unreadBytes: 512 * 1_048_576,
      bodyBytes: 32 * 1_048_576,
    },
    attemptsMax: 3,
    retryShare: 0.2,
    probeEveryMs: 5_000,
    hedge: { share: 0.02, cloud: false },
  })
  assert.deepEqual(doorsOf(parse({ upstreams: [box] })), {
    listen: { host: '127.0.0.1', port: 11_400 },
    admin: { host: '127.0.0.1', port: 11_401, token: undefined },
  })
})

test('everything that is set arrives', () => {
  const settings = resolve({
    upstreams: [
      {
        ...box,
        api_key: 'k',
        tier: 4,
        concurrency: 3,
        models: { serve: { mine: 'theirs' }, context: { theirs: 4_096 }, preload: ['theirs'], at_once: 2 },
      },
    ],
    fallback_models: { Big: ['mine'] },
    queue: { max: 0, patience: '1.5s', deadline: '30s', shares: { batch: 0.3 } },
    callers: [
      { name: 'a', key: 'x y', priority: 'batch', weight: 0.5, patience: 0, models: ['mine'], cloud: 'never' },
      {
        name: 'b',
        key: 'z',
        team: 'research',
        clamp: false,
        budget: [
          { usd: 0.5, per: 'hour' },
          { tokens: 1_000, gpu_seconds: 0.5, per: 'month', alert_at: [1, 0.9] },
        ],
        expires: '2027-01-31',
        dialects: ['ollama'],
        addresses: ['10.0.0.0/8'],
      },
    ],
    teams: { research: { budget: { usd: 50, per: 'week' }, models: ['mine'], cloud: 'never' } },
    anonymous: { allowed: true, models: [], budget: { usd: 0, per: 'day' } },
    budget: { usd: 20, per: 'day' },
    cloud: { enabled: false, request_usd: 0.25, output_tokens: 100 },
    prices: { Theirs: { input: 1, output: 5, cached_input: 0.0375 } },
    time_zone: 'Europe/Berlin',
    ledger: { sync: 'all', keep_days: 2, audit_days: 3 },
    recording: { keep_days: 4, keep: '1GB', file: '64KB' },
    timeouts: {
      connect: '1s',
      load: '20m',
      first_token: '2m',
      gap: 3,
      total: '1h',
      heartbeat: '2s',
      drain: '1m',
      drain_delay: '4s',
    },
    attempts: 1,
    retry_budget: 0.5,
    probe_every: '1h',
    hedge: { share: 0.01, cloud: true },
  })
  const weekly = { per: 'week', nano: 50_000_000_000, tokens: undefined, gpuMs: undefined, alertAt: [0.5, 0.8, 1] }
  const research = { name: 'research', cloud: 'never', models: new Set(['mine']), budgets: [weekly] }
  const [upstream] = settings.upstreams
  assert.deepEqual([upstream?.apiKey, upstream?.tier, upstream?.concurrency], ['k', 4, 3])
  assert.deepEqual([upstream?.serve, upstream?.context], [new Map([['mine', 'theirs']]), new Map([['theirs', 4_096]])])
  assert.deepEqual([upstream?.preload, upstream?.modelsMax], [['theirs'], 2])
  assert.deepEqual([settings.standIns?.get('Big'), settings.standIns?.get('big')], [['mine'], ['mine']])
  assert.deepEqual(settings.queue, {
    max: 0,
    patienceMs: 1_500,
    deadlineMs: 30_000,
    shares: { default: 0.2, batch: 0.3 },
  })
  assert.deepEqual(settings.callers, [
    {
      caller: {
        id: 'a',
        weight: 0.5,
        priority: 'batch',
        cloud: 'never',
        models: new Set(['mine']),
        clamp: true,
        budgets: [],
      },
      key: 'x y',
      patienceMs: 0,
      deadlineMs: undefined,
    },
    {
      caller: {
        id: 'b',
        weight: 1,
        priority: 'default',
        // As its team.
        cloud: 'never',
        models: undefined,
        clamp: false,
        budgets: [
          { per: 'hour', nano: 500_000_000, tokens: undefined, gpuMs: undefined, alertAt: [0.5, 0.8, 1] },
          { per: 'month', nano: undefined, tokens: 1_000, gpuMs: 500, alertAt: [0.9, 1] },
        ],
        team: research,
        dialects: new Set(['ollama']),
      },
      key: 'z',
      patienceMs: undefined,
      deadlineMs: undefined,
      expiresAt: Date.UTC(2027, 0, 31),
      addresses: [{ address: '10.0.0.0', bits: 8 }],
    },
  ])
  assert.deepEqual(settings.teams, new Map([['research', research]]))
  assert.deepEqual(settings.money, {
    budgets: [{ per: 'day', nano: 20_000_000_000, tokens: undefined, gpuMs: undefined, alertAt: [0.5, 0.8, 1] }],
    timeZone: 'Europe/Berlin',
    prices: new Map([['theirs', { input: 1_000_000, output: 5_000_000, cachedInput: 37_500, source: 'config' }]]),
    cloudOpen: false,
    requestMostNano: 250_000_000,
    outputTokensMost: 100,
    alerts: { webhook: undefined, spillShare: 0.1 },
  })
  assert.deepEqual(settings.recording, { fileBytes: 65_536, keepBytes: 1024 ** 3, keepMs: 4 * 86_400_000 })
  assert.deepEqual(settings.records, { keepMs: 2 * 86_400_000, auditKeepMs: 3 * 86_400_000, syncAll: true })
  assert.deepEqual(settings.anonymous, {
    id: 'anonymous',
    weight: 1,
    priority: 'batch',
    cloud: 'never',
    models: new Set(),
    budgets: [{ per: 'day', nano: 0, tokens: undefined, gpuMs: undefined, alertAt: [0.5, 0.8, 1] }],
  })
  assert.deepEqual(settings.timeouts, {
    connectMs: 1_000,
    loadMs: 1_200_000,
    firstTokenMs: 120_000,
    gapMs: 3,
    totalMs: 3_600_000,
    heartbeatMs: 2_000,
    drainMs: 60_000,
    drainDelayMs: 4_000,
  })
  assert.deepEqual([settings.attemptsMax, settings.retryShare, settings.probeEveryMs], [1, 0.5, 3_600_000])
  assert.deepEqual(settings.hedge, { share: 0.01, cloud: true })
  assert.equal(resolve({ upstreams: [box], hedge: false }).hedge, undefined)
  assert.equal(resolve({ upstreams: [box], recording: false }).recording, undefined)
})

test('limits arrive with their caller, and those of the anonymous by themselves', () => {
  const limits = { requests_per_minute: 60, tokens_per_minute: 9_000, concurrent: 4 }
  const { callers, anonymousLimits } = resolve({
    upstreams: [box],
    callers: [{ name: 'a', key: 'k', limits }],
    anonymous: { limits: { concurrent: 2 } },
  })
  assert.deepEqual(callers[0]?.caller.limits, { requestsPerMinute: 60, tokensPerMinute: 9_000, concurrent: 4 })
  assert.equal(anonymousLimits?.concurrent, 2)
})

test('a kind has its own tier unless one is set', () => {
  const tierOf = (kind: string, tier?: number): number | undefined =>
    resolve({ upstreams: [{ ...box, kind, ...(tier !== undefined && { tier }) }] }).upstreams[0]?.tier
  assert.deepEqual([tierOf('ollama'), tierOf('openai-compatible'), tierOf('openai'), tierOf('openai', 0)], [0, 0, 1, 0])
})

test('an address of a server is an origin and a base, without the version that the doors bring', () => {
  const placeOf = (url: string): string[] => {
    const [upstream] = resolve({ upstreams: [{ ...box, url }] }).upstreams
    return [upstream!.origin, upstream!.basePath]
  }
  for (const [url, origin, basePath] of [
    ['http://h', 'http://h', ''],
    ['http://h/', 'http://h', ''],
    ['http://h/v1', 'http://h', ''],
    ['http://h/v1/', 'http://h', ''],
    ['HTTP://H:80/v1//', 'http://h', ''],
    ['https://h:8443/openai/v1', 'https://h:8443', '/openai'],
    ['https://h/a/b/', 'https://h', '/a/b'],
    ['http://[::1]:8000', 'http://[::1]:8000', ''],
    ['http://h/v1beta', 'http://h', '/v1beta'],
  ] as const) {
    assert.deepEqual(placeOf(url), [origin, basePath], url)
  }
})

test('a backend of one’s own can be named, and replaces one of the same name', () => {
  const mine: Backend = { ...backendOf('ollama')!, kind: 'mine', tier: 2 }
  const better: Backend = { ...mine, kind: 'ollama' }
  const settings = resolve(
    {
      upstreams: [
        { ...box, kind: 'mine' },
        { ...box, name: 'other' },
      ],
    },
    { backends: [mine, better] },
  )
  assert.deepEqual(
    settings.upstreams.map(({ backend }) => backend),
    [mine, better],
  )
  assert.throws(() => resolve({ upstreams: [{ ...box, kind: 'mine' }] }), /there is no kind "mine"; known here: ollama/)
})

test('an application gets every fault at once, without a file to name', () => {
  const input: unknown = { upstreams: [{ name: 'a', kind: 'nope', url: 'h' }], qeue: {} }
  assert.throws(
    () => resolve(input as ConfigInput),
    (error: ConfigFault) => {
      assert.ok(error instanceof ConfigFault)
      assert.deepEqual(error.problems.map(({ path }) => path.join('.')).sort(), [
        'qeue',
        'upstreams.0.kind',
        'upstreams.0.url',
      ])
      return /^upstreams\[0\]\.url: is no http address/m.test(error.message)
    },
  )
  for (const nonsense of [{}, { upstreams: {} }, { upstreams: [null] }, { upstreams: [{ kind: {} }] }]) {
    assert.throws(() => resolve(nonsense as unknown as ConfigInput), ConfigFault)
  }
})

test('a port open to strangers is allowed where callers have keys and operators a token', () => {
  const callers = [{ name: 'a', key: 'k' }]
  const admin = { listen: '0.0.0.0:2', token: 'long enough' }
  const doors = doorsOf(parse({ upstreams: [box], listen: '[::]:1', callers, admin }))
  assert.deepEqual(doors, {
    listen: { host: '::', port: 1 },
    admin: { host: '0.0.0.0', port: 2, token: 'long enough' },
  })
})

test('addresses are read in every form that people write', () => {
  const at = (host: string, port: number): object => ({ host, port })
  for (const [text, address] of [
    ['127.0.0.1:80', at('127.0.0.1', 80)],
    ['localhost:0', at('localhost', 0)],
    [':8080', at('127.0.0.1', 8080)],
    ['8080', at('127.0.0.1', 8080)],
    ['[::1]:8080', at('::1', 8080)],
    ['gpu-box.lan:1', at('gpu-box.lan', 1)],
    ['::1:8080', undefined],
    ['[::g]:1', undefined],
    ['[127.0.0.1]:1', undefined],
    ['host', undefined],
    ['host:', undefined],
    ['host:65536', undefined],
    ['http://host:1', undefined],
    ['user@host:1', undefined],
    ['', undefined],
  ] as const) {
    assert.deepEqual(readAddress(text), address, text)
  }
  assert.equal(urlOf({ host: '::1', port: 1 }), 'http://[::1]:1')
  assert.equal(urlOf({ host: 'h', port: 1 }), 'http://h:1')
})

test('only what this machine alone can reach is loopback', () => {
  const hosts = ['127.0.0.1', '127.9.9.9', 'localhost', '::1', '0.0.0.0', '::', '192.168.0.1', '127.0.0.1.example.com']
  assert.deepEqual(hosts.filter(isLoopback), ['127.0.0.1', '127.9.9.9', 'localhost', '::1'])
})

test('what is kept of recordings holds at least two files of them', () => {
  assert.throws(
    () => resolve({ upstreams: [box], recording: { keep: '20MB' } }),
    /recording: keeps too little; let keep be at least twice as much as file/,
  )
})
