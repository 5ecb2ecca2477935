import type { Recall } from '../../core/dialect.ts'
import { isObject, type Json } from '../../core/json.ts'
import { asBuffer, parsed } from '../members.ts'
import { readEvent } from '../sse.ts'

/** Answers are kept unless a request says that they are not to be: later ones may then name their items. */
export const recall: Recall = { resolve, isKept: ({ store }) => store !== false, piecesIn }

function resolve(body: Json, find: (id: string) => Json | undefined): Json | undefined {
  const { input } = body
  if (!Array.isArray(input) || !input.some(isReference)) return body
  const items = (input as unknown[]).map((item) => (isReference(item) ? find(String(item['id'])) : item))
  return items.includes(undefined) ? undefined : { ...body, input: items }
}

const isReference = (item: unknown): item is Json => isObject(item) && item['type'] === 'item_reference'

const done = 'response.output_item.done'

function piecesIn(bytes: Uint8Array): readonly Json[] {
  const buffer = asBuffer(bytes)
  if (buffer[0] === 0x7b) {
    const answer = parsed(buffer.toString('utf8'))
    return isObject(answer) && Array.isArray(answer['output']) ? answer['output'].filter(isObject) : []
  }
  if (!buffer.includes(done)) return []
  return buffer
    .toString('utf8')
    .split(/\r?\n\r?\n/)
    .flatMap((frame) => {
      const { name, data } = readEvent(frame)
      const event = name === done && data !== undefined ? parsed(data) : undefined
      return isObject(event) && isObject(event['item']) ? [event['item']] : []
    })
}
