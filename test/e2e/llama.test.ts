/** The official clients before a real llama-server: what they hear through the gateway is what it says without. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { counting, type Llama, llama, missing, tiny } from './llama.ts'
import { open, until } from './rig.ts'
import { everySpeaker, type Speaker, speakers, type Wishes } from './speakers.ts'

const skip = await missing()

const question = 'hello world'

async function behind(t: TestContext, { origin }: Llama): Promise<string> {
  const { url } = await open(t, {
    upstreams: [{ name: 'llama', kind: 'openai-compatible', url: origin, concurrency: 2 }],
  })
  return url
}

/** The same wishes, as each client says them. */
function wishesOf(speaker: Speaker, { max_tokens: limit, ...sampling }: Readonly<Record<string, number>>): Wishes {
  const isOllama = speaker === speakers.ollama
  return {
    model: 'real',
    extra: isOllama ? { options: { ...sampling, num_predict: limit } } : { ...sampling, max_tokens: limit },
  }
}

interface Said {
  readonly choices: readonly { readonly message: { readonly content: string } }[]
}

/** What the server says when nobody stands between. */
async function direct(origin: string, extra: object): Promise<Said> {
  const body = JSON.stringify({ model: 'real', messages: [{ role: 'user', content: question }], ...extra })
  const response = await fetch(`${origin}/v1/chat/completions`, { method: 'POST', body })
  assert.equal(response.status, 200)
  return (await response.json()) as Said
}

/** Hangs up in the middle of an answer that would take seconds. */
async function leaves(t: TestContext, speaker: Speaker, ask: Speaker['chat']): Promise<void> {
  const server = await llama(t, counting)
  const url = await behind(t, server)
  const leaving = new AbortController()
  const wishes = wishesOf(speaker, { temperature: 0, max_tokens: 1_400 })
  const answer = ask(url, question, { ...wishes, signal: leaving.signal })
  const gone = assert.rejects(answer, 'it went away')
  await until(async () => (await server.busy()) === 1, 2_000, 'its slot is busy')
  await wait(100)
  leaving.abort()
  await gone
  const freeMs = await until(async () => (await server.busy()) === 0, 2_000, 'its slot is free')
  t.diagnostic(`${freeMs.toFixed(1)} ms`)
}

suite('Before a real llama-server', () => {
  for (const speaker of everySpeaker) {
    const { name, chat, stream } = speaker

    test(`${name} hears through the gateway exactly what the server says, streamed and not`, { skip }, async (t) => {
      const server = await llama(t, tiny)
      const url = await behind(t, server)
      for (const seed of [1, 2, 3]) {
        const sampling = { seed, temperature: 0.8, top_p: 0.9, max_tokens: 60 }
        const { choices } = await direct(server.origin, sampling)
        const { content } = choices[0]!.message
        assert.ok(content.length > 10)
        const wishes = wishesOf(speaker, sampling)
        const words: string[] = []
        assert.equal(await stream(url, question, { ...wishes, onWord: (word) => words.push(word) }), content)
        assert.ok(words.length > 5, `it came in ${words.length} pieces`)
        assert.equal(await chat(url, question, wishes), content)
      }
    })

    test(`${name} hears a text in signs of several tokens each as it is`, { skip }, async (t) => {
      const server = await llama(
        t,
        ['reciting-gguf.ts', '--script', 'count:5'],
        '--grammar',
        'root ::= "é🦊ü" "\\n" "→ça"',
      )
      const url = await behind(t, server)
      const sampling = { seed: 1, temperature: 0.8, max_tokens: 60 }
      const { content } = (await direct(server.origin, sampling)).choices[0]!.message
      assert.equal(await stream(url, question, wishesOf(speaker, sampling)), content)
      assert.equal(await chat(url, question, wishesOf(speaker, sampling)), content)
    })

    test(`${name} going away in mid-stream frees its slot`, { skip }, async (t) => {
      await leaves(t, speaker, stream)
    })

    // llama-server never stops an answer that is not streamed, whoever hangs up; only where we translate is it asked for a stream.
    if (speaker === speakers.ollama) {
      test(`${name} going away while it waits for a whole answer frees its slot`, async (t) => {
        await leaves(t, speaker, chat)
      })
    }
  }
})
