/** The official clients in front of budgets, a ledger on the disk, and clouds that count for themselves. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { generateText, streamText } from 'ai'
import { ChatOpenAI } from '@langchain/openai'
import { recital } from '../../src/sim/recital.ts'
import { charged, keyOf, type MoneyHouse, moneyHouse, type Sold, shared, Wallets } from './budgets-house.ts'
import { type Ends, stops, until } from './rig.ts'
import { aiSpeakers, compatibleAt } from './speakers/ai.ts'
import { anthropicSdk } from './speakers/anthropic.ts'
import { langChainSpeakers } from './speakers/langchain.ts'
import { ollamaChat } from './speakers/ollama.ts'
import { openAiChat, openAiResponses } from './speakers/openai.ts'

const speakers = [openAiChat, openAiResponses, anthropicSdk, ollamaChat, ...aiSpeakers, ...langChainSpeakers]
const official = [openAiChat, openAiResponses, anthropicSdk, ollamaChat]
const sold: readonly Sold[] = ['gpt', 'claude']
const ways = ['chat', 'stream'] as const

const wallets = new Wallets()
let house: MoneyHouse
const opened: (() => unknown)[] = []
const atEnd: Ends = { after: (close) => void opened.push(close) }

before(async () => {
  house = await moneyHouse(atEnd, { callers: wallets.callers })
})
after(async () => {
  for (const close of opened.toReversed()) await close()
})

/** Each question is asked once in this file, so that its bill can be found. */
let asked = 0
const question = (words: number): string => {
  asked += 1
  return `Say ${words} words. It is question number ${asked}.`
}

/** Of all that this caller was told, how often it was that. */
const refusals = (caller: string, kind: string): number =>
  house.events.filter(
    (event) => event.type === 'ask-settled' && event.ask.caller.id === caller && event.outcome.fault?.kind === kind,
  ).length

suite('A budget that is large enough', { concurrency: 8 }, () => {
  for (const speaker of speakers) {
    for (const model of sold) {
      for (const way of ways) {
        const caller = wallets.of(1)
        test(`${speaker.name} (${way}) hears ${model} whole, and pays to the token what was counted there`, async () => {
          const said = question(12)
          assert.equal(await speaker[way](house.url, said, { model, key: keyOf(caller) }), recital(said))
          const bill = house.billFor(said)
          assert.equal(bill.outputTokens, 12)
          const row = await house.rowOf(caller, 1)
          assert.deepEqual(
            [row.requests, row.failed, row.estimated, row.input_tokens, row.output_tokens, row.usd_nano],
            [1, 0, 0, bill.promptTokens, 12, charged(model, bill)],
          )
        })
      }
    }
  }
})

/** What a client says of why an answer ended. */
interface Ending {
  readonly name: string
  readonly model: Sold
  readonly reason: string
  readonly ask: (url: string, key: string, said: string, isStreamed: boolean) => Promise<string | null | undefined>
}

const limit = 4_000

async function last<T>(
  stream: AsyncIterable<T>,
  of: (item: T) => string | null | undefined,
): Promise<string | undefined> {
  let found: string | undefined
  for await (const item of stream) found = of(item) ?? found
  return found
}

const endings: readonly Ending[] = [
  {
    name: 'openai-js (chat)',
    model: 'gpt',
    reason: 'length',
    ask: async (url, apiKey, content, isStreamed) => {
      const { completions } = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 }).chat
      const body = { model: 'gpt', messages: [{ role: 'user' as const, content }], max_completion_tokens: limit }
      if (!isStreamed) return (await completions.create(body)).choices[0]?.finish_reason
      return last(await completions.create({ ...body, stream: true }), ({ choices }) => choices[0]?.finish_reason)
    },
  },
  {
    name: 'openai-js (responses)',
    model: 'gpt',
    reason: 'max_output_tokens',
    ask: async (url, apiKey, input, isStreamed) => {
      const { responses } = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 })
      const body = { model: 'gpt', input, max_output_tokens: limit }
      if (!isStreamed) return (await responses.create(body)).incomplete_details?.reason
      return last(await responses.create({ ...body, stream: true }), (event) =>
        event.type === 'response.incomplete' ? event.response.incomplete_details?.reason : undefined,
      )
    },
  },
  {
    name: '@anthropic-ai/sdk',
    model: 'claude',
    reason: 'max_tokens',
    ask: async (url, apiKey, content, isStreamed) => {
      const { messages } = new Anthropic({ baseURL: url, apiKey, maxRetries: 0 })
      const body = { model: 'claude', messages: [{ role: 'user' as const, content }], max_tokens: limit }
      if (!isStreamed) return (await messages.create(body)).stop_reason
      return last(await messages.create({ ...body, stream: true }), (event) =>
        event.type === 'message_delta' ? event.delta.stop_reason : undefined,
      )
    },
  },
  {
    name: 'ollama-js',
    model: 'gpt',
    reason: 'length',
    ask: async (host, key, content, isStreamed) => {
      const client = new Ollama({ host, headers: { authorization: `Bearer ${key}` } })
      const body = { model: 'gpt', messages: [{ role: 'user', content }], options: { num_predict: limit } }
      if (!isStreamed) return (await client.chat(body)).done_reason
      return last(await client.chat({ ...body, stream: true }), ({ done, done_reason: reason }) =>
        done ? reason : undefined,
      )
    },
  },
  {
    name: 'the AI SDK',
    model: 'claude',
    reason: 'length',
    ask: async (url, key, prompt, isStreamed) => {
      const call = { model: compatibleAt(url, { model: 'claude', key }), prompt, maxOutputTokens: limit, maxRetries: 0 }
      if (!isStreamed) return (await generateText(call)).finishReason
      return streamText({ ...call, onError: () => {} }).finishReason
    },
  },
  {
    name: "LangChain's ChatOpenAI",
    model: 'claude',
    reason: 'length',
    ask: async (url, apiKey, said, isStreamed) => {
      const configuration = { baseURL: `${url}/v1` }
      const chat = new ChatOpenAI({ model: 'claude', apiKey, configuration, maxTokens: limit, maxRetries: 0 })
      const reasonIn = (message: { response_metadata: Record<string, unknown> }): string | undefined =>
        message.response_metadata['finish_reason'] as string | undefined
      return isStreamed ? last(await chat.stream(said), reasonIn) : reasonIn(await chat.invoke(said))
    },
  },
]

