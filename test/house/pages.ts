import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/import-graph.ts'

/** What a page shows to be pasted or read. */
export interface Block {
  readonly file: string
  readonly line: number
  readonly language: string
  readonly text: string
}

export const pages: readonly string[] = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: root })]

function blocksOf(file: string): Block[] {
  const blocks: Block[] = []
  const text = readFileSync(join(root, file), 'utf8')
  for (const match of text.matchAll(/^```(.*)\n([^]*?)^```$/gm)) {
    const line = text.slice(0, match.index).split('\n').length
    blocks.push({ file, line, language: match[1]!.trim(), text: match[2]! })
  }
  return blocks
}

const blocks = pages.flatMap(blocksOf)

/** What is shown below that, if anything is. */
export const below = (block: Block): Block | undefined => {
  const next = blocks[blocks.indexOf(block) + 1]
  return next?.file === block.file ? next : undefined
}

export const ofLanguage = (language: string): readonly Block[] => blocks.filter((block) => block.language === language)
