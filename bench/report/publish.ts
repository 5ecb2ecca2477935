import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { circumstances, headlineTable, partMarkdown } from './markdown.ts'
import { jsonOf, merged, type Report, reportIn } from './report.ts'

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'docs/benchmarks')
export const reportFile: string = join(folder, 'report.json')

/** The pages that show figures, and where the pictures lie as seen from there. */
export const pages: readonly { readonly file: string; readonly plots: string }[] = [
  { file: join(root, 'README.md'), plots: 'docs/benchmarks/' },
  { file: join(root, 'docs/benchmarks.md'), plots: 'benchmarks/' },
]

/** What stands in a marked place, by its name: one of the report's own, or that of a part. */
function blockOf(name: string, report: Report, plots: string): string | undefined {
  if (name === 'headlines') return headlineTable(report)
  if (name === 'circumstances') return circumstances(report)
  const part = report.parts.find((one) => one.name === name)
  return part === undefined ? undefined : partMarkdown(part, plots)
}

const block = /(<!-- bench:([\w-]+) -->\n)[^]*?(<!-- \/bench -->)/g

/** A page with its marked places filled. One of which the report says nothing stays as it is. */
export const filled = (page: string, report: Report, plots: string): string =>
  page.replace(block, (all, begin: string, name: string, end: string) => {
    const text = blockOf(name, report, plots)
    return text === undefined ? all : `${begin}${text}\n${end}`
  })

/** Parts that were not played keep what was published of them before. */
export function publish(report: Report): void {
  const before = existsSync(reportFile) ? reportIn(readFileSync(reportFile, 'utf8')) : undefined
  const all = merged(before, report)
  mkdirSync(folder, { recursive: true })
  writeFileSync(reportFile, jsonOf(all))
  for (const { name, svg } of report.parts.flatMap(({ plots }) => plots))
    writeFileSync(join(folder, `${name}.svg`), svg)
  for (const { file, plots } of pages) writeFileSync(file, filled(readFileSync(file, 'utf8'), all, plots))
}
