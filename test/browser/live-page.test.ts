import assert from 'node:assert/strict'
import { after, before, test, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { someAsk } from '../telemetry/asks.ts'
import { claimOf, entryOf } from '../../src/ledger/entries.test-helper.ts'
import { Page, withBrowser } from './browser.ts'
import { model, troubledHouse, type TroubledHouse } from './house.ts'

/** The text in the page once it holds that; fails with all of it when it never does. */
async function shows(id: string, pattern: RegExp, withinMs = 5_000): Promise<string> {
  let text = ''
  for (const until = Date.now() + withinMs; Date.now() < until; await wait(50)) {
    const shown = `[document.getElementById('${id}')].filter((one) => one.checkVisibility())[0]?.innerText ?? ''`
    text = String(await page.value(shown))
    if (pattern.test(text)) return text
  }
  return assert.fail(`${id} never showed ${pattern.source}:\n${text}`)
}

type Upstream = TroubledHouse['gateway']['fleet']['upstreams'][number]
type Place = ReturnType<Upstream['place']>

/** How each state comes about, the word by which the table calls it, and the sentence that tells it. */
const states: readonly {
  readonly word: string
  readonly tells: RegExp
  readonly befalls: (server: Upstream, place: Place, now: number) => void
}[] = [
  {
    word: 'resting',
    tells: /resting failed too often in a row and is left alone for \d+ s\./,
    befalls: ({ breaker }, _place, now) => breaker.open(now, 60_000),
  },
  {
    word: 'on trial',
    tells: /on-trial failed too often in a row: one request at a time finds out whether it is well again\./,
    befalls: ({ breaker }, _place, now) => breaker.open(now - 60_000, 1_000),
  },
  {
    word: 'turned us away',
    tells:
      /turned-us-away turned the gateway away: check its url, its api_key and its account\. It is left alone for \d s;/,
    befalls: ({ exile }, _place, now) => exile.begin(now, now),
  },
  {
    word: 'cannot load',
    tells: /cannot-load cannot load llama3\.1:8b: out of memory\. It is tried again in \d s\./,
    befalls: (_server, place, now) => place.loadFailed('out of memory', now),
  },
  {
    word: 'stalled',
    tells: /stalled stopped in the middle of its answers with llama3\.1:8b, and is being brought back\./,
    befalls: (_server, place) => void (place.isHung = true),
  },
  {
    word: 'coming back',
    tells: /coming-back is coming back with llama3\.1:8b: 2 of 8 at once, soon more\./,
    befalls: (_server, { limit }) => void (limit.opened = 2),
  },
  {
    word: 'slow',
    tells: /slow is much slower with llama3\.1:8b than others: requests go to those, and now and then one tries it\./,
    befalls: (_server, { slowness }, now) => [now - 10_001, now - 5_000, now].forEach((at) => slowness.leaveAlone(at)),
  },
  {
    word: 'lacks a model',
    tells: /lacks-a-model says that it has not got llama3\.1:8b\. It is asked again in \d+ s\./,
    befalls: (_server, place, now) => void (place.absentUntil = now + 60_000),
  },
]

const nameOf = (word: string): string => word.replaceAll(' ', '-')

let page: Page
const ends: (() => unknown)[] = []

before(async () => {
  if (withBrowser.skip === false) page = await Page.open({ after: (close) => ends.push(close) })
})
after(() => Promise.all(ends.map((close) => close())))

/** A house of these servers, and its page in the browser. */
async function visit(
  t: TestContext,
  kinds: Parameters<typeof troubledHouse>[1],
  more: Parameters<typeof troubledHouse>[2] = {},
): Promise<TroubledHouse> {
  const house = await troubledHouse(t, kinds, more)
  await page.goTo(`${house.adminUrl}/`)
  return house
}

test(
  'each state that a server can be in is a word in its line, and a sentence with the reason and until when',
  withBrowser,
  async (t) => {
    const kinds = Object.fromEntries(states.map(({ word }) => [nameOf(word), 'vllm'] as const))
    const house = await visit(t, { well: 'vllm', down: 'ollama', starting: 'llamacpp', ...kinds })
    await shows('upstreams', /● up\s+lacks-a-model/)
    house.servers.get('down')!.crash()
    house.servers.get('starting')!.crash()
    for (const { word, befalls } of states) {
      const server = house.gateway.fleet.upstreams.find(({ settings }) => settings.name === nameOf(word))!
      befalls(server, server.place(model), house.gateway.world.now())
    }
    for (const { settings, onTrouble } of house.gateway.fleet.upstreams)
      if (!house.servers.get(settings.name)!.up) onTrouble()

    for (const { tells } of states) await shows('troubles', tells)
    await shows('troubles', /down is down: it refuses connections\. It is looked at again and again/)
    await shows('troubles', /starting is down/)
    house.servers.get('starting')!.restart()
    await shows('troubles', /starting is starting up: it answers, and is not ready yet\./)

    const table = await shows('upstreams', /● starting\s+starting/)
    for (const { word } of states) assert.match(table, new RegExp(`● ${word}\\s+${nameOf(word)}\\s`))
    assert.match(table, /● down\s+down\s/)
    assert.match(table, /● up\s+well\s/)
    assert.doesNotMatch(await shows('troubles', /./), /well is|undefined|null|NaN/)
    await shows('state', /10 of 11 upstreams in trouble/)
    assert.deepEqual(page.errors, [])
  },
)

test(
  'what the process gives up, a disk that fills and a refused configuration are told until they are over',
  withBrowser,
  async (t) => {
    const house = await visit(t, { box: 'ollama' })
    await shows('upstreams', /● up\s+box/)
    assert.equal(await page.value("document.getElementById('troubles-box').hidden"), true)

    house.memory(0.96)
    house.volumes.push({ name: 'models', path: '/m', usedRatio: 0.97, freeBytes: 1e9, state: 'full' })
    const fine = house.config
    house.config = { ...fine, refused: { atMs: 0, problems: ['spillway.yaml:3:5 upstreams[0]: needs a url'] } }
    await shows('troubles', /The gateway runs short: batch work is refused .*; new requests are refused\./)
    await shows('troubles', /The volume of models \(\/m\) is 97 % full: make room\./)
    await shows('banner', /was refused; .*\n.*spillway\.yaml:3:5 upstreams\[0\]: needs a url/)

    house.memory(0.5)
    house.volumes.length = 0
    house.config = fine
    await shows('events', /The pressure is over/)
    for (const id of ['troubles-box', 'banner']) await shows(id, /^$/)
  },
)

test(
  'what happened is told in sentences, and what comes with every request only where somebody wants it',
  withBrowser,
  async (t) => {
    const house = await visit(t, { box: 'ollama' })
    const ask = someAsk()
    await shows('upstreams', /box/)
    // The stream of events is opened beside the first look.
    for (let at = 0; at < 20; at += 1) {
      house.gateway.emit({ type: 'notice', level: 'info', text: 'listening' })
      await wait(50)
    }
    await shows('events', /listening/)
    const { emit } = house.gateway
    emit({ type: 'ask-arrived', ask })
    emit({ type: 'attempt-failed', ask, upstream: 'box', midStream: true, kind: 'upstream-broke', reason: 'SECRET' })
    emit({ type: 'resumed', ask, from: 'box', upstream: 'desk', outcome: 'carried-on', afterMs: 3 })
    emit({ type: 'ask-hedged', ask, upstream: 'gpu', afterMs: 1_234 })
    emit({ type: 'hedge-ended', ask, upstream: 'gpu', ending: 'won', wastedTokens: 3 })
    emit({ type: 'upstream-stalled', upstream: 'box', model, asks: 3, silentMs: 21_000 })
    emit({ type: 'connection-cut', why: 'stalled' })
    const told = await shows('events', /connection/)
    for (const sentence of [
      'chat-ui, llama3.1:8b: box failed in the middle of the answer (upstream-broke)',
      'chat-ui, llama3.1:8b: the stream from box broke and was carried on by desk',
      'chat-ui, llama3.1:8b: late after 1.2 s, so gpu is asked as well',
      'chat-ui, llama3.1:8b: gpu was asked as well, and spoke first',
      'box stands still: Nothing came of 3 answers',
      "A caller's connection was closed: it did not read its answer.",
    ])
      assert.ok(told.includes(sentence), `${sentence}\n${told}`)
    assert.doesNotMatch(told, /SECRET|ask-arrived/)
    await page.value("document.getElementById('every').click()")
    await shows('events', /ask-arrived/)
    assert.deepEqual(page.errors, [])
  },
)

test(
  'what is spent, held and saved is shown with who spent it, and the cloud is closed and opened by a button',
  withBrowser,
  async (t) => {
    const house = await visit(t, { box: 'ollama' }, { budget: { usd: 20, per: 'day' }, time_zone: 'UTC' })
    const { ledger, world } = house.gateway
    const now = world.epochMs()
    const day = { name: 'gateway/day', from: now - (now % 86_400_000), until: now - (now % 86_400_000) + 86_400_000 }
    const account = { ...day, limitNano: 20_000_000_000 }
    const caller = '<b>ann</b>'
    const usual = { accounts: [account], caller, at: now, expiresAt: now + 60_000 }
    const [spent, held] = [
      claimOf('spent#1', { ...usual, nano: 15_000_000_000 }),
      claimOf('held#1', { ...usual, nano: 2_500_000_000 }),
    ]
    for (const claim of [spent, held]) assert.equal((await ledger.hold(claim)).short, undefined)
    const ended = { at: now, endedAt: now, gpuMs: 0 }
    const tokens = { inputTokens: 9, outputTokens: 9, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 }
    const tries = [{ claim: spent, state: 'settled', nano: 15_000_000_000, estimated: false, ...tokens } as const]
    await ledger.close(entryOf('spent', { ...ended, caller, nano: 15_000_000_000, tries }))
    await ledger.close(entryOf('home', { ...ended, caller: 'bob', savedNano: 40_000_000, gpuMs: 90_000 }))

    await shows('spent', /Today \$15\.00 spent and \$0\.040 saved, by 2 requests; none of them spilled to the cloud\./)
    await shows('budgets', /gateway\/day\s+\$15\.00 of \$20\.00\s+\$2\.50 held\s+in \d+ (h|min)/)
    await shows('spenders', /<b>ann<\/b>\s+1\s+\$15\.00[\s\S]*bob\s+1\s+\$0\.00\s+\$0\.040\s+2 min/)
    await shows('cloud', /The cloud is open/)
    await page.value("document.getElementById('switch').click()")
    await shows('cloud', /The cloud is closed \(loopback\)/)
    assert.equal(house.gateway.treasury.isCloudOpen, false)
    await shows('troubles', /The cloud is closed: nothing leaves any more/)
    await page.value("document.getElementById('switch').click()")
    await shows('cloud', /The cloud is open/)
    assert.equal(house.gateway.treasury.isCloudOpen, true)
    assert.deepEqual(page.errors, [])
  },
)

test('without any budget the page says so in a line', withBrowser, async (t) => {
  await visit(t, { box: 'ollama' })
  await shows('money-box', /No budget is set: nothing is refused for what it costs\./)
  await shows('money-box', /Nobody has asked anything today\./)
  await shows('spent', /Today \$0\.00 spent and \$0\.00 saved, by 0 requests\./)
  assert.deepEqual(page.errors, [])
})

test('figures say of how long they are, and none is made up where nothing was asked', withBrowser, async (t) => {
  await visit(t, { box: 'ollama' })
  const tiles = await shows('tiles', /Failed/)
  for (const name of ['Spilled to the cloud', 'Refused', 'Failed'])
    assert.match(tiles, new RegExp(`${name}\\s+0 in 30 s`), name)
  assert.match(tiles, /First token, p95\s+–/)
  assert.doesNotMatch(await shows('graphs', /Queue/), /most [1-9]/)
  await shows('state', /^0 requests so far · 1 upstream$/)
  assert.equal(await page.value('document.title'), 'Spillway')
})

test('when the gateway is gone, what is left on the page is told to be old', withBrowser, async (t) => {
  const house = await visit(t, { box: 'ollama' })
  await shows('upstreams', /● up\s+box/)
  await house.closePort()
  await shows('state', /^The gateway does not answer; below is what was at \d\d:\d\d:\d\d\.$/)
  assert.equal(await page.value("document.getElementById('main').classList.contains('old')"), true)
  assert.match(String(await page.value('document.title')), /^▲/)
})

test(
  'on a phone nothing is wider than the screen, and the troubles are read without scrolling sideways',
  withBrowser,
  async (t) => {
    const house = await visit(t, { 'a-name-that-is-rather-long-for-a-server': 'ollama' })
    await page.call('Emulation.setDeviceMetricsOverride', {
      width: 400,
      height: 800,
      deviceScaleFactor: 1,
      mobile: true,
    })
    for (const server of house.servers.values()) server.crash()
    for (const server of house.gateway.fleet.upstreams) server.onTrouble()
    await shows('troubles', /is down/)
    assert.equal(await page.value('document.documentElement.scrollWidth'), 400)
    assert.equal(await page.value("document.getElementById('troubles').scrollWidth <= 400"), true)
  },
)
