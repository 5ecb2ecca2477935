import { type Check, fail, type Finding, ok, warn } from '../finding.ts'

const skewMaxMs = 60_000
const daysMin = 14

/** Names, clocks and certificates of servers elsewhere. */
export const names: Check = {
  name: 'names',
  look({ servers }) {
    const lost = servers.flatMap(({ settings: { name, origin }, addresses }) =>
      typeof addresses === 'string'
        ? [
            fail(
              `${name}: the name ${new URL(origin).hostname} is not known (${addresses})`,
              'Correct the url or the DNS.',
            ),
          ]
        : [],
    )
    return lost.length > 0 || servers.length === 0 ? lost : [ok('The names of all servers are known')]
  },
}

/** Whoever goes past the gateway has no key, no limit and no place in its queue. */
export const bypass: Check = {
  name: 'bypass',
  look({ servers }) {
    const open = servers.flatMap(({ settings: { name, apiKey }, openAt }) =>
      openAt === undefined || apiKey !== undefined
        ? []
        : [
            warn(
              `${name} answers whoever reaches ${openAt}, past the gateway, without a key`,
              'Let it listen on 127.0.0.1 alone, or give it a key.',
            ),
          ],
    )
    return open.length > 0 || servers.length === 0 ? open : [ok('No server on this machine is open to others')]
  },
}

export const clocks: Check = {
  name: 'clocks',
  look({ servers }) {
    const told = servers.filter(({ aheadMs }) => aheadMs !== undefined)
    const off = told.flatMap(({ settings: { name }, aheadMs = 0 }) => {
      if (Math.abs(aheadMs) <= skewMaxMs) return []
      const minutes = Math.round(Math.abs(aheadMs) / 60_000)
      const text = `The clock of ${name} is ${minutes} min ${aheadMs > 0 ? 'ahead of' : 'behind'} this one`
      return [warn(text, 'Let both machines set their clocks by NTP.')]
    })
    return off.length > 0 || told.length === 0 ? off : [ok('The clocks of the servers agree with this one')]
  },
}

export const certificates: Check = {
  name: 'certificates',
  look({ servers }) {
    return servers.flatMap(({ settings: { name }, certificate }): readonly Finding[] => {
      if (certificate === undefined) return []
      const { daysLeft, fault } = certificate
      if (fault !== undefined)
        return [fail(`${name}: its certificate is not good (${fault})`, 'Put it right there, or correct the url.')]
      if (daysLeft === undefined) return []
      return daysLeft < daysMin
        ? [warn(`${name}: its certificate ends in ${Math.floor(daysLeft)} days`, 'Renew it.')]
        : [ok(`${name}: its certificate is good for ${Math.floor(daysLeft)} days`)]
    })
  },
}
