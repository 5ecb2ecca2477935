import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/**
 * `sk-sw-ENV-ID-SECRET-CHECKSUM`: what it is for, a public id of 8 characters by which it is spoken of, 256 bits that nobody
 * guesses, and a checksum by which a scanner, or whoever reads it aloud, knows it for one that is whole.
 */
export interface KeyName {
  readonly env: string
  readonly id: string
}

const form = /^sk-sw-([a-z0-9]{1,12})-([a-z0-9]{8})-[\w-]{43}-[0-9A-Za-z]{6}$/

/** What stands for what in an id: no letter that is taken for another. */
const idLetters = '0123456789abcdefghjkmnpqrstvwxyz'

const checkLetters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

export const isEnv = (text: string): boolean => /^[a-z0-9]{1,12}$/.test(text)

export function newId(): string {
  return Array.from(randomBytes(8), (byte) => idLetters[byte % idLetters.length]).join('')
}

/** Another secret under the same public id. */
export function newKey({ env, id }: KeyName): string {
  const rest = `sk-sw-${env}-${id}-${randomBytes(32).toString('base64url')}`
  return `${rest}-${checksumOf(rest)}`
}

/** The public part of a key; undefined for what is none, or not as it was made. Nothing is looked up. */
export function readKey(text: string): KeyName | undefined {
  const [, env, id] = form.exec(text) ?? []
  const rest = text.slice(0, -7)
  return env !== undefined && id !== undefined && text.slice(-6) === checksumOf(rest) ? { env, id } : undefined
}

/** As it may be shown: enough to find it again, and nothing to use. */
export const shownKey = ({ env, id }: KeyName): string => `sk-sw-${env}-${id}-…`

function checksumOf(text: string): string {
  let left = crc32(text)
  let letters = ''
  while (letters.length < 6) {
    letters = checkLetters[left % 62]! + letters
    left = Math.floor(left / 62)
  }
  return letters
}
