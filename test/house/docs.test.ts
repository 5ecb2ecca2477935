import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { after, test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { root } from '../../scripts/import-graph.ts'
import { below, ofLanguage, pages } from './pages.ts'

test('every configuration in the pages is one that loads, and does what its reader expects', () => {
  const shown = ofLanguage('yaml')
  assert.ok(shown.length >= 4)
  for (const { file, line, text } of shown) {
    const at = `${file} line ${line}`
    assert.deepEqual(loadConfig(text, { file: at, env: {} }).warnings, [], at)
  }
})

test('every npm script and every command the pages name is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const commands = readFileSync(join(root, 'src/cli/commands.ts'), 'utf8')
  for (const { file, line, text } of ofLanguage('sh')) {
    for (const [, script] of text.matchAll(/npm run ([\w:-]+)/g))
      assert.ok(scripts[script!], `${file}:${line} npm run ${script}`)
    for (const [, command] of text.matchAll(/spillway(?: --)? (serve|check|simulate|[a-z]+)\b/g)) {
      assert.match(commands, new RegExp(`^  ${command}: `, 'm'), `${file}:${line} spillway ${command}`)
    }
  }
})

test('what the pages say to check or to simulate runs as it stands, and prints what they show below', () => {
  const commands = ofLanguage('sh').flatMap((block) =>
    block.text
      .split('\n')
      .filter((line) => /^npm run spillway -- (?:simulate|check spillway\.example)/.test(line))
      .map((line) => ({ line, shown: below(block) })),
  )
  assert.ok(commands.length >= 2)
  let compared = 0
  for (const { line, shown } of commands) {
    const args = line.replace(/^npm run spillway -- /, '').split(/\s+/)
    const printed = execFileSync(process.execPath, ['src/cli/main.ts', ...args], { cwd: root, encoding: 'utf8' })
    if (shown?.language !== 'text') continue
    const lines = printed.split('\n').map(parted)
    for (const row of shown.text.trim().split('\n')) {
      const { words, numbers } = parted(row)
      const found = lines.filter((one) => one.words === words)
      const isAlike = found.some((one) => one.numbers.every((value, i) => Math.abs(value - numbers[i]!) <= value / 4))
      assert.ok(isAlike, `${shown.file}: "${row}" is not what "${line}" prints:\n${printed}`)
      compared += 1
    }
  }
  assert.ok(compared >= 5)
})

/** A line without its numbers, and these: what a page shows may differ a little, but not in words. */
function parted(line: string): { readonly words: string; readonly numbers: readonly number[] } {
  const number = /\d[\d,]*(?:\.\d+)?/g
  return {
    words: line.replace(number, '#').replace(/\s+/g, ' ').trim(),
    numbers: Array.from(line.matchAll(number), ([text]) => Number(text.replaceAll(',', ''))),
  }
}

test('every program in the pages is well typed', () => {
  // Within the package, whose name they import, and where nobody else reads what is there.
  mkdirSync(join(root, 'tmp'), { recursive: true })
  const folder = mkdtempSync(join(root, 'tmp', 'pages-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const programs = ofLanguage('ts')
  assert.ok(programs.length >= 2)
  for (const [i, { text }] of programs.entries()) writeFileSync(join(folder, `page-${i}.ts`), `${text}\nexport {}\n`)
  const config = {
    extends: '../../tsconfig.json',
    compilerOptions: { noUnusedLocals: false, paths: { spillway: ['../../src/index.ts'] } },
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

/** As it is written behind the `#` of a link. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replaceAll(' ', '-')

test('every link between the pages leads somewhere', () => {
  for (const file of [...pages, 'ARCHITECTURE.md']) {
    const text = readFileSync(join(root, file), 'utf8')
    for (const [, target, anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
      const path = target === '' ? file : relative(root, join(root, file, '..', target!))
      assert.ok(globSync(path, { cwd: root }).length > 0, `${file} links to ${target}`)
      if (anchor === undefined) continue
      const headings = readFileSync(join(root, path), 'utf8').matchAll(/^#+ (.*)$/gm)
      const anchors = Array.from(headings, ([, heading]) => anchorOf(heading!))
      assert.ok(anchors.includes(anchor), `${file} links to ${target}#${anchor}`)
    }
  }
})
