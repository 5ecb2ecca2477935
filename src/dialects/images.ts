import type { Content } from '../core/prompt.ts'
import { refuse } from './fields.ts'

type Image = Extract<Content, { type: 'image' | 'image-url' }>

/** How a picture of each kind begins, in base64. */
const beginnings: readonly (readonly [prefix: string, mediaType: string])[] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
]

/** The kind of a picture whose sender did not say it. */
export function mediaTypeOf(base64: string): string | undefined {
  return beginnings.find(([prefix]) => base64.startsWith(prefix))?.[1]
}

/** A picture by its address: the data itself, or a place on the web that nobody here will ever visit. */
export function readImageUrl(url: string, field: string, detail: string | undefined): Image {
  if (/^https?:\/\//i.test(url)) return { type: 'image-url', url, ...(detail !== undefined && { detail }) }
  const data = /^data:([^;,]*)(?:;[^,]*)?;base64,/i.exec(url)
  // Any other scheme, file: above all, would have the server look into its own disk.
  if (data === null) throw refuse(`${field} must be an http(s) address or data:<type>;base64,<data>.`)
  const base64 = url.slice(data[0].length)
  return { type: 'image', mediaType: data[1]?.toLowerCase() || mediaTypeOf(base64), base64 }
}

export function writeImageUrl(image: Image): string {
  if (image.type === 'image-url') return image.url
  return `data:${image.mediaType ?? mediaTypeOf(image.base64) ?? 'image/jpeg'};base64,${image.base64}`
}
