import type { Facts } from '../facts.ts'
import { isLoopback } from '../../../config/address.ts'
import { type Check, type Finding, ok, warn } from '../finding.ts'

/** Variables that do nothing, or not what was meant. */
export const environment: Check = {
  name: 'environment',
  look(facts) {
    const found = [...unknownVariables(facts), ...tooFew(facts), ...proxies(facts)]
    return found.length > 0 ? found : [ok('No variable of the environment is set in vain')]
  },
}

/** Variables that people set for a kind of server, and that it has never had. */
function unknownVariables({ env, servers }: Facts): Finding[] {
  const backends = new Set(servers.map(({ settings }) => settings.backend))
  return [...backends].flatMap(({ title, noVariables = {} }) =>
    Object.entries(noVariables).flatMap(([variable, advice]) =>
      env[variable] === undefined ? [] : [warn(`${title} has no ${variable}`, advice)],
    ),
  )
}

/** More at once than the server takes: the others stand in line there, where nobody sees them. */
function tooFew({ env, servers }: Facts): Finding[] {
  return servers.flatMap(({ settings: { name, backend, concurrency, origin } }) => {
    const { parallelVariable: variable } = backend
    const set = variable === undefined ? undefined : env[variable]
    const parallel = Number(set)
    if (set === undefined || !(parallel > 0) || concurrency === 'auto' || concurrency <= parallel) return []
    if (!isHere(origin)) return []
    const text = `${name} is sent ${concurrency} requests at once, and ${variable} lets ${parallel} run`
    return [warn(text, `Set its concurrency to ${parallel} or to auto.`)]
  })
}

const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'] as const

function proxies({ env, servers }: Facts): Finding[] {
  const set = proxyVariables.filter((name) => (env[name] ?? env[name.toLowerCase()] ?? '') !== '')
  const far = servers.filter(({ settings: { origin } }) => !isHere(origin)).map(({ settings: { name } }) => name)
  if (set.length === 0 || far.length === 0) return []
  const text = `${set.join(' and ')} ${set.length === 1 ? 'is' : 'are'} set, and Spillway uses no proxy`
  return [warn(text, `See that ${far.join(', ')} can be reached from here without one.`)]
}

const isHere = (origin: string): boolean => isLoopback(new URL(origin).hostname.replace(/^\[|\]$/g, ''))
