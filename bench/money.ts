/**
 * What it costs to take a request down, and to set money aside for it: `node bench/money.ts [rounds]`. Each arm is the gateway
 * in a process of its own, without sockets, whose server at home answers at once and whose cloud in 5 ms; they take turns in short
 * rounds, so that a slow minute of the machine hits all of them. Read the differences between the medians.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { percentile } from './overhead/load/request.ts'
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

const titles = {
  mainUs: 'main µs',
  allUs: 'all µs',
  latencyUs: 'latency µs',
  turnCpuP99Us: 'turn p99 µs',
  turnCpuMaxUs: 'max µs',
  turnP99Us: 'by the clock',
} as const satisfies Record<keyof Seen, string>
const keys = Object.keys(titles) as (keyof Seen)[]

const pairs = [
  ['home', 'home with a ledger', 15],
  ['cloud', 'cloud with a ledger and budgets', 60],
] as const

async function compare(rounds: number): Promise<void> {
  const children = new Map(names.map((name) => [name, fork(join(import.meta.dirname, 'money-arm.ts'), arms[name])]))
  await Promise.all(Array.from(children.values(), (child) => once(child, 'message')))
  for (const stream of [false, true]) for (const atOnce of [1, 32]) await table(children, rounds, { stream, atOnce })
  for (const child of children.values()) child.disconnect()
}

async function table(
  children: ReadonlyMap<ArmName, ChildProcess>,
  rounds: number,
  round: Pick<Round, 'stream' | 'atOnce'>,
): Promise<void> {
  const seen = new Map<ArmName, Seen[]>(names.map((name) => [name, []]))
  const ask = async (name: ArmName, child: ChildProcess, looksAt: Round['looksAt']): Promise<Seen> => {
    // One after the other they take as long as the disk.
    const requests = arms[name][0] === 'yes' && round.atOnce === 1 ? 100 : 500
    child.send({ ...round, requests, looksAt })
    const [told] = (await once(child, 'message')) as [Seen]
    return told
  }
  // The first rounds are for the compiler.
  for (let at = -4; at < rounds; at += 1) {
    for (const [name, child] of children) {
      const { mainUs, allUs, latencyUs } = await ask(name, child, 'cost')
      const turns = await ask(name, child, 'turns')
      if (at >= 0) seen.get(name)!.push({ ...turns, mainUs, allUs, latencyUs })
    }
  }
  const line = (title: string, of: (key: keyof Seen) => number): void =>
    console.log(title.padEnd(36) + keys.map((key) => of(key).toFixed(1).padStart(12)).join(' '))
  console.log(`\n${round.stream ? 'streams of 20 frames' : 'answers in one piece'}, ${round.atOnce} at once`)
  console.log(''.padEnd(36) + keys.map((key) => titles[key].padStart(12)).join(' '))
  for (const name of names) line(name, (key) => median(seen.get(name)!.map((one) => one[key])))
  for (const [base, more, barUs] of pairs) {
    // Each of a pair was measured right after the other: what the machine was doing then is in both.
    const differences = (key: keyof Seen): number[] =>
      seen.get(more)!.map((one, at) => one[key] - seen.get(base)![at]![key])
    line(`${base}: so much more (bar: main ${barUs})`, (key) => median(differences(key)))
  }
}

const median = (numbers: readonly number[]): number => percentile(numbers, 0.5)

await compare(Number(process.argv[2] ?? 40))
