import { backendOf } from '../backends/index.ts'
import type { Settings, UpstreamSettings } from '../core/settings.ts'
import type { Plan } from './plan.ts'

/** Settings that can be sent to a thread: all of them are data but the backends, which are told by their kinds. */
export interface PackedSettings extends Omit<Settings, 'upstreams'> {
  readonly upstreams: readonly PackedUpstream[]
}

interface PackedUpstream extends Omit<UpstreamSettings, 'backend'> {
  readonly kind: string
}

export const packedSettings = (settings: Settings): PackedSettings => ({
  ...settings,
  upstreams: settings.upstreams.map(({ backend, ...upstream }) => ({ ...upstream, kind: backend.kind })),
})

export const unpackedSettings = (settings: PackedSettings): Settings => ({
  ...settings,
  upstreams: settings.upstreams.map(({ kind, ...upstream }) => ({ ...upstream, backend: backendOf(kind)! })),
})

export interface PackedPlan extends Omit<Plan, 'settings'> {
  readonly settings: PackedSettings
}

export const packed = (plan: Plan): PackedPlan => ({ ...plan, settings: packedSettings(plan.settings) })

export const unpacked = (plan: PackedPlan): Plan => ({ ...plan, settings: unpackedSettings(plan.settings) })
