import type { Gateway } from '../gateway.ts'
import type { VolumeState } from '../telemetry/disk.ts'
import { conditionOf } from './condition.ts'

/** One thing that is wrong now, in a sentence. */
export interface Trouble {
  readonly level: 'warn' | 'bad'
  readonly about: 'upstream' | 'pressure' | 'disk' | 'money'
  /** The server, where it is about one. */
  readonly upstream: string | null
  readonly text: string
}

interface Sources extends Pick<Gateway, 'fleet' | 'world'> {
  /** What the process gives up because it runs short. */
  readonly givenUp: readonly string[]
  readonly volumes: readonly VolumeState[]
  /** Why nothing can be spent; undefined when it can. */
  readonly ledgerTrouble: string | undefined
  /** What is not as it should be with what is spent, in sentences. */
  readonly ofMoney: readonly string[]
}

/** All that somebody should know of, the worst first; empty when all is well. */
export function troublesOf(sources: Sources): readonly Trouble[] {
  const { fleet, world, givenUp, volumes, ledgerTrouble, ofMoney } = sources
  const now = world.now()
  const ofServers = fleet.upstreams.flatMap((upstream): Trouble[] => {
    const { name } = upstream.settings
    const { level, why } = conditionOf(upstream, now)
    if (level !== 'warn' && level !== 'bad') return []
    return why.map((text) => ({ level, about: 'upstream', upstream: name, text: `${name} ${text}` }))
  })
  const all = [
    ...ofPressure(givenUp),
    ...ofServers,
    ...volumes.flatMap(ofVolume),
    ...aboutMoney(ledgerTrouble, ofMoney),
  ]
  return all.toSorted((one, other) => ranks[one.level] - ranks[other.level])
}

const ranks = { bad: 0, warn: 1 } as const

const ofPressure = (givenUp: readonly string[]): Trouble[] =>
  givenUp.length === 0
    ? []
    : [{ level: 'bad', about: 'pressure', upstream: null, text: `The gateway runs short: ${givenUp.join('; ')}.` }]

const aboutMoney = (ledgerTrouble: string | undefined, texts: readonly string[]): Trouble[] => [
  ...(ledgerTrouble === undefined
    ? []
    : [
        {
          level: 'bad',
          about: 'money',
          upstream: null,
          text: `Nothing leaves for the cloud: ${ledgerTrouble}`,
        } as const,
      ]),
  ...texts.map((text) => ({ level: 'warn', about: 'money', upstream: null, text }) as const),
]

function ofVolume({ name, path, state, usedRatio }: VolumeState): Trouble[] {
  if (state === 'ok') return []
  const text = `The volume of ${name} (${path}) is ${Math.floor(usedRatio * 100)} % full: make room.`
  return [{ level: state === 'full' ? 'bad' : 'warn', about: 'disk', upstream: null, text }]
}
