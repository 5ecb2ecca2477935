import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeText } from '../write-file.ts'
import { markdownOf } from './markdown.ts'
import { BenchFault } from './options.ts'
import { svgOf } from './pictures.ts'
import type { BenchReport } from './report.ts'

/** Makes the folder before anything is measured: minutes later nobody wants to hear that it cannot be made. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
  } catch (error) {
    throw new BenchFault(`Nothing can be written into ${folder} (${(error as NodeJS.ErrnoException).code}).`)
  }
}

/** Writes the report into a folder: `report.md`, `report.json`, and its pictures. Tells what it wrote. */
export function writeReport(report: BenchReport, folder: string): string[] {
  const files = new Map([
    ['report.md', markdownOf(report)],
    ['report.json', `${JSON.stringify(report, undefined, 2)}\n`],
    ...report.scenarios.flatMap(({ plots }) => plots.map((plot) => [`${plot.name}.svg`, svgOf(plot, report)] as const)),
  ])
  for (const [name, text] of files) writeText(join(folder, name), text)
  return [...files.keys()].map((name) => join(folder, name))
}