suite('A budget that is short', { concurrency: 8 }, () => {
  for (const { name, model, reason, ask } of endings) {
    for (const isStreamed of [false, true]) {
      const usd = model === 'gpt' ? 0.0015 : 0.002
      const caller = wallets.of(usd)
      test(`${name} (${isStreamed ? 'stream' : 'chat'}) is told that its answer was cut, and then that all is spent`, async () => {
        const said = question(400)
        assert.equal(await ask(house.url, keyOf(caller), said, isStreamed), reason)
        const bill = house.billFor(said)
        assert.ok(bill.outputTokens >= 64 && bill.outputTokens < 200, `${bill.outputTokens} tokens`)
        const row = await house.rowOf(caller, 1)
        assert.deepEqual([row.estimated, row.usd_nano], [0, charged(model, bill)])
        assert.ok(row.usd_nano <= usd * 1e9)
        await assert.rejects(ask(house.url, keyOf(caller), question(400), isStreamed))
        assert.equal(refusals(caller, 'over-budget'), 1)
      })
    }
  }
})

suite('A budget of zero', { concurrency: 8 }, () => {
  for (const speaker of speakers) {
    // The AI SDK asks again after every 429, whatever it is told.
    const retries = aiSpeakers.includes(speaker) ? 0 : 2
    for (const way of ways) {
      const caller = wallets.of(0)
      test(`${speaker.name} (${way}) raises its own error at once, with the time, and asks once though it might ask ${retries + 1} times`, async () => {
        const startedAt = performance.now()
        const error: unknown = await speaker[way](house.url, question(3), {
          model: 'gpt',
          key: keyOf(caller),
          retries,
        }).then(
          () => assert.fail('It was served.'),
          (thrown: unknown) => thrown,
        )
        const told = speaker.told(error)
        assert.equal(told.status, 429)
        assert.equal(told.raised, speaker.raises(told))
        assert.match(told.message, /the caller caller-\d+ for this month.*\$0\.00 of \$0\.00 spent.*begins anew at/)
        if (told.header !== undefined) {
          const seconds = Number(told.header('retry-after'))
          assert.ok(seconds > 0 && seconds <= 32 * 86_400)
        }
        assert.equal(refusals(caller, 'over-budget'), 1)
        assert.ok(performance.now() - startedAt < 4_000)
      })
    }

    const caller = wallets.of(0)
    test(`${speaker.name} is served at home with it`, async () => {
      const said = question(5)
      assert.equal(await speaker.stream(house.url, said, { model: shared, key: keyOf(caller) }), recital(said))
      const row = await house.rowOf(caller, 1)
      assert.deepEqual([row.output_tokens, row.usd_nano, row.spilled], [5, 0, 0])
    })
  }
})

suite('Who hangs up half way', { concurrency: 8 }, () => {
  for (const speaker of official) {
    for (const model of sold) {
      const caller = wallets.of(1)
      test(`${speaker.name} pays for no less of ${model} than it heard and for no more than was said, marked as estimated`, async () => {
        const leaving = new AbortController()
        const said = question(5_000)
        let heard = 0
        const onWord = (): void => {
          heard += 1
          if (heard === 20) leaving.abort()
        }
        const wishes = { model, key: keyOf(caller), limit: 6_000, signal: leaving.signal, onWord }
        await assert.rejects(speaker.stream(house.url, said, wishes))
        const row = await house.rowOf(caller, 1)
        await until(() => house.clouds[model].ledger.open === 0, 5_000, 'nobody generates for it any more')
        const { outputTokens } = house.billFor(said)
        assert.ok(
          row.output_tokens >= 20 && row.output_tokens <= outputTokens,
          `${row.output_tokens} of ${outputTokens}`,
        )
        assert.deepEqual([row.requests, row.failed, row.estimated], [1, 1, 1])
        const counted = { promptTokens: row.input_tokens, outputTokens: row.output_tokens }
        assert.equal(row.usd_nano, charged(model, counted))
      })
    }
  }
})

