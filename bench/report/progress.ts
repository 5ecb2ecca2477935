import type { WriteStream } from 'node:tty'
import type { Onlooker } from './troupe.ts'

/** What is going on: in a terminal one line that changes, elsewhere a line when a part begins and when it ends. */
export function progress(out: WriteStream): Onlooker {
  const beganAt = performance.now()
  const doing = new Map<string, string>()
  const clock = (): string => {
    const seconds = Math.round((performance.now() - beganAt) / 1_000)
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  }
  const show = (): void => {
    if (!out.isTTY || doing.size === 0) return
    const all = [...doing].map(([name, what]) => (what === '' ? name : `${name} (${what})`)).join(', ')
    out.write(`\r\u001B[K${`${clock()}  ${all}`.slice(0, out.columns - 1)}`)
  }
  const say = (line: string): void => {
    out.write(`${out.isTTY ? '\r\u001B[K' : ''}${clock()}  ${line}\n`)
    show()
  }
  return {
    began({ name }) {
      doing.set(name, '')
      if (out.isTTY) show()
      else say(`${name} begins`)
    },
    doing({ name }, what) {
      doing.set(name, what)
      show()
    },
    ended({ name, conclusions, notMeasured, tookMs }) {
      doing.delete(name)
      const barred = conclusions.filter(({ verdict }) => verdict !== 'no bar')
      const met = barred.filter(({ verdict }) => verdict === 'met').length
      const left = notMeasured.length > 0 ? `, not measured: ${notMeasured.join('; ')}` : ''
      say(`${name}: ${met} of ${barred.length} bars met, ${Math.round(tookMs / 1_000)} s${left}`)
    },
  }
}
