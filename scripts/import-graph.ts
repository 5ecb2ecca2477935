import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's own folder. */
export const root: string = fileURLToPath(new URL('..', import.meta.url))

export interface SourceFile {
  /** From the root: `src/http/door.ts`. */
  readonly path: string
  /** Files of this repository that it imports, from the root. */
  readonly imports: readonly string[]
  /** Whatever else it imports: packages, `node:` modules. */
  readonly packages: readonly string[]
}

/** Types count like values: who knows a thing's shape depends on it. */
const statements = [
  /^(?:import|export)\s[^'"]*?\bfrom\s*'([^']+)'/gm,
  /^import\s*'([^']+)'/gm,
  /\bimport\(\s*'([^']+)'\s*\)/g,
]

/** All that is shipped, and who imports whom. Tests and what helps only them are left out. */
export function readSources(): readonly SourceFile[] {
  const names = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.endsWith('.test-helper.ts'))
    .map((name) => sourceFile(join('src', name)))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

function sourceFile(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8')
  const imported = importsIn(text)
  return {
    path,
    imports: imported.filter(isOwn).map((name) => relative(root, join(root, dirname(path), name))),
    packages: imported.filter((name) => !isOwn(name)),
  }
}

/** The names in a source's import statements, each once. */
export const importsIn = (text: string): string[] => [
  ...new Set(statements.flatMap((statement) => Array.from(text.matchAll(statement), (match) => match[1]!))),
]

const isOwn = (name: string): boolean => name.startsWith('.')

/** `src/http/h1/client.ts` is of `http`, `src/gateway.ts` stands by itself. */
export const houseOf = (path: string): string => path.split('/')[1]!

/** Folder → the folders it imports from, in the order of the sources. */
export function folderGraph(files: readonly SourceFile[]): ReadonlyMap<string, readonly string[]> {
  const graph = new Map<string, Set<string>>()
  for (const { path, imports } of files) {
    const from = houseOf(path)
    const to = graph.get(from) ?? graph.set(from, new Set()).get(from)!
    for (const imported of imports) if (houseOf(imported) !== from) to.add(houseOf(imported))
  }
  return new Map(Array.from(graph, ([from, to]) => [from, [...to].sort()]))
}

/** The folders as a picture in text: below each other in the order in which they can be understood. */
export function drawn(graph: ReadonlyMap<string, readonly string[]>): string {
  const depths = new Map<string, number>()
  const depthOf = (folder: string): number => {
    const known = depths.get(folder)
    if (known !== undefined) return known
    depths.set(folder, 0)
    const depth = Math.max(-1, ...(graph.get(folder) ?? []).map(depthOf)) + 1
    depths.set(folder, depth)
    return depth
  }
  const folders = [...graph.keys()].sort((a, b) => depthOf(a) - depthOf(b) || (a < b ? -1 : 1))
  const width = Math.max(...folders.map(({ length }) => length))
  const lines = folders.map((folder) => {
    const to = graph.get(folder) ?? []
    return to.length === 0 ? folder : `${folder.padEnd(width)} ─▶ ${to.join(', ')}`
  })
  return lines.join('\n')
}

const markers = /(<!-- graph -->\n).*?(<!-- \/graph -->)/s

/** The document with the picture between its markers. */
export const withGraph = (document: string, picture: string): string =>
  document.replace(markers, (_, before: string, after: string) => `${before}\`\`\`text\n${picture}\n\`\`\`\n${after}`)