suite('The counts that a stream is asked for behind the back of its caller', () => {
  for (const wants of [false, true]) {
    const caller = wallets.of(1)
    test(`are ${wants ? 'handed on to one who asked for them' : 'hidden from one who did not ask'}, and paid by`, async () => {
      const client = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: keyOf(caller), maxRetries: 0 })
      const said = question(7)
      const stream = await client.chat.completions.create({
        model: 'gpt',
        messages: [{ role: 'user', content: said }],
        stream: true,
        ...(wants && { stream_options: { include_usage: true } }),
      })
      let counted = 0
      for await (const { choices, usage } of stream) {
        if (usage) counted += 1
        assert.ok(choices.length === 1 || (wants && usage), 'every other chunk says something')
      }
      assert.equal(counted, wants ? 1 : 0)
      const sent = house.clouds.gpt.heard.find((body) => JSON.stringify(body).includes(said))
      assert.deepEqual(sent?.['stream_options'], { include_usage: true })
      assert.equal((await house.rowOf(caller, 1)).usd_nano, charged('gpt', house.billFor(said)))
    })
  }
})

suite('A model that nobody knows the price of', { concurrency: 8 }, () => {
  for (const speaker of official) {
    const caller = wallets.of(1)
    test(`${speaker.name} is not served by the cloud, and told what to write where`, async () => {
      const said = question(3)
      const error: unknown = await speaker
        .chat(house.url, said, { model: 'unheard-of', key: keyOf(caller) })
        .catch((thrown: unknown) => thrown)
      const { status, message } = speaker.told(error)
      assert.equal(status, 503)
      assert.match(message, /prices: \{ \\?"unheard-of\\?"/)
      assert.throws(() => house.billFor(said))
    })
  }
})

const clientOf = (t: Ends, config: Parameters<typeof moneyHouse>[1], home?: object): Promise<MoneyHouse> =>
  moneyHouse(t, config, home === undefined ? {} : { home })

test('the switch closes the cloud for every client, home goes on, and it opens again', async (t) => {
  const own = await clientOf(t, { callers: [{ name: 'ann', key: keyOf('ann') }] })
  const key = keyOf('ann')
  const turn = async (open: boolean): Promise<void> => {
    const body = JSON.stringify({ open, reason: 'the bill' })
    assert.equal((await fetch(`${own.adminUrl}/api/cloud`, { method: 'POST', body })).status, 200)
  }
  await turn(false)
  for (const speaker of official) {
    const error: unknown = await speaker.stream(own.url, question(3), { model: 'claude', key }).catch((e: unknown) => e)
    assert.equal(speaker.told(error).status, 503)
    const said = question(3)
    assert.equal(await speaker.stream(own.url, said, { model: shared, key }), recital(said))
  }
  assert.equal(own.clouds.claude.heard.length, 0)
  await turn(true)
  const said = question(3)
  assert.equal(await anthropicSdk.chat(own.url, said, { model: 'claude', key }), recital(said))
})

test('whoever has money leaves a full house for the cloud, and whoever has none waits at home', async (t) => {
  const rich = { name: 'rich', key: keyOf('rich'), patience: '20ms', budget: { usd: 1, per: 'month' as const } }
  const poor = { name: 'poor', key: keyOf('poor'), patience: '10s', budget: { usd: 0, per: 'month' as const } }
  const own = await clientOf(t, { callers: [rich, poor] }, { concurrency: 1 })
  const leaving = new AbortController()
  const inside = openAiChat.stream(own.url, 'Say 100000 words.', {
    key: keyOf('poor'),
    limit: 90_000,
    signal: leaving.signal,
  })
  inside.catch(() => {})
  await until(() => own.home.ledger.open === 1, 2_000, 'the house is full')
  const [bought, free] = [question(6), question(6)]
  const waits = openAiChat.stream(own.url, free, { key: keyOf('poor') })
  assert.equal(await openAiChat.stream(own.url, bought, { key: keyOf('rich') }), recital(bought))
  leaving.abort()
  assert.equal(await waits, recital(free))
  await stops(own.home)
  const [theirs, ours] = [await own.rowOf('rich', 1), await own.rowOf('poor', 2)]
  assert.deepEqual([theirs.spilled, theirs.usd_nano], [1, charged('gpt', own.billFor(bought))])
  assert.deepEqual([ours.spilled, ours.usd_nano], [0, 0])
  assert.equal(own.clouds.gpt.heard.length, 1)
})
