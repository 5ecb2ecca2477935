import type { Json } from '../../core/json.ts'
import type { Content } from '../../core/prompt.ts'
import { known, refuse } from '../fields.ts'
import { mediaTypeOf } from '../images.ts'

/** A piece of a message as a block; none for what has nothing in it, or means nothing to Anthropic. */
export function writeBlock(content: Content): Json[] {
  switch (content.type) {
    case 'text':
      // A text without a letter is refused there.
      return content.text.trim() === '' ? [] : [{ type: 'text', text: content.text }]
    case 'thinking':
      return writeThought(content)
    case 'image':
      return [{ type: 'image', source: { type: 'base64', media_type: kindOf(content), data: content.base64 } }]
    case 'image-url':
      return [{ type: 'image', source: { type: 'url', url: content.url } }]
    case 'document':
      return [writeDocument(content)]
    case 'audio':
      throw refuse('input_audio: the server for this model takes no sounds.')
  }
}

/** Only what was signed there is taken back there. */
function writeThought({ text, signature, sealed }: Extract<Content, { type: 'thinking' }>): Json[] {
  if (sealed !== undefined) return [{ type: 'redacted_thinking', data: sealed }]
  return signature === undefined ? [] : [{ type: 'thinking', thinking: text, signature }]
}

function kindOf({ mediaType, base64 }: Extract<Content, { type: 'image' }>): string {
  const kind = mediaType ?? mediaTypeOf(base64) ?? 'image/jpeg'
  return kind === 'image/jpg' ? 'image/jpeg' : kind
}

function writeDocument({ mediaType, base64, title }: Extract<Content, { type: 'document' }>): Json {
  if (mediaType === 'application/pdf')
    return known({ type: 'document', source: { type: 'base64', media_type: mediaType, data: base64 }, title })
  if (!mediaType.startsWith('text/'))
    throw refuse(
      `A document of type ${mediaType} cannot be given to the server for this model: send a PDF or its text.`,
    )
  const data = Buffer.from(base64, 'base64').toString('utf8')
  return known({ type: 'document', source: { type: 'text', media_type: 'text/plain', data }, title })
}
