import { checks } from './checks/index.ts'
import type { Facts } from './facts.ts'
import type { Finding, Level } from './finding.ts'

export interface Line extends Finding {
  readonly check: string
}

export const linesOf = (facts: Facts): readonly Line[] =>
  checks.flatMap(({ name, look }) => look(facts).map((finding) => ({ check: name, ...finding })))

export const isWell = (lines: readonly Line[]): boolean => lines.every(({ level }) => level !== 'fail')

const words: Readonly<Record<Level, string>> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' }

/** For people: a line for each finding, and what to do under it. */
export function textOf(lines: readonly Line[]): string {
  const width = Math.max(...lines.map(({ check }) => check.length))
  const told = lines.map(({ level, check, text, advice }) => {
    const line = `${words[level]}  ${check.padEnd(width)}  ${text}`
    return advice === undefined ? line : `${line}\n${' '.repeat(width + 8)}${advice}`
  })
  const count = (level: Level): number => lines.filter((line) => line.level === level).length
  return [...told, `${count('ok')} ok, ${count('warn')} warned of, ${count('fail')} failed.`].join('\n')
}

export const jsonOf = (lines: readonly Line[]): object => ({ ok: isWell(lines), checks: lines })
