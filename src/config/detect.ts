import { backendOf } from '../backends/index.ts'
import { isObject, type Json } from '../core/json.ts'
import type { World } from '../core/world.ts'

/** A server on this machine that was recognised. */
export interface Found {
  readonly name: string
  /** What people call it. */
  readonly title: string
  readonly kind: string
  readonly url: string
}

/** Looks at one path of a server: the object it answers with, or undefined for anything else. */
type Look = (path: string) => Promise<Json | undefined>

export interface Habit {
  readonly kind: string
  /** What people call it. */
  readonly title: string
  /** Where such a server usually listens. */
  readonly port: number
  /** Where else its users say that it is. */
  readonly told?: ((env: Environment) => string | undefined) | undefined
  /** Whether it is one. Many imitate Ollama or OpenAI, so each is known by what the others do not answer. */
  readonly isAt: (look: Look) => Promise<boolean>
}

type Environment = Readonly<Record<string, string | undefined>>

function habit(kind: string, isAt: Habit['isAt'], told?: Habit['told']): Habit {
  const { title, usualPort } = backendOf(kind)!
  return { kind, title, port: usualPort!, told, isAt }
}

/** Servers that people run on their own machine, and how each is told from those that imitate it. */
export const habits: readonly Habit[] = [
  habit(
    'ollama',
    async (look) => {
      const [version, running] = await Promise.all([look('/api/version'), look('/api/ps')])
      return typeof version?.['version'] === 'string' && Array.isArray(running?.['models'])
    },
    (env) => ollamaHost(env['OLLAMA_HOST']),
  ),
  habit('lmstudio', async (look) => {
    const [older, newer] = await Promise.all([look('/api/v0/models'), look('/api/v1/models')])
    return Array.isArray(older?.['data']) || Array.isArray(newer?.['models'])
  }),
  habit('vllm', async (look) => {
    const [version, models] = await Promise.all([look('/version'), look('/v1/models')])
    return typeof version?.['version'] === 'string' && Array.isArray(models?.['data'])
  }),
  habit('llamacpp', async (look) => isObject((await look('/props'))?.['default_generation_settings'])),
  habit('sglang', async (look) => {
    const [older, newer] = await Promise.all([look('/get_model_info'), look('/model_info')])
    return [older, newer].some((info) => typeof info?.['model_path'] === 'string')
  }),
  habit('exo', async (look) => {
    const [state, models] = await Promise.all([look('/state'), look('/v1/models')])
    return state !== undefined && Array.isArray(models?.['data'])
  }),
  habit('tgi', async (look) => {
    const info = await look('/info')
    return typeof info?.['model_id'] === 'string' && typeof info['max_total_tokens'] === 'number'
  }),
]

const patienceMs = 600
const bodyMaxBytes = 4 * 1024 * 1024

/**
 * Looks for servers on the usual ports of this machine, all at once. `OLLAMA_HOST` says where Ollama is, as it does to
 * Ollama's own programs; it may well name another gateway, so the usual port is looked at too.
 */
export async function detect(
  world: World,
  env: Environment,
  looked: readonly Habit[] = habits,
): Promise<readonly Found[]> {
  const found = await Promise.all(
    looked.map(async ({ kind, title, port, told, isAt }) => {
      const urls = new Set([told?.(env), `http://127.0.0.1:${port}`].filter((url) => url !== undefined))
      const there = await Promise.all(
        Array.from(urls, async (url) => ((await isAt((path) => lookAt(world, url, path))) ? [url] : [])),
      )
      return there.flat().map((url, i): Found => ({ name: i === 0 ? kind : `${kind}-${i + 1}`, title, kind, url }))
    }),
  )
  return found.flat()
}

/** HOST, HOST:PORT or a URL, as Ollama reads it; an address that means everywhere is this machine. */
function ollamaHost(value = ''): string | undefined {
  const text = value.trim()
  if (text === '') return undefined
  const hasScheme = text.includes('://')
  const whole = hasScheme ? text : `http://${text}`
  if (!URL.canParse(whole)) return undefined
  const { protocol, hostname, port } = new URL(whole)
  if (protocol !== 'http:' && protocol !== 'https:') return undefined
  const host = /^(0\.0\.0\.0|\[::\]|localhost)$/.test(hostname) ? '127.0.0.1' : hostname
  // With a scheme the port is that of the scheme, as for any address; without one it is Ollama's.
  const usual = hasScheme ? (protocol === 'https:' ? 443 : 80) : 11434
  return `${protocol}//${host}:${port === '' ? usual : port}`
}

async function lookAt(world: World, origin: string, path: string): Promise<Json | undefined> {
  const enough = new AbortController()
  void world.sleep(patienceMs, enough.signal).then(() => enough.abort())
  try {
    const out = { method: 'GET', origin, path, headers: [], body: undefined, signal: enough.signal } as const
    const { status, body } = await world.send(out)
    if (status !== 200) return undefined
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of body) {
      bytes += chunk.length
      if (bytes > bodyMaxBytes) return undefined
      chunks.push(chunk)
    }
    const json: unknown = JSON.parse(Buffer.concat(chunks).toString())
    return isObject(json) ? json : undefined
  } catch {
    // Nobody there, or somebody else.
    return undefined
  } finally {
    enough.abort()
  }
}
