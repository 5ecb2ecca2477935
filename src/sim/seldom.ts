import type { Backend } from '../core/backend.ts'
import type { Settings } from '../core/settings.ts'

/** Of a server that is up there is hardly ever anything new for so many times as long as is set. */
const slackens = 6

/**
 * Settings by which servers are looked at less often: to look after three of them for a day takes as long as thirty thousand
 * requests. One that is down is looked at as often as ever, and whoever is asked and fails is looked at then.
 */
export const seldomProbed = (settings: Settings): Settings => ({
  ...settings,
  probeEveryMs: settings.probeEveryMs * slackens,
  upstreams: settings.upstreams.map((upstream) => ({ ...upstream, backend: ungauged(upstream.backend) })),
})

/** It tells how busy it is when it is probed, and not in between. */
function ungauged(backend: Backend): Backend {
  const seldom = { ...backend }
  delete seldom.gauge
  return seldom
}
