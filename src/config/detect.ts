import type { World } from '../core/world.ts'

/** A server on this machine that was recognised. */
export interface Found {
  readonly name: string
  /** What people call it. */
  readonly title: string
  readonly kind: string
  readonly url: string
}

export interface Habit {
  readonly name: string
  readonly title: string
  readonly kind: string
  readonly port: number
  /** Paths that this server answers and the others do not; several imitate each other's. */
  readonly tells: readonly string[]
  /** What must be in the answer. */
  readonly says?: RegExp
}

/** Where servers usually listen, and how each is told from those that imitate it. */
export const habits: readonly Habit[] = [
  { name: 'ollama', title: 'Ollama', kind: 'ollama', port: 11434, tells: ['/api/version', '/api/ps'], says: /"version"|"models"/ },
  { name: 'lmstudio', title: 'LM Studio', kind: 'openai-compatible', port: 1234, tells: ['/api/v0/models'] },
  { name: 'vllm', title: 'vLLM', kind: 'openai-compatible', port: 8000, tells: ['/version', '/v1/models'], says: /"version"|"data"/ },
  { name: 'llamacpp', title: 'llama.cpp', kind: 'openai-compatible', port: 8080, tells: ['/v1/models'], says: /llamacpp|"n_ctx_train"|"meta"/ },
  { name: 'sglang', title: 'SGLang', kind: 'openai-compatible', port: 30000, tells: ['/get_model_info', '/v1/models'] },
  { name: 'exo', title: 'Exo', kind: 'openai-compatible', port: 52415, tells: ['/state', '/v1/models'] },
]

const patienceMs = 800
const bodyMaxBytes = 1024 * 1024

/** Looks for servers on the usual ports of this machine, all at once. `OLLAMA_HOST` says where Ollama is, as it does to Ollama. */
export async function detect(
  world: World,
  env: Readonly<Record<string, string | undefined>>,
  looked: readonly Habit[] = habits,
): Promise<readonly Found[]> {
  const found = await Promise.all(
    looked.map(async ({ name, title, kind, port, tells, says }): Promise<Found | undefined> => {
      const url = (name === 'ollama' ? ollamaHost(env['OLLAMA_HOST']) : undefined) ?? `http://127.0.0.1:${port}`
      const answers = await Promise.all(tells.map((path) => ask(world, url, path, says)))
      return answers.every(Boolean) ? { name, title, kind, url } : undefined
    }),
  )
  return found.filter((one) => one !== undefined)
}

/** HOST, HOST:PORT or a URL, as Ollama reads it; an address to listen on everywhere means this machine. */
function ollamaHost(value: string | undefined): string | undefined {
  if (value === undefined || value.trim() === '') return undefined
  const text = value.includes('://') ? value : `http://${value}`
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const host = url.hostname === '0.0.0.0' || url.hostname === '[::]' ? '127.0.0.1' : url.hostname
  return `${url.protocol}//${host}:${url.port === '' ? (value.includes('://') ? (url.protocol === 'https:' ? 443 : 80) : 11434) : url.port}`
}

async function ask(world: World, origin: string, path: string, says: RegExp = /^\s*[{[]/): Promise<boolean> {
  const late = new AbortController()
  void world.sleep(patienceMs, late.signal).then(() => late.abort())
  try {
    const { status, body } = await world.send({ method: 'GET', origin, path, headers: [], body: undefined, signal: late.signal })
    let text = ''
    for await (const chunk of body) {
      text += Buffer.from(chunk).toString('latin1')
      if (text.length > bodyMaxBytes) return false
    }
    return status === 200 && says.test(text)
  } catch {
    return false
  } finally {
    late.abort()
  }
}
