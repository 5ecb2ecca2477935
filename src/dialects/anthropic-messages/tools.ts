import { isObject } from '../../core/json.ts'

/** Tools that run at Anthropic have a dated type, and no model elsewhere can call them. */
export const isCallable = (tool: unknown): boolean =>
  isObject(tool) && (tool['type'] === undefined || tool['type'] === null || tool['type'] === 'custom')
