import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where a relative `${file:…}` begins. */
  readonly folder: string
}

export interface Interpolated {
  readonly value: string
  /** Each with the reference it is about, as it was written. */
  readonly faults: readonly { readonly reference: string; readonly text: string }[]
}

const references = /\$\$|\$\{([^}]*)(\}?)/g

const forms = 'write ${NAME}, ${NAME:-default} or ${file:/path}, and $$ for a dollar'

/**
 * `${NAME}`, `${env.NAME}`, `${NAME:-default}` and `${file:/path}` in a value; `$$` is a dollar. What comes out is secret
 * and never shown; what is missing is named.
 */
export function interpolate(text: string, around: Surroundings): Interpolated {
  const faults: { reference: string; text: string }[] = []
  const value = text.replace(references, (reference, inner: string | undefined, end: string | undefined) => {
    if (inner === undefined) return '$'
    const found = end === '' ? { fault: `a reference has no end; ${forms}` } : valueOf(inner, around)
    if (typeof found === 'string') return found
    faults.push({ reference, text: found.fault })
    return ''
  })
  return { value, faults }
}

/** The files that a text refers to, wherever it does, also where the rest of it is broken. */
export const filesIn = (text: string, folder: string): string[] =>
  Array.from(text.matchAll(/\$\{file:([^}]+)\}/g), ([, path]) => resolve(folder, path!))

function valueOf(inner: string, { env, folder }: Surroundings): string | { readonly fault: string } {
  if (inner.startsWith('file:')) return contentOf(inner.slice('file:'.length), folder)
  const match = /^(?:env\.)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inner)
  if (match === null) return { fault: `this is no reference; ${forms}` }
  const [, name = '', fallback] = match
  if (fallback?.includes('${')) return { fault: 'one reference cannot stand inside another; give a plain default' }
  const found = Object.hasOwn(env, name) ? env[name] : undefined
  // As in a shell, empty counts as missing where there is a default.
  if (found !== undefined && (found !== '' || fallback === undefined)) return found
  return fallback ?? { fault: `${name} is not set in the environment; set it, or write \${${name}:-default}` }
}

function contentOf(path: string, folder: string): string | { readonly fault: string } {
  try {
    // Editors and secret stores end a file with a line break that no key has.
    return readFileSync(resolve(folder, path), 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`
    return { fault: `${path}: ${why}; write \${file:/path} with the file that holds the value` }
  }
}
