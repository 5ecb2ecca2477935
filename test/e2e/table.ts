/** What every client gets through the gateway of every kind of server. One row is a client, one column a server. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import type { ConfigInput } from '../../src/config/schema.ts'
import { recital, vectorOf } from '../../src/sim/recital.ts'
import { endless, model, type Stage, stage, stops, until } from './rig.ts'
import { type Embedder, type Speaker, type Told, Unended, type Wishes } from './speakers/speaker.ts'
import { allKinds, type Break, breaks, type Kind } from './witness.ts'

const asked = 'Say 8 words.'

type Case = (speaker: Speaker, kind: Kind) => void

/** Registers the rows of some clients. */
export function table(speakers: readonly Speaker[], columns: readonly Kind[] = allKinds): void {
  for (const kind of columns) {
    suite(`Before ${kind}`, { concurrency: 8 }, () => {
      for (const speaker of speakers) {
        const cases = isBeyond(speaker, kind) ? [cannot] : [words, calls, leaves, breaking, refusals]
        for (const each of cases) each(speaker, kind)
      }
    })
  }
}

/** Anthropic only converses: it carries on no plain text and has no vectors. */
const isBeyond = ({ dialect }: Pick<Speaker, 'dialect'>, kind: Kind): boolean =>
  kind === 'anthropic' && /completions|embed/.test(dialect)

const cannot: Case = (speaker, kind) => {
  test(`${speaker.name} is told that ${kind} cannot do that`, async (t) => {
    const { url, server } = await stage(t, kind)
    const { status, message } = await refusedTo(speaker, url, {})
    assert.equal(status, 400)
    assert.match(message, /does not support/)
    assert.equal(server.heard.length, 0)
  })
}

const words: Case = ({ name, chat, stream }, kind) => {
  test(`${name} hears what ${kind} says, whole, in a stream, and no more than it wants`, async (t) => {
    const { url, server } = await stage(t, kind, { server: { torn: 0.5 } })
    assert.equal(await chat(url, asked), recital(asked))
    const pieces: string[] = []
    assert.equal(await stream(url, asked, { onWord: (word) => pieces.push(word) }), recital(asked))
    assert.ok(pieces.length > 4, `it came in ${pieces.length} pieces`)
    assert.equal(await chat(url, asked, { limit: 5 }), recital(asked, 5))
    assert.equal(await stream(url, asked, { limit: 5 }), recital(asked, 5))
    assert.deepEqual([server.heard.length, server.ledger.whole], [4, 4])
  })
}

const calls: Case = ({ name, call }, kind) => {
  if (call === undefined) return
  test(`${name} is called upon for a tool by ${kind}, and hears words once the result is there`, async (t) => {
    const { url, server } = await stage(t, kind)
    for (const streamed of [false, true]) {
      const called = await call(url, asked, { streamed })
      assert.equal(called.name, 'weather')
      assert.deepEqual(Object.keys(called.input as object), ['city', 'days'])
      assert.equal(await called.after('sunny, 21 degrees'), recital(asked))
      assert.match(JSON.stringify(server.heard.at(-1)), /sunny, 21 degrees/)
    }
  })
}

const leaves: Case = ({ name, chat, stream }, kind) => {
  test(`${name} going away stops ${kind}, in mid-stream and while it waits for the whole`, async (t) => {
    const { url, server } = await stage(t, kind)
    const leaving = new AbortController()
    let heard = 0
    const onWord = (): void => {
      heard += 1
      if (heard === 5) leaving.abort()
    }
    await assert.rejects(stream(url, endless, { signal: leaving.signal, onWord }))
    await stops(server)
    const waiting = new AbortController()
    const gone = assert.rejects(chat(url, endless, { signal: waiting.signal }))
    await until(() => server.ledger.open === 1, 2_000, 'it speaks')
    waiting.abort()
    await gone
    await stops(server)
    assert.equal(server.ledger.aborted, 2)
  })
}

/** Where in a stream it breaks, as a part of all that is written: within the words, and in front of the end. */
const places: readonly (readonly [by: Break, part: number])[] = [
  ['reset', 0.1],
  ['error', 0.5],
  ['fin', 1],
  ['cut', 0.5],
  ['error', 1],
  ['cut', 1],
]

