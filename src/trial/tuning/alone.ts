import type { Settings, UpstreamSettings } from '../../core/settings.ts'
import type { Gateway } from '../../gateway.ts'
import type { Sample } from '../sample.ts'
import type { Target } from '../target.ts'

const hourMs = 3_600_000

/** Of a configuration one server, and nothing that comes between it and who asks: no budget, no other server, no bound. */
export const aloneIn = (
  { timeouts, probeEveryMs }: Pick<Settings, 'timeouts' | 'probeEveryMs'>,
  upstream: UpstreamSettings,
  max: number,
): Settings => ({
  upstreams: [{ ...upstream, concurrency: max, preload: [], budgets: undefined }],
  queue: { max: 2 * max, patienceMs: hourMs },
  callers: [],
  timeouts: { ...timeouts, heartbeatMs: undefined },
  // A kept connection that a server gives up just then says nothing about it, and is worth a second try.
  attemptsMax: 2,
  retryShare: 1,
  probeEveryMs,
})

/** What a gateway would have asked again a little later counts as turned away: that a server has too much is to be seen. */
export function strictly(target: Target, gateway: Pick<Gateway, 'subscribe'>): Target {
  let refusals = 0
  let reason = ''
  gateway.subscribe((event) => {
    if (event.type !== 'attempt-failed' || event.kind !== 'upstream-busy') return
    refusals += 1
    reason = event.reason
  })
  return {
    async ask(question, signal): Promise<Sample> {
      const before = refusals
      const sample = await target.ask(question, signal)
      // Whose it was makes no difference.
      if (refusals === before || sample.fault !== undefined) return sample
      return { ...sample, fault: 'upstream-busy', complaint: reason }
    },
  }
}
