import { randomUUID } from 'node:crypto'
import { costsMoney } from '../../accounts/price-tags.ts'
import { urlOf } from '../../config/address.ts'
import type { Config } from '../../config/schema.ts'
import { doorsOf, settingsOf } from '../../config/settings.ts'
import { nanoPerDollar } from '../../core/money.ts'
import type { Settings } from '../../core/settings.ts'
import { createGateway, type Gateway } from '../../gateway.ts'
import { type RealWorld, realWorld } from '../../http/world.ts'
import { dataDirOf } from '../data-dir.ts'
import { type House, openHouse } from '../house.ts'
import { serversThere } from '../running.ts'
import { readSource } from '../sources.ts'
import { openPracticeGround, practise } from './practice.ts'
import { siteAt } from './at-url.ts'
import { BenchFault, type BenchOptions } from './options.ts'
import { dollarsIn, factsOf, modelIn, spillsIn, straightTo } from './servers.ts'
import type { Site, SiteFacts } from './site.ts'
import { throughGateway } from './way.ts'

/** Finds out what is to be measured. Throws a ConfigFault or a BenchFault. */
export async function openSite(options: BenchOptions): Promise<Site> {
  if (options.url !== undefined) {
    if (options.config !== undefined || options.own === true)
      throw new BenchFault('--url is for a gateway that runs somewhere; leave out --config and --own, or --url.')
    return siteAt(options.url, options)
  }
  const { config, file } = await readSource(options.config)
  const place = { config, where: file ?? 'what was found on this machine', options }
  const running = options.own === true ? undefined : await gatewayAt(doorsOf(config).listen)
  if (running === undefined) return own(place)
  return (await isStranger(config)) ? own(place, running) : beside(running, place)
}

/** Whether the gateway that runs here tells of servers, and of none in this configuration. */
async function isStranger(config: Config): Promise<boolean> {
  const ours = new Set(settingsOf(config).upstreams.map(({ origin, basePath }) => origin + basePath))
  const there = await serversThere(doorsOf(config))
  return there !== undefined && !there.some(({ url }) => ours.has(String(url)))
}

interface Place {
  readonly config: Config
  /** Where the servers are known from. */
  readonly where: string
  readonly options: BenchOptions
}

/** The gateway that runs by this configuration: beside it another one would take its places away. */
async function beside(url: string, { config, where, options }: Place): Promise<Site> {
  const settings = unloaded(settingsOf(config))
  const { key, paid } = options
  if (key === undefined && settings.callers.length > 0)
    throw new BenchFault(`The gateway at ${url} wants a key: --key, or --own for one of the bench's own beside it.`)
  const world = worldOf(config)
  try {
    // Looks at the servers once, and asks them nothing.
    const looking = createGateway(settings, { world })
    await looking.start()
    await looking.stop()
    return siteOf(
      looking,
      world,
      { config, where, options },
      {
        gateway: 'running',
        url,
        key,
        text: `the gateway that runs at ${url} by ${where}`,
        paid: paid === undefined ? undefined : 'What may be spent is bounded by the budgets of that gateway.',
        close: () => world.close(),
      },
    )
  } catch (error) {
    await world.close()
    throw error
  }
}

/** A gateway for this run alone, with a door of its own, so that it is asked as any other. */
async function own(place: Place, stranger?: string): Promise<Site> {
  const {
    config,
    where,
    options: { paid },
  } = place
  const key = randomUUID()
  const settings = settingsOfOwn(place, key)
  const ground = await openPracticeGround()
  const house = await openOwn(place, { ...settings, upstreams: [...settings.upstreams, ground.upstream] })
  const world = worldOf(config)
  const close = async (): Promise<void> => {
    await house.close(0)
    await world.close()
  }
  try {
    await practise(world, { url: house.address, key })
    await house.adopt(settings)
    return siteOf(house.gateway, world, place, {
      gateway: 'own',
      url: house.address,
      key,
      text: `a gateway of its own by ${where}${stranger === undefined ? '' : `, for that at ${stranger} has other servers`}`,
      paid: paid === undefined ? undefined : `No more than $${paid} is spent there.`,
      close,
    })
  } catch (error) {
    await close()
    throw error
  } finally {
    ground.close()
  }
}

function settingsOfOwn({ config, where, options: { paid } }: Place, key: string): Settings {
  const settings = unloaded(settingsOf(config))
  const upstreams = settings.upstreams.filter((one) => paid !== undefined || !costsMoney(one))
  if (upstreams.length === 0)
    throw new BenchFault(`All servers of ${where} cost money; with --paid DOLLARS they are asked, for so much at most.`)
  return { ...settings, upstreams, callers: [callerOf(key, paid)], anonymous: undefined, recording: undefined }
}

function openOwn({ config, options: { paid } }: Place, settings: Settings): Promise<House> {
  const here = { host: '127.0.0.1', port: 0 }
  return openHouse({
    settings,
    doors: { listen: here, admin: { ...here, token: undefined } },
    transport: config.upstream_transport,
    // What is spent stands in the same books as all else.
    records: paid === undefined ? undefined : { dataDir: dataDirOf(config.data_dir), url: config.ledger.url },
  })
}

interface Door extends Pick<SiteFacts, 'gateway' | 'url' | 'text'>, Pick<Site, 'paid' | 'close'> {
  readonly key: string | undefined
}

function siteOf(
  { fleet }: Gateway,
  world: RealWorld,
  { config, options }: Place,
  { key, paid, close, ...about }: Door,
): Site {
  const settings = settingsOf(config)
  const { patience: patienceMs = settings.queue.patienceMs } = options
  const model = modelIn(fleet, options.model)
  const isPaid = options.paid !== undefined
  const leftOut = isPaid ? [] : settings.upstreams.filter(costsMoney).map(({ name }) => name)
  return {
    world,
    gateway: throughGateway(world, { url: about.url, key, model, patienceMs, isPaid }),
    direct: options.direct ? straightTo(world, fleet, model) : undefined,
    model,
    about: { ...about, servers: factsOf(fleet, model, leftOut), leftOut },
    isSpill: spillsIn(fleet),
    paid,
    dollarsFor: dollarsIn(fleet, model, settings, world.epochMs()),
    patienceMs,
    close,
  }
}

const worldOf = (config: Config): RealWorld =>
  realWorld({ transport: config.upstream_transport, connectMs: config.timeouts.connect })

/** Nothing is loaded but the model that is measured. */
const unloaded = (settings: Settings): Settings => ({
  ...settings,
  upstreams: settings.upstreams.map((upstream) => ({ ...upstream, preload: [] })),
})

/** Each run pays out of an account of its own. */
const callerOf = (key: string, paid: number | undefined): Settings['callers'][number] => ({
  caller: {
    id: `spillway-bench-${key.slice(0, 8)}`,
    weight: 1,
    priority: 'default',
    models: undefined,
    cloud: paid === undefined ? 'never' : 'allowed',
    budgets: paid === undefined ? undefined : [{ per: 'month', nano: Math.floor(paid * nanoPerDollar), alertAt: [] }],
  },
  key,
  patienceMs: undefined,
})

/** The address, where a gateway answers at it. */
async function gatewayAt({
  host,
  port,
}: {
  readonly host: string
  readonly port: number
}): Promise<string | undefined> {
  const near = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const url = urlOf({ host: near, port })
  try {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(1_000) })
    return answer.ok ? url : undefined
  } catch {
    return undefined
  }
}
