import { type Crew, crewFor } from '../planning/crew.ts'
import { type Fitted, fittedOf, upstreamsIn } from '../planning/fit.ts'
import { machineFileOf, readMachineFile } from '../planning/machine-file.ts'
import type { Stock } from '../planning/stock.ts'
import type { Recording } from '../recording/read.ts'
import { fittedLines } from './fit-lines.ts'
import type { SimulateOptions } from './simulate-options.ts'
import { recordingAt, tellPeople } from './simulate-recording.ts'
import { printable } from './table.ts'
import { writeText } from './write-file.ts'

/** What a recording tells of the servers in it, in the numbers of the simulator, and how alike the two are. */
export async function simulateFit(options: SimulateOptions): Promise<void> {
  const { json, save, fit, recording: path, seed } = options
  let crew: Crew | undefined
  try {
    const recording = recordingAt(path ?? fit!, options)
    const orders = upstreamsIn(recording).length
    crew = crewFor({ type: 'recorded', recording, seed }, { requests: recording.requests.length, orders })
    const fitted = await fitTold(recording, crew)
    if (save !== undefined) writeText(save, machineFileOf(fitted.machines, remarksOn(recording)))
    console.log(json === true ? JSON.stringify(jsonOf(fitted)) : fittedLines(fitted, save).join('\n'))
  } catch (error) {
    tellPeople(error)
  } finally {
    crew?.end()
  }
}

/** How fast servers are: as a file says, or as the recording shows. */
export async function machinesFor(
  recording: Recording | undefined,
  { machines: file }: SimulateOptions,
  crew: Crew,
): Promise<Pick<Stock, 'machines' | 'source'>> {
  if (file !== undefined) return { machines: readMachineFile(file), source: `${file} says` }
  if (recording === undefined) return { machines: new Map(), source: '' }
  return { machines: (await fitTold(recording, crew)).machines, source: 'the recording shows' }
}

async function fitTold(recording: Recording, crew: Crew): Promise<Fitted> {
  const fitted = upstreamsIn(recording).map((upstream) =>
    crew.fit(upstream, () => {
      if (process.stderr.isTTY) process.stderr.write(`Looking how fast ${printable(upstream.name)} is …\n`)
    }),
  )
  return fittedOf(await Promise.all(fitted))
}

function remarksOn({ requests }: Recording): string[] {
  const [first, last] = [requests.at(0), requests.at(-1)]
  if (first === undefined || last === undefined) return []
  const day = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ')
  return [
    `Fitted from ${requests.length} requests, ${day(first.at)} to ${day(last.at)} UTC.`,
    'For `spillway simulate --machines`; every number may be changed.',
  ]
}

/** Stable: names in snake_case, times in milliseconds. */
const jsonOf = ({ upstreams }: Fitted): object => ({
  upstreams: upstreams.map(({ name, kind, machine, answers, mostAtOnce, likeness, unknown }) => ({
    name,
    kind,
    answers,
    most_at_once: mostAtOnce,
    machine,
    measured: likeness?.measured,
    simulated: likeness?.simulated,
    unknown,
  })),
})
