import { dialects } from '../../src/dialects/index.ts'
import { fleetDoors } from '../../src/http/doors/fleet-doors.ts'
import { model } from '../e2e/rig.ts'

/** One thing that can be asked at the callers' port. */
export interface Question {
  readonly method: string
  readonly path: string
  readonly family: 'openai' | 'anthropic' | 'ollama'
  readonly body?: object
  /** Anybody may ask it. */
  readonly isOpen: boolean
  /** It is for a model. */
  readonly asks: boolean
  readonly headers: Readonly<Record<string, string>>
}

const words = [{ role: 'user', content: 'Say 2 words.' }]

const bodies: Readonly<Record<string, object>> = {
  'anthropic-messages': { model, max_tokens: 4, messages: words },
  'ollama-chat': { model, messages: words, stream: false },
  'ollama-embed': { model, input: 'two words' },
  'ollama-embeddings': { model, prompt: 'two words' },
  'ollama-generate': { model, prompt: 'two words', stream: false },
  'openai-chat': { model, messages: words },
  'openai-completions': { model, prompt: 'two words' },
  'openai-embeddings': { model, input: 'two words' },
  'openai-responses': { model, input: 'Say 2 words.' },
}

const familyOf = (id: string): Question['family'] => id.split('-')[0] as Question['family']

const asks = dialects.flatMap(({ id, routes }) =>
  routes.map((path): Question => {
    const body = bodies[id]
    // A dialect that is new has to say here what a request of it looks like.
    if (body === undefined) throw new Error(`What is asked in ${id}?`)
    return { method: 'POST', path, family: familyOf(id), body, isOpen: false, asks: true, headers: {} }
  }),
)

const doorFamilies: Readonly<Record<string, Question['family']>> = {
  '/': 'openai',
  '/v1/models': 'openai',
  '/v1/models/': 'openai',
  '/v1/messages/count_tokens': 'anthropic',
  '/messages/count_tokens': 'anthropic',
}

const doorBodies: Readonly<Record<string, object>> = {
  '/api/show': { model },
  '/v1/messages/count_tokens': { model, messages: words },
  '/messages/count_tokens': { model, messages: words },
}

const doors = fleetDoors.map(({ method, path, open }): Question => {
  const family = doorFamilies[path] ?? 'ollama'
  const whole = path === '/v1/models/' ? `/v1/models/${model}` : path
  const body = method === 'POST' ? { body: doorBodies[path] ?? {} } : {}
  return {
    method,
    path: whole,
    family,
    ...body,
    isOpen: open === true,
    asks: path.endsWith('count_tokens'),
    headers: {},
  }
})

const anthropicLists = doors
  .filter(({ path }) => path.startsWith('/v1/models'))
  .map((door): Question => ({ ...door, family: 'anthropic', headers: { 'anthropic-version': '2023-06-01' } }))

/** Every route that there is, from the lists that the gateway itself goes by. */
export const questions: readonly Question[] = [...asks, ...doors, ...anthropicLists]
