import { type Check, fail, type Finding, ok, warn } from '../finding.ts'

/** What a gateway that runs says of itself. */
export const gateway: Check = {
  name: 'gateway',
  look({ running }) {
    if (running === undefined) return []
    const { address, upstreams, models, givesUp, refused, needsRestart } = running
    if (upstreams === undefined)
      return [
        warn(`The gateway at ${address} runs, and does not know this admin.token`, 'Look with its own configuration.'),
      ]
    const found = [
      ...refused.map((problem) =>
        fail(`The gateway goes by an older configuration, for this one is wrong: ${problem}`, 'Correct it.'),
      ),
      ...(needsRestart.length === 0
        ? []
        : [
            warn(
              `The gateway goes by other values of ${needsRestart.join(', ')} than the configuration`,
              'Restart it.',
            ),
          ]),
      ...upstreams.flatMap(({ name, state, last_error: error }): Finding[] => {
        if (state === 'up' || state === 'unknown') return []
        if (state === 'down')
          return [fail(`The gateway finds ${name} down: it ${error ?? 'does not answer'}`, 'Start it.')]
        return [warn(`The gateway does not send everything to ${name} (${state})`, 'Look into its own log.')]
      }),
      ...(givesUp.length === 0
        ? []
        : [
            warn(
              `The gateway runs short of something, and refuses ${givesUp.join(', ')}`,
              'See /api/pressure on its admin port.',
            ),
          ]),
      ...models.flatMap(({ name, state, servers }): Finding[] => {
        if (state !== 'failed') return []
        const said = servers.flatMap(({ upstream, load_fault: fault }) =>
          fault === null ? [] : [`${upstream}: ${fault}`],
        )
        return [fail(`${name} cannot be loaded (${said.join('; ')})`, 'Look into the log of that server.')]
      }),
    ]
    const ready = models.filter(({ state }) => state === 'ready').length
    return found.length > 0
      ? found
      : [ok(`The gateway at ${address} runs, with ${ready} of ${models.length} models ready`)]
  },
}
