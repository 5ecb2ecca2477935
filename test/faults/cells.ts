import { type CallerKind, callers } from './ears.ts'
import { faultCalled, faults } from './catalogue/index.ts'
import type { Fault, Nature, Pairing } from './catalogue/fault.ts'
import { type Phase, phases } from './server/exchange.ts'
import { type ServerKind, servers } from './server/wires.ts'

/** One fault at one moment between one caller and one server, with or without another server beside it. */
export interface Cell extends Pairing {
  /** `rst@mid/openai>ollama/stream/alone` */
  readonly name: string
  readonly fault: Fault
  readonly phase: Phase
  readonly nature: Nature
  /** Another server has the model, and is well. */
  readonly second: boolean
}

const ownServers: Readonly<Record<CallerKind, readonly ServerKind[]>> = {
  openai: ['openai-compatible', 'llamacpp'],
  anthropic: ['anthropic'],
  ollama: ['ollama'],
}

function pairing(caller: CallerKind, server: ServerKind, stream: boolean): Pairing {
  const own = ownServers[caller].includes(server)
  // What this one is asked for in one piece it writes to the end whoever has left: it is never asked so.
  const serverStreams = stream || !own || server === 'llamacpp'
  return { caller, server, stream, serverStreams, passes: own && stream === serverStreams }
}

function cellOf(fault: Fault, phase: Phase, between: Pairing, second: boolean): Cell | undefined {
  if (!fault.phases.includes(phase) || fault.where?.(between, phase) === false) return undefined
  const { caller, server, stream } = between
  const name = `${fault.name}@${phase}/${caller}>${server}/${stream ? 'stream' : 'whole'}/${second ? 'second' : 'alone'}`
  const nature = typeof fault.nature === 'function' ? fault.nature(phase, between) : fault.nature
  return { ...between, name, fault, phase, nature, second }
}

/** Every cell there is. */
export function allCells(): Cell[] {
  const cells: Cell[] = []
  for (const fault of faults)
    for (const phase of fault.phases)
      for (const caller of callers)
        for (const server of servers)
          for (const stream of [true, false])
            for (const second of [false, true]) {
              const cell = cellOf(fault, phase, pairing(caller, server, stream), second)
              if (cell !== undefined) cells.push(cell)
            }
  return cells
}

export function cellCalled(name: string): Cell {
  const [, faultName = '', phase, caller, server, mode, beside] =
    /^([^@]+)@([\w-]+)\/(\w+)>([\w-]+)\/(stream|whole)\/(alone|second)$/.exec(name) ?? []
  const fault = faultCalled(faultName)
  const known =
    fault !== undefined &&
    phases.includes(phase as Phase) &&
    callers.includes(caller as CallerKind) &&
    servers.includes(server as ServerKind)
  const between = known ? pairing(caller as CallerKind, server as ServerKind, mode === 'stream') : undefined
  const cell = between && cellOf(fault!, phase as Phase, between, beside === 'second')
  if (cell === undefined) throw new Error(`There is no cell called ${name}.`)
  return cell
}
