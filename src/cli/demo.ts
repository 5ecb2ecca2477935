import { Command } from 'commander'
import type { Gateway } from '../gateway.ts'
import type { Habit } from '../config/detect.ts'
import { detect, habits } from '../config/detect.ts'
import { type ConfigInput } from '../config/schema.ts'
import { doorsOf, parse, settingsOf } from '../config/settings.ts'
import { conditionOf } from '../http/condition.ts'
import { realWorld } from '../http/world.ts'
import { anthropicLike, llamacppLike, ollamaLike, vllmLike } from '../sim/server-spec.ts'
import { SimServer } from '../sim/server.ts'
import { listen, realClock } from '../sim/sockets.ts'
import { DemoTraffic } from './demo-traffic.ts'
import { curl, picture, summary } from './demo-view.ts'
import { DemoTrouble, mishapLine } from './demo-trouble.ts'
import { type House, openHouse } from './house.ts'
import { type LiveServer, Screen } from './live-view.ts'
import { positive } from './simulate-options.ts'

interface DemoOptions {
  readonly seconds?: number
}

const model = 'llama3.1:8b'
const firstPort = 11400

export function demoCommand(): Command {
  return new Command('demo')
    .description('Spillway in front of four simulated servers, with traffic: nothing to configure, no GPU needed.')
    .option('--seconds <n>', 'end by itself after this long', positive)
    .addHelpText('after', '\nExamples:\n  spillway demo\n  spillway demo --seconds 20\n')
    .action(demo)
}

async function demo({ seconds }: DemoOptions): Promise<void> {
  const stations = [
    new SimServer(ollamaLike({ name: 'box' }), realClock()),
    new SimServer(llamacppLike({ name: 'desk', engine: { slots: 2 } }), realClock()),
    new SimServer(vllmLike({ name: 'gpu', engine: { slots: 4 } }), realClock()),
    new SimServer(anthropicLike({ name: 'cloud' }), realClock()),
  ]
  const sockets = await Promise.all(stations.map((station) => listen(station)))
  const [box, desk, gpu, cloud] = sockets.map(({ origin }) => origin)
  const real = await realOllama()
  const upstreams: ConfigInput['upstreams'] = [
    { name: 'box', kind: 'ollama', url: box!, concurrency: 4 },
    { name: 'desk', kind: 'llamacpp', url: desk!, concurrency: 2 },
    { name: 'gpu', kind: 'vllm', url: gpu!, concurrency: 4 },
    { name: 'cloud', kind: 'anthropic', url: cloud!, models: { serve: { [model]: 'claude-haiku-4-5' } } },
    ...(real === undefined ? [] : [{ name: 'ollama', kind: 'ollama', url: real }]),
  ]
  const house = await openOnFreePorts({
    upstreams,
    queue: { max: 100, patience: '2s' },
    budget: { usd: 5, per: 'day' },
  })
  const traffic = new DemoTraffic(house.address, model)
  const trouble = new DemoTrouble(stations.slice(0, 3), (mishap) => {
    if (!process.stdout.isTTY) console.log(mishapLine(mishap, trouble.nowMs))
  })
  traffic.start()
  trouble.start()
  const stopShowing = show(house, real !== undefined, trouble)

  await ended(seconds === undefined ? undefined : seconds * 1_000)
  stopShowing()
  traffic.stop()
  trouble.stop()
  await house.close(1_000)
  await Promise.all(sockets.map((socket) => socket.close()))
  console.log(`Ended. ${house.feed.snapshot().settledEver} requests were answered.`)
  process.exit(0)
}

/** A real Ollama joins in with its own models, under their own names. */
async function realOllama(): Promise<string | undefined> {
  const world = realWorld({ connectMs: 300 })
  const ollama: readonly Habit[] = habits.filter(({ kind }) => kind === 'ollama')
  const [found] = await detect(world, process.env, ollama)
  await world.close()
  return found?.url
}

/** The usual ports, or the next two that are free: a demo should not fail because a gateway runs already. */
async function openOnFreePorts(config: ConfigInput): Promise<House> {
  for (let port = firstPort; ; port += 2) {
    const parsed = parse({ ...config, listen: `127.0.0.1:${port}`, admin: { listen: `127.0.0.1:${port + 1}` } })
    try {
      return await openHouse({
        settings: settingsOf(parsed),
        doors: doorsOf(parsed),
        transport: parsed.upstream_transport,
      })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || port > firstPort + 100) throw error
    }
  }
}

function show(house: House, hasReal: boolean, trouble: DemoTrouble): () => void {
  const facts = { address: house.address, adminAddress: house.adminAddress, model }
  const about: Readonly<Record<string, string>> = {
    box: 'simulated Ollama',
    desk: 'simulated llama.cpp',
    gpu: 'simulated vLLM',
    cloud: 'Anthropic-like, tier 1',
    ollama: 'your own Ollama',
  }
  const out = process.stdout
  if (!out.isTTY) {
    console.log(`Spillway listens on ${house.address} (admin ${house.adminAddress})`)
    if (hasReal) console.log('Your own Ollama joins in with its models.')
    console.log(`Try it:\n${curl(facts)}`)
    const timer = setInterval(() => console.log(summary(house.feed.snapshot())), 2_000)
    return () => clearInterval(timer)
  }
  const screen = new Screen(out)
  const draw = (): void => {
    const { latest, nowMs } = trouble
    const mishap = latest && mishapLine(latest, nowMs)
    const servers = serversOf(house.gateway, about)
    screen.draw(picture({ ...facts, servers, mishap }, house.feed.snapshot(), out))
  }
  draw()
  const timer = setInterval(draw, 500)
  return () => clearInterval(timer)
}

function serversOf({ fleet, world }: Gateway, about: Readonly<Record<string, string>>): LiveServer[] {
  return fleet.upstreams.map((upstream) => {
    const { name } = upstream.settings
    const limits = Array.from(upstream.places(), ([, place]) => place.limit.value)
    return {
      name,
      about: about[name] ?? '',
      condition: conditionOf(upstream, world.now()),
      inFlight: upstream.inFlight,
      limit: limits.length === 0 ? undefined : limits.reduce((sum, limit) => sum + limit, 0),
    }
  })
}

/** Resolves at Ctrl-C, at SIGTERM, or when the time is up. */
function ended(afterMs: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
    if (afterMs !== undefined) setTimeout(resolve, afterMs)
  })
}
