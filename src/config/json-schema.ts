import { schema } from './schema.ts'

/** The configuration's JSON Schema, in the draft that YAML editors read. */
export function jsonSchema(): string {
  const made = schema.toJSONSchema({ target: 'draft-07', io: 'input' })
  return `${JSON.stringify({ title: 'Spillway', ...made }, undefined, 2)}\n`
}
