/** Stands for the process that plays a part: what it does goes by its name. */
import { spawn } from 'node:child_process'
import { nothing } from '../../bench/report/part.ts'

const [, , name] = process.argv
const tell = (told: object): Promise<void> => new Promise((resolve) => void process.send!(told, () => resolve()))
process.on('disconnect', () => process.exit(1))

if (name === 'good') {
  await tell({ doing: 'something' })
  await tell({ findings: { ...nothing, notMeasured: ['nothing to measure'], conclusions: [{ value: Infinity }] } })
  process.exit(0)
}
if (name === 'broken') throw new TypeError('this part is broken')

// It never ends by itself, nor does what it has started.
const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1_000)"])
child.once('spawn', () => void tell({ doing: `pids ${process.pid} ${child.pid}` }))
setInterval(() => {}, 1_000)
