import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { markdownOf } from './markdown.ts'
import { svgOf } from './pictures.ts'
import type { BenchReport } from './report.ts'

/** Writes the report into a folder: `report.md`, `report.json`, and its pictures. Tells what it wrote. */
export function writeReport(report: BenchReport, folder: string): string[] {
  mkdirSync(folder, { recursive: true })
  const files = new Map([
    ['report.md', markdownOf(report)],
    ['report.json', `${JSON.stringify(report, undefined, 2)}\n`],
    ...report.scenarios.flatMap(({ plots }) => plots.map((plot) => [`${plot.name}.svg`, svgOf(plot, report)] as const)),
  ])
  for (const [name, text] of files) writeFileSync(join(folder, name), text)
  return [...files.keys()].map((name) => join(folder, name))
}
