const paths = { openai: '/v1/chat/completions', anthropic: '/v1/messages', ollama: '/api/chat' } as const

/** How one kind of caller asks. */
interface Habit {
  readonly priority: 'interactive' | 'default' | 'batch'
  readonly dialect: keyof typeof paths
  readonly promptWords: number
  readonly tokens: number
  /** Between two of its requests, on average, in a calm minute. */
  readonly everyMs: number
}

const habits: readonly Habit[] = [
  { priority: 'interactive', dialect: 'openai', promptWords: 60, tokens: 80, everyMs: 700 },
  { priority: 'default', dialect: 'ollama', promptWords: 300, tokens: 120, everyMs: 900 },
  { priority: 'batch', dialect: 'anthropic', promptWords: 900, tokens: 200, everyMs: 1_500 },
]

/** A burst comes around once in this long, and lasts a third of it. */
const tideMs = 30_000
const burst = 3

/** Callers who ask over the real port, calm for a while and then all at once, so that queue and spill can be seen. */
export class DemoTraffic {
  readonly #address: string
  readonly #model: string
  readonly #gone = new AbortController()
  readonly #startedAt = performance.now()

  constructor(address: string, model: string) {
    this.#address = address
    this.#model = model
  }

  start(): void {
    for (const habit of habits) void this.#keepAsking(habit)
  }

  stop(): void {
    this.#gone.abort()
  }

  async #keepAsking(habit: Habit): Promise<void> {
    while (!this.#gone.signal.aborted) {
      const inTide = (performance.now() - this.#startedAt) % tideMs
      const pace = inTide > (tideMs * 2) / 3 ? burst : 1
      await wait((-Math.log(1 - Math.random()) * habit.everyMs) / pace, this.#gone.signal)
      if (!this.#gone.signal.aborted) void this.#ask(habit)
    }
  }

  /** Reads the answer as a client would. What goes wrong is told by the gateway's own numbers. */
  async #ask({ priority, dialect, promptWords, tokens }: Habit): Promise<void> {
    const messages = [{ role: 'user', content: 'spill way '.repeat(promptWords / 2) }]
    const limit = dialect === 'ollama' ? { options: { num_predict: tokens } } : { stream: true, max_tokens: tokens }
    const body = { model: this.#model, messages, ...limit }
    try {
      const response = await fetch(this.#address + paths[dialect], {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-spillway-priority': priority },
        body: JSON.stringify(body),
        signal: this.#gone.signal,
      })
      for await (const _ of response.body ?? []);
    } catch {
      // The demo is ending, or the gateway has said in its picture what happened.
    }
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
