import { readFileSync } from 'node:fs'

export type Environment = Readonly<Record<string, string | undefined>>

const reference = /\$\$|\$\{([^}]*)\}/g

/**
 * `${NAME}`, `${env.NAME}`, `${NAME:-default}` and `${file:/path}` in a value; `$$` is a dollar. What comes out is secret
 * and never shown; what is missing is named.
 */
export function interpolate(text: string, env: Environment): { readonly value: string; readonly faults: readonly string[] } {
  const faults: string[] = []
  const value = text.replace(reference, (whole, inner: string | undefined) => {
    if (inner === undefined) return '$'
    if (inner.startsWith('file:')) return fromFile(inner.slice('file:'.length), faults)
    const match = /^(?:env\.)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inner)
    if (match === null) {
      faults.push(`${whole} is no reference; write \${NAME}, \${NAME:-default} or \${file:/path}, and $$ for a dollar`)
      return ''
    }
    const [, name, fallback] = match
    const found = env[name!]
    // As in a shell, empty counts as missing where there is a default.
    if (found !== undefined && (found !== '' || fallback === undefined)) return found
    if (fallback !== undefined) return fallback
    faults.push(`${name} is not set in the environment; set it, or write \${${name}:-default}`)
    return ''
  })
  return { value, faults }
}

function fromFile(path: string, faults: string[]): string {
  try {
    // Editors and secret stores end a file with a line break that no key has.
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    faults.push(`the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`)
    return ''
  }
}
