/** Writes what becomes of each field in translation into the guide. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './import-graph.ts'
import { withTables } from './translation-table.ts'

const file = join(root, 'docs/guide/translation.md')
writeFileSync(file, withTables(readFileSync(file, 'utf8')))
