import assert from 'node:assert/strict'
import { count, type Counts, eventsIn, fields, parsed, someText, type Told } from './listener.ts'

/** What is the same in all dialects of OpenAI. */

export function hearRefusal(body: unknown): Told {
  const error = fields(fields(body, 'an error')['error'], 'error')
  assert.ok('param' in error, 'an error has a param')
  someText(error['type'], 'the type of an error')
  return { message: someText(error['message'], 'message'), word: someText(error['code'], 'code') }
}

export function hearBreak(frames: string): Told {
  const [{ event, data } = { event: '', data: '' }, ...more] = eventsIn(frames)
  assert.deepEqual([event, more], [undefined, []], 'an error has no name, and is the last event')
  return hearRefusal(parsed(data))
}

export const statuses = (status: number): readonly number[] => [status]

export const word = ({ code }: { readonly code: string }): string => code

export function hearUsage(value: unknown): Counts {
  const usage = fields(value, 'usage')
  const [prompt, output] = [count(usage['prompt_tokens'], 'prompt'), count(usage['completion_tokens'], 'completion')]
  assert.equal(usage['total_tokens'], prompt + output)
  const details = usage['prompt_tokens_details']
  const cached = details === undefined ? undefined : fields(details, 'details')['cached_tokens']
  return { prompt, output, cached: cached === undefined ? undefined : count(cached, 'cached') }
}

export const tools = [
  {
    name: 'get_weather',
    description: 'The weather of a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
      required: ['city'],
    },
  },
  {
    name: 'get_time',
    description: 'The time in a zone',
    parameters: { type: 'object', properties: { zone: { type: 'string' } } },
  },
] as const
