/** What the articles that Spillway answers say in their tables, and which conclusions of this report stand beside it. */
export const headlines: readonly Headline[] = [
  {
    claim: 'Overload, p99: 18.5 s raw; 4.2 s with throttled clients, 12 % to the cloud, $0.0012 for 1,000 tokens',
    here: [
      ['nothing in between', 'overload.direct.p99'],
      ['callers who give up', 'overload.timeout.p99'],
      ['Spillway at the cost point', 'overload.cost.p99'],
      ['with', 'overload.cost.out'],
      ['at', 'overload.cost.usd'],
    ],
  },
  {
    claim: 'Overload, p99 with a full gateway: 3.8 s, 18 % to the cloud, $0.0018',
    here: [
      ['Spillway at the latency point', 'overload.latency.p99'],
      ['with', 'overload.latency.out'],
      ['at', 'overload.latency.usd'],
    ],
  },
  {
    claim: 'Five at once on a serial 70B: p99 from 4 s to 20 s',
    here: [
      ['as much as it can do, p99', 'serial.1.p99'],
      ['out beyond the best possible', 'serial.1.beyond'],
    ],
  },
  { claim: 'p95 of a mixed cluster: 840 → 310 ms (2.7x)', here: [['p95 better by', 'switching.p95']] },
  {
    claim: 'Prefix cache hits: 12 → 68 %',
    here: [
      ['in turn', 'prefix.synthetic.in-turn'],
      ['Spillway', 'prefix.synthetic.cached'],
      ['of what any cache could hit', 'prefix.synthetic.bound'],
    ],
  },
  {
    claim: 'Switching models: 210 → 45 ms a request',
    here: [
      ['in turn', 'switching.in-turn'],
      ['Spillway', 'switching.loading'],
      ['with a cloud', 'switching.cloud.loading'],
    ],
  },
  {
    claim: 'Recovery from an error: 4,200 → 180 ms',
    here: [
      ['until the first word of another server, p99', 'recovery.first-word'],
      ['a refused connection adds', 'recovery.refused.added-p99'],
      ['a reset', 'recovery.reset.added-p99'],
    ],
  },
  {
    claim: 'Two instances: 120 → 240 tokens a second, half of it in an outage',
    here: [
      ['together', 'two-instances.together'],
      ['of the survivor’s capacity in the outage', 'two-instances.survivor'],
      ['failed', 'two-instances.failed'],
    ],
  },
]

interface Headline {
  readonly claim: string
  readonly here: readonly (readonly [what: string, conclusionId: string])[]
}
