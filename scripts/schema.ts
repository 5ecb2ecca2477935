import { writeFileSync } from 'node:fs'
import { jsonSchema } from '../src/config/json-schema.ts'

/** Writes what editors complete from. A test holds the file against the code. */
writeFileSync(new URL('../spillway.schema.json', import.meta.url), jsonSchema())