const breaking: Case = ({ name, chat, stream }, kind) => {
  test(`${name} raises when ${kind} breaks off, however and wherever it does, and is served again`, async (t) => {
    const { url, server } = await stage(t, kind)
    const question = 'Say 6 words.'
    // In between, so that it is not left alone for failing. Tells how often it writes when nothing goes wrong.
    const sound = async (): Promise<number> => {
      server.mischief = undefined
      assert.equal(await stream(url, question), recital(question))
      return server.writes
    }
    let writes = 0
    for (const [index, [by, part]] of places.entries()) {
      if (index % 2 === 0) writes = await sound()
      const after = Math.max(1, Math.floor(part * (writes - 1)))
      const asks = server.heard.length
      server.mischief = { after, by }
      let heard = ''
      const error = await stream(url, question, { onWord: (word) => (heard += word) }).then(
        (text) => assert.fail(`by ${by} after ${after} writes it took this for an answer: ${text}`),
        (raised: Error) => raised,
      )
      assert.ok(recital(question).startsWith(heard), `by ${by} after ${after} writes it heard: ${heard}`)
      if (part >= 0.5) assert.notEqual(heard, '')
      assert.match(error.message, /\w+ \w+/)
      assert.ok(!(error instanceof Unended), `by ${by} after ${after} writes nobody told it`)
      if (heard !== '') assert.equal(server.heard.length - asks, 1, 'what has begun to speak is not asked again')
    }
    for (const by of breaks) {
      await sound()
      server.mischief = { after: 0, by }
      await assert.rejects(chat(url, question))
    }
    server.mischief = undefined
    assert.equal(await chat(url, question), recital(question))
  })
}

/** How the refusals of the gateway are known in each family of formats: status, and code where it has one. */
interface Known {
  readonly noModel: readonly [number, string?]
  readonly nonsense: readonly [number, string?]
  readonly overflow: readonly [number, string?]
  readonly noKey: readonly [number, string?]
  readonly notAllowed: readonly [number, string?]
  readonly full: readonly [number, string?]
  readonly overflowWords: RegExp
}

const openAiKnows: Known = {
  noModel: [404, 'model_not_found'],
  nonsense: [400, 'invalid_request'],
  overflow: [400, 'context_length_exceeded'],
  noKey: [401, 'invalid_api_key'],
  notAllowed: [403, 'permission_denied'],
  full: [429, 'queue_full'],
  overflowWords: /maximum context length is 128 tokens/,
}

const withoutCodes = { noModel: [404], nonsense: [400], overflow: [400], noKey: [401], notAllowed: [403] } as const

const known: Readonly<Record<string, Known>> = {
  openai: openAiKnows,
  anthropic: { ...withoutCodes, full: [429], overflowWords: /prompt is too long: \d+ tokens > 128 maximum/ },
  ollama: { ...withoutCodes, full: [429], overflowWords: /context/ },
}

const knownTo = ({ dialect }: Pick<Speaker, 'dialect'>): Known => known[dialect.split('-', 1)[0]!]!

/** The same refusal comes whether or not the answer was to be a stream. */
async function refusedTo(speaker: Speaker, url: string, wishes: Wishes, question = 'Say 3 words.'): Promise<Told> {
  const [whole, streamed] = await Promise.all(
    [speaker.chat, speaker.stream].map((ask) =>
      ask(url, question, wishes).then(
        (text) => assert.fail(`It was answered: ${text}`),
        (error: unknown) => speaker.told(error),
      ),
    ),
  )
  assert.equal(streamed!.status, whole!.status, streamed!.message)
  assert.equal(streamed!.raised, whole!.raised)
  return whole!
}

function assertTold(speaker: Speaker, told: Told, expected: readonly [number, string?]): void {
  const { status, code, raised, message } = told
  assert.deepEqual([status, code], [expected[0], expected[1]], message)
  assert.equal(raised, speaker.raises(told))
  assert.match(message, /\w+ \w+/)
}

const key = 'sesame'

const callers: ConfigInput['callers'] = [
  { name: 'known', key },
  { name: 'limited', key: 'poppy', models: ['another-model'] },
]

