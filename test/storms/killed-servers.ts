import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import OpenAI from 'openai'
import type { Ends } from '../../src/cli/process.test-helper.ts'
import { recital } from '../../src/sim/recital.ts'
import { serve } from '../cli/rig.ts'
import { ownAddress } from '../e2e/own-address.ts'
import { model } from '../e2e/rig.ts'

export interface KillOptions {
  readonly seconds: number
  readonly perSecond: number
  /** From one kill to the next, of the two in turn. */
  readonly everyMs: number
}

/** One request, as the user of the library had it. */
interface Asked {
  readonly spoke: boolean
  readonly beganAt: number
  readonly tookMs: number
  /** What the library raised; undefined when it took the answer for a whole one. */
  readonly error: string | undefined
  readonly right: boolean
}

export interface KillReport {
  readonly kills: number
  readonly asked: number
  readonly tookMs: readonly number[]
  /** Of the requests that were under way at a kill or came in the second after it. */
  readonly aroundMs: readonly number[]
  /** Failed before they had heard anything, and why. */
  readonly failed: readonly string[]
  /** Streams that had begun, and were told that they broke. */
  readonly broken: number
  /** Taken for whole by the library, and not what was said. */
  readonly wrong: number
}

const mortal = join(import.meta.dirname, 'mortal.ts')
const port = 8000
/** From when it listens again until it is surely asked again, so that there is always one. */
const backMs = 2_000
/** More at once than that, and it is this process that cannot follow. */
const underWayMax = 250

/** A server that is killed without a word, and started again where it was. */
class Mortal {
  readonly host: string = ownAddress()
  #child: ChildProcess | undefined

  async start(): Promise<void> {
    this.#child = spawn(process.execPath, [mortal, this.host, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(this.#child.stdout!, 'data')
  }

  async kill(): Promise<void> {
    const child = this.#child!
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
}

/**
 * Users of OpenAI's library, that tries nothing again here, while one of two servers is killed and started again, then the
 * other. There is always one that lives.
 */
export async function killedServers(t: Ends, { seconds, perSecond, everyMs }: KillOptions): Promise<KillReport> {
  const servers = [new Mortal(), new Mortal()] as const
  t.after(() => Promise.all(servers.map((server) => server.kill())))
  await Promise.all(servers.map((server) => server.start()))
  const upstreams = servers.map(
    ({ host }, at) => `  - { name: box-${at}, kind: vllm, url: "http://${host}:${port}", concurrency: 200 }\n`,
  )
  const ports = `listen: 127.0.0.1:0\nadmin: { listen: "127.0.0.1:0" }\nlog: { level: error }\n`
  const { url } = await serve(t, `${ports}upstreams:\n${upstreams.join('')}`)
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })
  // Their first answers warm up everybody.
  for (let at = 0; at < 40; at += 1) await ask(client, at)

  const endAt = performance.now() + seconds * 1_000
  const killedAt: number[] = []
  const killing = (async (): Promise<void> => {
    await wait(everyMs / 2)
    while (performance.now() < endAt - everyMs / 2) {
      const server = servers[killedAt.length % 2]!
      killedAt.push(performance.now())
      await server.kill()
      await server.start()
      const nextAt = Math.max(performance.now() + backMs, killedAt.at(-1)! + everyMs)
      await wait(Math.min(nextAt, endAt) - performance.now())
    }
  })()
  const all = await everybody(client, perSecond, endAt)
  await killing
  const served = all.filter(({ error }) => error === undefined)
  const hurt = all.filter(({ error }) => error !== undefined)
  const isAround = ({ beganAt, tookMs }: Asked): boolean =>
    killedAt.some((at) => beganAt < at + 1_000 && beganAt + tookMs > at)
  return {
    kills: killedAt.length,
    asked: all.length,
    tookMs: served.map(({ tookMs }) => tookMs),
    aroundMs: served.filter(isAround).map(({ tookMs }) => tookMs),
    failed: hurt.filter(({ spoke }) => !spoke).map(({ error }) => error!),
    broken: hurt.filter(({ spoke }) => spoke).length,
    wrong: served.filter(({ right }) => !right).length,
  }
}

/** So many a second until then; what this machine is too slow for is left out, not caught up with. */
async function everybody(client: OpenAI, perSecond: number, endAt: number): Promise<readonly Asked[]> {
  const all: Asked[] = []
  const underWay = new Set<Promise<void>>()
  const startAt = performance.now()
  for (let due = 1; performance.now() < endAt; due += 1) {
    if (underWay.size < underWayMax) {
      const one = ask(client, due).then((answer) => {
        all.push(answer)
        underWay.delete(one)
      })
      underWay.add(one)
    }
    const nextAt = startAt + (due * 1_000) / perSecond
    if (nextAt > performance.now()) await wait(nextAt - performance.now())
    else if (due % 16 === 0) await wait(0)
  }
  await Promise.all(underWay)
  return all
}

/** Every other one is streamed. */
async function ask({ chat }: OpenAI, at: number): Promise<Asked> {
  const question = `Say ${1 + (at % 8)} words. ${at}`
  const messages = [{ role: 'user' as const, content: question }]
  const beganAt = performance.now()
  let text = ''
  let error: string | undefined
  try {
    if (at % 2 === 0) {
      const stream = await chat.completions.create({ model, messages, stream: true })
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    } else {
      text = (await chat.completions.create({ model, messages })).choices[0]!.message.content ?? ''
    }
  } catch (raised) {
    error = String(raised)
  }
  const right = text === recital(question)
  return { spoke: text !== '', beganAt, tookMs: performance.now() - beganAt, error, right }
}
