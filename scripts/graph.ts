/** Draws who imports whom, and puts the picture into ARCHITECTURE.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drawn, folderGraph, readSources, root, withGraph } from './import-graph.ts'

const file = join(root, 'ARCHITECTURE.md')
const picture = drawn(folderGraph(readSources()))
writeFileSync(file, withGraph(readFileSync(file, 'utf8'), picture))
console.log(picture)
