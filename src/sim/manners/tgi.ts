import { exactly, type Host, type Manner } from '../manner.ts'
import { tokensIn } from '../prefixes.ts'
import { json, jsonAnswer, textAnswer, textResponse } from '../responses.ts'
import { tgiAccent } from '../wires/accents.ts'
import { heard, type Message } from '../wires/request.ts'
import { openAiRoutes } from './openai-routes.ts'

const openAi = openAiRoutes({ accent: tgiAccent })

export const tgi: Manner = {
  modelCalled: exactly,
  wrongMethod: 405,
  open: new Set(['/health', '/metrics']),
  error: (status, message) => jsonAnswer(status, tgiAccent.error(status, message)),
  routes: {
    'GET /health': () => textAnswer(200, ''),
    'GET /info': ({ spec }) => {
      const { name, contextTokens, sees } = spec.models[0]!
      return json({
        model_id: name,
        model_pipeline_tag: sees === true ? 'image-text-to-text' : 'text-generation',
        max_concurrent_requests: 128,
        max_input_tokens: contextTokens - 1,
        max_total_tokens: contextTokens,
        version: '3.3.4',
        router: 'text-generation-router',
      })
    },
    'GET /metrics': (host) => textResponse({ status: 200, text: metrics(host), type: 'text/plain; version=0.0.4' }),
    'GET /v1/models': openAi['GET /v1/models']!,
    'POST /v1/chat/completions': openAi['POST /v1/chat/completions']!,
    'POST /v1/completions': openAi['POST /v1/completions']!,
    'POST /chat_tokenize': (_, { body }) => {
      const { prompt } = heard((body['messages'] ?? []) as readonly Message[])
      const tokens = Array.from({ length: tokensIn(prompt) }, (_token, id) => ({
        id,
        text: '',
        start: id,
        stop: id + 1,
      }))
      return json({ tokenize_response: tokens, templated_text: prompt })
    },
  },
}

function metrics({ engine }: Host): string {
  const { running, waiting } = engine.load()
  return `# TYPE tgi_batch_current_size gauge\ntgi_batch_current_size ${running}\n# TYPE tgi_queue_size gauge\ntgi_queue_size ${waiting}\n`
}
