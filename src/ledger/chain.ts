import { createHash, hash } from 'node:crypto'

/** One link: its own content, and through the link before it all that was ever written. */
export const linkOf = (before: string, content: string): string => hash('sha256', `${before}\n${content}`)

/** The id under which somebody stands in the rows. Without the salt it can be led back to nobody. */
export const idFor = (kind: string, name: string, salt: string): string =>
  createHash('sha256').update(`${kind}\n${salt}\n${name}`).digest('base64url').slice(0, 16)
