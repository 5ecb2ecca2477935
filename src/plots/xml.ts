import { plain } from './plain.ts'

/** Any text as it may stand in a picture: nothing in it is taken for markup, and what XML cannot hold is left out. */
export const escaped = (text: string): string =>
  plain(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

type Attributes = Readonly<Record<string, string | number>>

/** One element. What is inside is markup already: text goes through `escaped` first. */
export function element(name: string, attributes: Attributes, inside: string = ''): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(shown(value))}"`)
  return inside === '' ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${inside}</${name}>`
}

/** A line of text, or nothing where there is none. */
export const line = (attributes: Attributes, text: string): string =>
  text.trim() === '' ? '' : element('text', attributes, escaped(text))

const shown = (value: string | number): string =>
  typeof value === 'number' ? String(Math.round(value * 10) / 10) : value
