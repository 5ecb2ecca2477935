import { contextOf, exactly, type Host, type Manner, type Route } from '../manner.ts'
import { tokensIn } from '../prefixes.ts'
import { json, jsonAnswer, textAnswer, textResponse } from '../responses.ts'
import { vllmAccent } from '../wires/accents.ts'
import { anthropicAccent } from '../wires/anthropic-accents.ts'
import { anthropicError } from '../wires/anthropic-request.ts'
import { heard, type Message } from '../wires/request.ts'
import { countTokens, messages } from './anthropic-routes.ts'
import { openAiRoutes } from './openai-routes.ts'

const well: Route = () => textAnswer(200, '')

export const vllm: Manner = {
  modelCalled: exactly,
  wrongMethod: 405,
  open: new Set(['/health', '/metrics', '/version', '/ping']),
  error: (status, message) => jsonAnswer(status, vllmAccent.error(status, message)),
  routes: {
    'GET /health': well,
    'GET /ping': well,
    'GET /version': () => json({ version: '0.12.0' }),
    'GET /metrics': (host) => textResponse({ status: 200, text: metrics(host), type: 'text/plain; version=0.0.4' }),
    // It counts only when it was told to.
    'GET /load': () => json({ server_load: 0 }),
    ...openAiRoutes({
      accent: vllmAccent,
      about: ({ name, contextTokens }) => ({ root: name, parent: null, max_model_len: contextTokens }),
    }),
    'POST /tokenize': (host, { body }) => {
      const { messages: turns, prompt } = body
      const text = Array.isArray(turns) ? heard(turns as Message[]).prompt : String(prompt)
      const count = tokensIn(text)
      const model = host.modelCalled(String(body['model'])) ?? host.spec.models[0]!
      const tokens = Array.from({ length: count }, (_, index) => 100 + index)
      return json({ count, max_model_len: contextOf(host, model), tokens, token_strs: null })
    },
    'POST /v1/messages': (host, request) =>
      messages(
        {
          accent: { ...anthropicAccent, signs: false },
          idPrefix: 'chatcmpl-',
          thinksUnasked: true,
          limitUsual: undefined,
          limitMissing: 'max_tokens: Field required',
          within: (question, most) => {
            const prompt = tokensIn(question.prompt)
            const text = anthropicError(
              400,
              vllmAccent.tooLong({ prompt, answer: question.outputTokensMax ?? 1, most }),
            )
            return prompt + (question.outputTokensMax ?? 1) <= most ? question : { status: 400, text }
          },
        },
        host,
        request,
      ),
    'POST /v1/messages/count_tokens': countTokens,
  },
}

/** In Prometheus' text form, a row for each model. */
function metrics({ engine, spec, ledger }: Host): string {
  const { memoryTokens } = spec.engine
  const gauges: Readonly<Record<string, (model: string) => number>> = {
    'vllm:num_requests_running': (model) => engine.load(model).running,
    'vllm:num_requests_waiting': (model) => engine.load(model).waiting,
    'vllm:kv_cache_usage_perc': (model) => engine.load(model).heldTokens / memoryTokens,
  }
  const counters: Readonly<Record<string, number>> = {
    'vllm:num_preemptions_total': ledger.preempted,
    'vllm:prompt_tokens_total': ledger.promptTokens,
    'vllm:prefix_cache_hits_total': ledger.cachedTokens,
    'vllm:generation_tokens_total': ledger.outputTokens,
  }
  const label = (model: string): string => `{engine="0",model_name="${model}"}`
  return [
    ...Object.entries(gauges).flatMap(([name, of]) => [
      `# TYPE ${name} gauge`,
      ...spec.models.map((model) => `${name}${label(model.name)} ${of(model.name)}`),
    ]),
    ...Object.entries(counters).flatMap(([name, value]) => [
      `# TYPE ${name} counter`,
      `${name}${label(spec.models[0]!.name)} ${value}`,
    ]),
    '',
  ].join('\n')
}
