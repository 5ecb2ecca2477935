/**
 * What it costs to take a request down, and to set money aside for it: `node bench/money.ts [rounds]`. Each arm is the gateway
 * in a process of its own, without sockets, whose server answers at once; they take turns in short rounds, so that a slow minute of
 * the machine hits all of them. Read the differences between the medians.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { percentile } from './load/request.ts'
import type { Round, Seen } from './money-arm.ts'

/** By whether the server costs money, and whether there is a ledger. */
const arms = {
  home: ['no', 'no'],
  'home with a ledger': ['no', 'yes'],
  cloud: ['yes', 'no'],
  'cloud with a ledger and budgets': ['yes', 'yes'],
} as const
type ArmName = keyof typeof arms
const names = Object.keys(arms) as ArmName[]

async function compare(rounds: number): Promise<void> {
  const children = new Map(names.map((name) => [name, fork(join(import.meta.dirname, 'money-arm.ts'), arms[name])]))
  await Promise.all(Array.from(children.values(), (child) => once(child, 'message')))
  for (const stream of [false, true])
    for (const atOnce of [1, 32]) await table(children, rounds, { stream, atOnce, requests: stream ? 160 : 320 })
  for (const child of children.values()) child.disconnect()
}

async function table(children: ReadonlyMap<ArmName, ChildProcess>, rounds: number, round: Round): Promise<void> {
  const seen = new Map<ArmName, Seen[]>(names.map((name) => [name, []]))
  // The first rounds are for the compiler.
  for (let at = -8; at < rounds; at += 1) {
    for (const [name, child] of children) {
      child.send(round)
      const [told] = (await once(child, 'message')) as [Seen]
      if (at >= 0) seen.get(name)!.push(told)
    }
  }
  console.log(`\n${round.stream ? 'streams of 20 frames' : 'answers in one piece'}, ${round.atOnce} at once`)
  console.log(`${''.padEnd(32)} main µs   all µs  latency µs  a turn's CPU p99, max µs  its time p99 µs`)
  const median = (name: ArmName, key: keyof Seen): number =>
    percentile(
      seen.get(name)!.map((one) => one[key]),
      0.5,
    )
  const keys = ['mainUs', 'allUs', 'latencyUs', 'turnCpuP99Us', 'turnCpuMaxUs', 'turnP99Us'] as const
  const line = (title: string, of: (key: keyof Seen) => number): void =>
    console.log(title.padEnd(32) + keys.map((key) => of(key).toFixed(1).padStart(9)).join(' '))
  for (const name of names) line(name, (key) => median(name, key))
  for (const [base, more, barUs] of [
    ['home', 'home with a ledger', 15],
    ['cloud', 'cloud with a ledger and budgets', 60],
  ] as const) {
    // Each pair was measured one after the other: what the machine was doing then is in both.
    const pairs = (key: keyof Seen): number[] => seen.get(more)!.map((one, at) => one[key] - seen.get(base)![at]![key])
    line(`${base}: more (bar ${barUs} main)`, (key) => percentile(pairs(key), 0.5))
  }
}

await compare(Number(process.argv[2] ?? 40))
