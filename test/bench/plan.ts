import { nothing, type PartPlan } from '../../bench/report/part.ts'

export const planOf = (name: string, more: Partial<PartPlan> = {}): PartPlan => ({
  name,
  title: `About ${name}`,
  about: 'What it shows.',
  workload: 'What is asked.',
  fair: 'Why it is fair.',
  kind: 'measured',
  atMostMs: 20_000,
  play: () => Promise.resolve(nothing),
  ...more,
})