const refusals: Case = (speaker, kind) => {
  const { name, chat, stream } = speaker
  const knows = knownTo(speaker)
  const refused = async (scene: Stage, expected: readonly [number, string?], wishes: Wishes, question?: string) => {
    const told = await refusedTo(speaker, scene.url, wishes, question)
    assertTold(speaker, told, expected)
    return told
  }

  test(`${name} before ${kind} is refused what cannot be, each in its own class`, async (t) => {
    const models = [{ name: model, contextTokens: 128 }]
    const scene = await stage(t, kind, { server: { models }, config: { callers } })
    const { url, server } = scene
    await refused(scene, knows.noKey, { key: 'guess' })
    await refused(scene, knows.notAllowed, { key: 'poppy' })
    assert.match((await refused(scene, knows.noModel, { key, model: 'nobody:7b' })).message, /nobody:7b/)
    await refused(scene, knows.nonsense, { key, extra: { model: 7 } })
    assert.match((await refused(scene, knows.overflow, { key }, 'word '.repeat(400))).message, knows.overflowWords)
    assert.equal(server.ledger.whole, 0)
    assert.equal(await chat(url, 'Say 3 words.', { key, limit: 9 }), recital('Say 3 words.'))
    server.crash()
    const told = await refusedTo(speaker, url, { key })
    assert.ok(told.status >= 500, `it was ${told.status}`)
    assert.equal(told.raised, speaker.raises(told))
    assert.match(told.message, /\w+ \w+/)
  })

  test(`${name} before ${kind} with one who runs, one who waits and room for nobody else`, async (t) => {
    const scene = await busy(t, kind)
    const { url, server, gateway } = scene
    const leaving = new AbortController()
    const inside = [1, 2].map(() => assert.rejects(stream(url, endless, { signal: leaving.signal })))
    await until(() => server.ledger.open === 1 && gateway.waiting === 1, 2_000, 'one runs and the other waits')
    const { header } = await refused(scene, knows.full, {})
    if (header !== undefined) {
      assert.ok(Number(header('retry-after')) >= 1)
      assert.ok(Number(header('retry-after-ms')) >= 1)
    }
    leaving.abort()
    await Promise.all(inside)
    await stops(server)
    assert.equal(server.heard.length, 1)
  })
}

/** One place, and one chair to wait in. */
const busy = (t: TestContext, kind: Kind): Promise<Stage> =>
  stage(t, kind, {
    upstream: { concurrency: 1 },
    config: { queue: { max: 1 } },
    server: { engine: { slots: 1 } },
  })

/** Rows of clients that want vectors. */
export function vectorTable(embedders: readonly Embedder[]): void {
  for (const kind of allKinds) {
    suite(`Before ${kind}`, { concurrency: 8 }, () => {
      for (const embedder of embedders) (isBeyond(embedder, kind) ? noVectors : vectors)(embedder, kind)
    })
  }
}

const texts = ['one text', 'another text, ünd a fox 🦊', 'one text']
const embedding = { name: 'nomic-embed-text:latest', contextTokens: 2_048, dimensions: 16 }
const embeds = { server: { models: [embedding] } }

function vectors({ name, embed, told }: Embedder, kind: Kind): void {
  test(`${name} gets of ${kind} the vector of each text, in order, to the last digit`, async (t) => {
    const { url, server } = await stage(t, kind, embeds)
    const got = await embed(url, texts, { model: embedding.name })
    assert.deepEqual(
      got,
      texts.map((text) => vectorOf(text, 16)),
    )
    assert.equal(server.ledger.vectors, texts.length)
    const error = await embed(url, texts, { model: 'nobody' }).then(() => assert.fail('It was answered.'), told)
    assert.equal(error.status, 404)
    assert.match(error.message, /nobody/)
  })
}

function noVectors({ name, embed, told }: Embedder, kind: Kind): void {
  test(`${name} is told that ${kind} has no vectors`, async (t) => {
    const { url } = await stage(t, kind)
    const { status, message } = await embed(url, texts).then(() => assert.fail('It was answered.'), told)
    assert.equal(status, 400)
    assert.match(message, /does not support embeddings/)
  })
}
