import { statfs as realStatfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Emit } from '../core/event.ts'
import type { Registry } from './registry.ts'

/** What is kept there: what the gateway writes, its log, or the models of a server on this machine. */
export type VolumeName = 'data' | 'log' | 'models'

export interface Volume {
  readonly name: VolumeName
  /** A file or a folder on it. What is not there yet is looked for above. */
  readonly path: string
}

export interface VolumeState extends Volume {
  /** From 0 to 1, as `df` tells it: of what may be used by anybody. */
  readonly usedRatio: number
  readonly freeBytes: number
  readonly state: 'ok' | 'filling' | 'full'
}

export interface Blocks {
  readonly bsize: number
  readonly blocks: number
  readonly bfree: number
  readonly bavail: number
}

export interface DiskParts {
  readonly volumes: readonly Volume[]
  readonly emit: Emit
  readonly statfs?: ((path: string) => Promise<Blocks>) | undefined
}

const everyMs = 30_000

const fillingRatio = 0.8
const fullRatio = 0.95
/** It has to be so much better before it is called better, or it would be told again and again. */
const slackRatio = 0.02

/** Looks now and then how full the volumes are that the gateway and its servers need. */
export class DiskWatch {
  readonly #parts: DiskParts
  readonly #states = new Map<Volume, VolumeState>()
  /** A look at a volume of a dead server may never end, and each one keeps a thread. */
  readonly #looking = new Set<Volume>()
  #timer: NodeJS.Timeout | undefined

  constructor(parts: DiskParts) {
    this.#parts = parts
  }

  /** Those that could be looked at. */
  get volumes(): readonly VolumeState[] {
    return this.#parts.volumes.flatMap((volume) => this.#states.get(volume) ?? [])
  }

  start(): void {
    if (this.#parts.volumes.length === 0) return
    void this.look()
    this.#timer = setInterval(() => void this.look(), everyMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async look(): Promise<void> {
    await Promise.all(this.#parts.volumes.map((volume) => this.#lookAt(volume)))
  }

  async #lookAt(volume: Volume): Promise<void> {
    if (this.#looking.has(volume)) return
    this.#looking.add(volume)
    try {
      const { statfs = realStatfs } = this.#parts
      const before = this.#states.get(volume)?.state ?? 'ok'
      const now = stateOf(volume, await blocksAt(volume.path, statfs), before)
      this.#states.set(volume, now)
      if (now.state !== before) this.#tell(now)
    } catch {
      this.#states.delete(volume)
    } finally {
      this.#looking.delete(volume)
    }
  }

  #tell({ name, path, usedRatio, freeBytes, state }: VolumeState): void {
    const percent = Math.floor(usedRatio * 100)
    const where = `The volume of ${what[name]} (${path})`
    const free = `${sizeOf(freeBytes)} left`
    if (state === 'ok')
      return this.#parts.emit({ type: 'notice', level: 'info', text: `${where} has room again: ${free}.` })
    const level = state === 'full' ? 'error' : 'warn'
    this.#parts.emit({ type: 'notice', level, text: `${where} is ${percent} % full, ${free}: make room.` })
  }
}

export function diskGauge(registry: Registry, disk: Pick<DiskWatch, 'volumes'>): void {
  registry.gauge(
    {
      name: 'spillway_disk_used_ratio',
      help: 'How full a volume is, from 0 to 1: of what the gateway writes (data), of its log, of the models of a server on this machine.',
      labels: ['volume'],
    },
    (sample) => {
      for (const { name, usedRatio } of disk.volumes) sample(usedRatio, name)
    },
  )
}

const what: Readonly<Record<VolumeName, string>> = { data: 'data_dir', log: 'the log', models: 'the models' }

function stateOf(volume: Volume, { bsize, blocks, bfree, bavail }: Blocks, before: VolumeState['state']): VolumeState {
  const used = blocks - bfree
  // Some file systems have no size of their own.
  const usedRatio = used + bavail > 0 ? used / (used + bavail) : 0
  const isBeyond = (ratio: number, was: boolean): boolean => usedRatio >= (was ? ratio - slackRatio : ratio)
  const state = isBeyond(fullRatio, before === 'full')
    ? 'full'
    : isBeyond(fillingRatio, before !== 'ok')
      ? 'filling'
      : 'ok'
  return { ...volume, usedRatio, freeBytes: bavail * bsize, state }
}

async function blocksAt(path: string, statfs: (path: string) => Promise<Blocks>): Promise<Blocks> {
  try {
    return await statfs(path)
  } catch (error) {
    const above = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === path) throw error
    return blocksAt(above, statfs)
  }
}

const sizeOf = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.floor(bytes / 1e6)} MB`
