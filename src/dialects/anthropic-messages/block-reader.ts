import type { Json } from '../../core/json.ts'
import type { Content } from '../../core/prompt.ts'
import { listIn, objectIn, optionalText, refuse, textIn } from '../fields.ts'
import { readImageUrl } from '../images.ts'

/** Nothing said is no piece of a message. */
export const texts = (text: string): Content[] => (text === '' ? [] : [{ type: 'text', text }])

/** A block as pieces of a message; calls and their results are read with the message they stand in. */
export function readBlock(block: Json, field: string): Content[] {
  switch (block['type']) {
    case 'text':
      return texts(textIn(block['text'], `${field}.text`))
    case 'image':
      return [readImage(objectIn(block['source'], `${field}.source`), `${field}.source`)]
    case 'document':
      return [readDocument(block, objectIn(block['source'], `${field}.source`), `${field}.source`)]
    case 'thinking':
      return [readThought(block, field)]
    case 'redacted_thinking':
      return [{ type: 'thinking', text: '', sealed: textIn(block['data'], `${field}.data`) }]
    case 'search_result':
      return readFound(block, field)
    default:
      throw refuse(
        `${field}: a block of type ${JSON.stringify(block['type'])} cannot be given to the server for this model.`,
      )
  }
}

function readThought({ thinking, signature }: Json, field: string): Content {
  const text = textIn(thinking, `${field}.thinking`)
  const signed = optionalText(signature, `${field}.signature`)
  return { type: 'thinking', text, ...(signed !== undefined && signed !== '' && { signature: signed }) }
}

function readImage(source: Json, field: string): Content {
  if (source['type'] === 'base64') {
    const mediaType = textIn(source['media_type'], `${field}.media_type`)
    return { type: 'image', mediaType, base64: textIn(source['data'], `${field}.data`) }
  }
  if (source['type'] === 'url') return readImageUrl(textIn(source['url'], `${field}.url`), `${field}.url`, undefined)
  throw refuse(`${field}: only pictures as base64 or by address can be given to the server for this model.`)
}

function readDocument(block: Json, source: Json, field: string): Content {
  const data = source['data']
  const title = optionalText(block['title'], 'title')
  if (source['type'] === 'text') {
    const text = textIn(data, `${field}.data`)
    return { type: 'text', text: title === undefined ? text : `${title}\n${text}` }
  }
  if (source['type'] !== 'base64')
    throw refuse(`${field}: only documents as base64 or as text can be given to the server for this model.`)
  return {
    type: 'document',
    mediaType: textIn(source['media_type'], `${field}.media_type`),
    base64: textIn(data, `${field}.data`),
    ...(title !== undefined && { title }),
  }
}

/** What a search found, as it would be quoted. */
function readFound(block: Json, field: string): Content[] {
  const title = optionalText(block['title'], `${field}.title`)
  const source = optionalText(block['source'], `${field}.source`)
  const found = listIn(block['content'], `${field}.content`).map((part, index) =>
    textIn(objectIn(part, `${field}.content.${index}`)['text'], `${field}.content.${index}.text`),
  )
  return texts([title, source, ...found].filter((line) => line !== undefined).join('\n'))
}
