import type { ConfigInput } from '../../src/config/schema.ts'
import type { Machine } from '../../src/sim/fleet.ts'
import type { SimCaller } from '../../src/sim/workload.ts'
import type { Scenario } from './scenario.ts'

/** What an operator would write: which servers there are and who asks, and nothing else. All the rest is as it comes. */
export function configFor({ fleet, workload }: Scenario, originOf: (machine: Machine) => string): ConfigInput {
  return {
    upstreams: fleet.map((machine) => ({
      name: machine.server.name,
      kind: machine.kind,
      url: originOf(machine),
      ...(machine.server.key === undefined ? {} : { api_key: machine.server.key }),
      ...(machine.serve === undefined ? {} : { models: { serve: machine.serve } }),
    })),
    callers: workload.callers.map(({ of: { name, weight, priority, cloud } }) => {
      return { name, key: keyOf(name), weight, priority, cloud: cloud === 'never' ? 'never' : 'allowed' }
    }),
  }
}

export const keyOf = (name: SimCaller['name']): string => `key-of-${name}`
