import type { Ask } from '../core/ask.ts'
import { paidTier } from '../core/money.ts'
import type { Upstream } from '../fleet/upstream.ts'

export const isPaid = (tier: number): boolean => tier >= paidTier

export const costsMoney = ({ settings }: Upstream): boolean => isPaid(settings.tier)

export function permits(ask: Ask, tier: number): boolean {
  return ask.cloud === 'allowed' || !isPaid(tier)
}
