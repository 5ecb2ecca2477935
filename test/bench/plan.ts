import { nothing, type PartPlan } from '../../bench/report/part.ts'

export const sentencesOf = (name: string): Omit<PartPlan, 'play' | 'atMostMs'> => ({
  name,
  title: `About ${name}`,
  about: 'What it shows.',
  workload: 'What is asked.',
  fair: 'Why it is fair.',
  kind: 'measured',
})

export const planOf = (name: string, more: Partial<PartPlan> = {}): PartPlan => ({
  ...sentencesOf(name),
  atMostMs: 20_000,
  play: () => Promise.resolve(nothing),
  ...more,
})
