import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { headlines } from '../../bench/report/headlines.ts'
import { filled, pages, reportFile } from '../../bench/report/publish.ts'
import { conclusionsOf, reportIn } from '../../bench/report/report.ts'

const report = reportIn(readFileSync(reportFile, 'utf8'))

test('every figure of the benchmark that a page shows is that of the published report', () => {
  for (const { file, plots } of pages) {
    const page = readFileSync(file, 'utf8')
    assert.match(page, /<!-- bench:headlines -->/, file)
    assert.equal(page, filled(page, report, plots), `${file} is older than ${reportFile}: npm run bench -- --publish`)
  }
})

test('every part of the published report has its place on the page, and its pictures are there', () => {
  const page = readFileSync(pages.find(({ file }) => file.endsWith('benchmarks.md'))!.file, 'utf8')
  for (const { name, plots } of report.parts) {
    assert.ok(page.includes(`<!-- bench:${name} -->`), name)
    for (const plot of plots) assert.ok(existsSync(join(dirname(reportFile), `${plot.name}.svg`)), plot.name)
  }
})

test('every claim stands beside conclusions that their parts have', () => {
  const known = new Set(conclusionsOf(report).map(({ id }) => id))
  const played = new Set(report.parts.map(({ name }) => name))
  for (const { claim, here } of headlines)
    for (const [, id] of here) assert.ok(known.has(id) || !played.has(id.split('.')[0]!), `${claim}: ${id}`)
})

test('no quick run was published', () => {
  assert.equal(report.isQuick, false)
})
