import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { streamText } from 'ai'
import OpenAI from 'openai'
import { recital } from '../../src/sim/recital.ts'
import { model, stage } from './rig.ts'
import { everySpeaker } from './speakers.ts'
import { type Break, breaks, kinds } from './witness.ts'

const asked = 'Say 30 words.'

const words: Readonly<Record<Break, string>> = {
  reset: 'is reset',
  fin: 'is closed in the middle of the transfer',
  cut: 'ends without a word for it',
  error: 'tells an error',
}

/** Writes that get through before it breaks: the first, some, and all but the one that would have ended it. */
const places = [1, 2, 7, 29, 30]

suite('An answer that breaks never looks finished:', { concurrency: 6 }, () => {
  for (const kind of kinds) {
    for (const by of breaks) {
      for (const { name, stream, chat } of everySpeaker) {
        test(`${name} raises when the stream of ${kind} ${words[by]}, wherever it does`, async (t) => {
          for (const after of places) {
            const { server, url } = await stage(t, kind)
            server.mischief = { after, by }
            let heard = ''
            const error = await stream(url, asked, { onWord: (word) => (heard += word) }).then(
              (text) => assert.fail(`after ${after} writes it took this for an answer: ${text}`),
              (raised: Error) => raised,
            )
            assert.ok(heard !== '' && recital(asked).startsWith(heard), `after ${after} writes it heard: ${heard}`)
            if (name === 'openai-js') assert.ok(error instanceof OpenAI.APIError, String(error))
            assert.match(error.message, /\w+ \w+/)
            assert.equal(server.heard.length, 1, 'what has begun to speak is not asked again')
          }
        })

        test(`${name} raises when the whole answer of ${kind} ${words[by]}`, async (t) => {
          const { server, url } = await stage(t, kind)
          server.mischief = { after: 0, by }
          await assert.rejects(chat(url, asked))
          server.mischief = undefined
          assert.equal(await chat(url, asked), recital(asked))
        })
      }

      test(`the AI SDK finds no reason to stop in a stream of ${kind} that ${words[by]}`, async (t) => {
        const { server, url } = await stage(t, kind)
        server.mischief = { after: 7, by }
        const spillway = createOpenAICompatible({ name: 'spillway', baseURL: `${url}/v1` })
        const answer = streamText({ model: spillway(model), prompt: asked, maxRetries: 0, onError: () => {} })
        await answer.consumeStream()
        assert.equal(await answer.finishReason, 'error')
      })
    }
  }
})
