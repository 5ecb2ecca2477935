import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { after, test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { root } from '../../scripts/import-graph.ts'

interface Block {
  readonly file: string
  readonly line: number
  readonly language: string
  readonly text: string
}

const pages = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: root })]

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
const ofLanguage = (language: string): Block[] => blocks.filter((block) => block.language === language)

test('every configuration in the pages is one that loads', () => {
  const shown = ofLanguage('yaml')
  assert.ok(shown.length >= 4)
  for (const { file, line, text } of shown) loadConfig(text, { file: `${file} line ${line}`, env: {} })
})

test('every npm script and every command the pages name is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const commands = readFileSync(join(root, 'src/cli/main.ts'), 'utf8')
  for (const { file, line, text } of ofLanguage('sh')) {
    for (const [, script] of text.matchAll(/npm run ([\w:-]+)/g))
      assert.ok(scripts[script!], `${file}:${line} npm run ${script}`)
    for (const [, command] of text.matchAll(/spillway(?: --)? (serve|check|simulate|[a-z]+)\b/g)) {
      assert.match(commands, new RegExp(`^  ${command}: `, 'm'), `${file}:${line} spillway ${command}`)
    }
  }
})

test('what the pages say to check or to simulate runs as it stands', () => {
  const lines = ofLanguage('sh')
    .flatMap(({ text }) => text.split('\n'))
    .filter((line) => /^npm run spillway -- (?:simulate|check spillway\.example)/.test(line))
  assert.ok(lines.length >= 2)
  for (const line of lines) {
    const args = line.replace(/^npm run spillway -- /, '').split(/\s+/)
    execFileSync(process.execPath, ['src/cli/main.ts', ...args], { cwd: root, stdio: 'pipe' })
  }
})

test('every program in the pages is well typed', () => {
  const folder = mkdtempSync(join(root, 'test', 'house', 'pages-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const programs = ofLanguage('ts')
  assert.ok(programs.length >= 2)
  for (const [i, { text }] of programs.entries()) writeFileSync(join(folder, `page-${i}.ts`), `${text}\nexport {}\n`)
  const config = {
    extends: '../../../tsconfig.json',
    compilerOptions: { noUnusedLocals: false, paths: { spillway: ['../../../src/index.ts'] } },
    include: ['.'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  try {
    execFileSync('tsc', ['-p', folder], {
      cwd: root,
      stdio: 'pipe',
      env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` },
    })
  } catch (error) {
    assert.fail((error as { stdout: Buffer }).stdout.toString())
  }
})

test('every link between the pages leads somewhere', () => {
  for (const file of [...pages, 'ARCHITECTURE.md']) {
    const text = readFileSync(join(root, file), 'utf8')
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)) {
      const path = relative(root, join(root, file, '..', target!))
      assert.ok(globSync(path, { cwd: root }).length > 0, `${file} links to ${target}`)
    }
  }
})
