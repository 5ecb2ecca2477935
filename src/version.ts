import { readFileSync } from 'node:fs'

/** Spillway's own. */
export const version = (): string => (known ??= read())

let known: string | undefined

function read(): string {
  const manifest = new URL('../package.json', import.meta.url)
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}
