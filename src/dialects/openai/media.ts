import type { Json } from '../../core/json.ts'
import type { Content } from '../../core/prompt.ts'
import { objectIn, optionalText, refuse, textIn } from '../fields.ts'

type Audio = Extract<Content, { type: 'audio' }>
type Document = Extract<Content, { type: 'document' }>

/** Sounds and documents, as OpenAI's dialects put them into messages. */
export function readAudio(value: unknown, field: string): Audio {
  const { data, format } = objectIn(value, field)
  return { type: 'audio', format: textIn(format, `${field}.format`), base64: textIn(data, `${field}.data`) }
}

export const writeAudio = ({ format, base64 }: Audio): Json => ({ data: base64, format })

export function readFile({ file_data: data, filename }: Json, field: string): Document {
  const said = /^data:([^;,]+);base64,(.*)$/s.exec(textIn(data, `${field}.file_data`))
  if (said === null) throw refuse(`${field}.file_data must be data:<type>;base64,<data>.`)
  const title = optionalText(filename, `${field}.filename`)
  return { type: 'document', mediaType: said[1]!, base64: said[2]!, ...(title !== undefined && { title }) }
}

export const writeFile = ({ mediaType, base64, title }: Document): Json => ({
  filename: title ?? 'document',
  file_data: `data:${mediaType};base64,${base64}`,
})
