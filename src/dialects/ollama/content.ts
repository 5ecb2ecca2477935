import type { Content } from '../../core/prompt.ts'
import { listIn, refuse, textIn } from '../fields.ts'
import { mediaTypeOf } from '../images.ts'

/** Pictures that stand beside a text, in base64 without a word on their kind. */
export function readImages(images: unknown, field: string): Content[] {
  return listIn(images, field).map((image, index) => {
    const base64 = textIn(image, `${field}[${index}]`)
    return { type: 'image', mediaType: mediaTypeOf(base64), base64 }
  })
}

/** What was said, as Ollama takes it: one text, one thought, and beside them all pictures and sounds. */
export interface OllamaContent {
  readonly text: string
  readonly thinking: string
  /** In base64. */
  readonly images: readonly string[]
}

/** `field` is where the content stands, for the complaint about what cannot be said. */
export function writeContent(content: readonly Content[], field: string): OllamaContent {
  const textOf = (type: 'text' | 'thinking'): string =>
    content
      .filter((one) => one.type === type)
      .map((one) => ('text' in one ? one.text : ''))
      .join('\n')
  return {
    text: textOf('text'),
    thinking: textOf('thinking'),
    images: content.flatMap((one) => mediumOf(one, field)),
  }
}

/** Pictures and sounds go the same way; Ollama looks at the bytes. */
function mediumOf(content: Content, field: string): string[] {
  switch (content.type) {
    case 'image':
    case 'audio':
      return [content.base64]
    case 'image-url':
      throw refuse(
        `${field}: the server for this model takes no addresses of pictures; send the picture itself as data:<type>;base64,<data>.`,
      )
    case 'document':
      throw refuse(`${field}: the server for this model takes no documents; send their text.`)
    case 'text':
    case 'thinking':
      return []
  }
}
