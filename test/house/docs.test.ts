import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { after, test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { root } from '../../scripts/import-graph.ts'
import { ofLanguage, pages } from './pages.ts'

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
