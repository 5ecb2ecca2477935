/** A client library, as it comes from its registry, in one way of using it. */
export interface Speaker {
  readonly name: string
  /** What it puts on the wire. */
  readonly dialect: string
  /** The text of a whole answer. */
  readonly chat: (url: string, question: string, wishes?: Wishes) => Promise<string>
  /** The text of a streamed answer that was, by all that this client can tell, finished. */
  readonly stream: (url: string, question: string, wishes?: Wishes) => Promise<string>
  /** What is called when the tool `weather` is offered; undefined where the format knows no tools. */
  readonly call?: (url: string, question: string, wishes: Wishes & { readonly streamed: boolean }) => Promise<Called>
  readonly told: (error: unknown) => Told
  /** The name of the class that stands for such a refusal. */
  readonly raises: (told: Told) => string
}

/** A client library that turns texts into vectors. */
export interface Embedder {
  readonly name: string
  readonly dialect: string
  readonly embed: (url: string, texts: readonly string[], wishes?: Wishes) => Promise<readonly (readonly number[])[]>
  readonly told: (error: unknown) => Told
}

export interface Wishes {
  readonly key?: string
  readonly model?: string
  readonly signal?: AbortSignal
  /** Tokens of the answer at most. */
  readonly limit?: number
  /** Laid over the body that the client has written: what a test wants to be there, or to be wrong. */
  readonly extra?: Readonly<Record<string, unknown>>
  /** Told each piece of a streamed answer. */
  readonly onWord?: (word: string) => void
  /** How often the client tries again; undefined for never. */
  readonly retries?: number
}

export interface Called {
  readonly name: string
  readonly input: unknown
  /** Hands in what the tool said, and hears the words that follow. */
  readonly after: (result: string) => Promise<string>
}

/** What a client says of an error, each in its own class. */
export interface Told {
  readonly status: number
  readonly message: string
  /** The name of the class it raised. */
  readonly raised: string
  /** Only OpenAI's form has one. */
  readonly code: string | undefined
  /** Undefined where the client shows none. */
  readonly header: ((name: string) => string | null | undefined) | undefined
}

/** The tool that is offered, as JSON schema. */
export const weather = {
  name: 'weather',
  description: 'Tells the weather.',
  schema: {
    type: 'object' as const,
    required: ['city'],
    properties: { city: { type: 'string' as const }, days: { type: 'integer' as const } },
  },
}

/** An answer that ended without an end, where the client itself says nothing about it: its user would have to notice. */
export class Unended extends Error {}

export interface Hearing {
  text: string
  hear(word: string | null | undefined): void
}

export function hearing({ onWord }: Wishes): Hearing {
  return {
    text: '',
    hear(word) {
      if (word === undefined || word === null || word === '') return
      this.text += word
      onWord?.(word)
    },
  }
}

/** What a body says on top of what its client wrote, and for clients that take no signal, theirs. */
export function fetching({ extra, signal }: Wishes, takesSignal: boolean): { fetch?: typeof fetch } {
  if (extra === undefined && (signal === undefined || takesSignal)) return {}
  return {
    fetch: ((input, init) => {
      const body =
        typeof init?.body === 'string' && extra !== undefined
          ? { body: JSON.stringify({ ...(JSON.parse(init.body) as object), ...extra }) }
          : {}
      return fetch(input, { ...init, ...body, ...(!takesSignal && signal !== undefined && { signal }) })
    }) satisfies typeof fetch,
  }
}

/** The fields that errors of most client libraries have, whatever version they are of. */
export function toldByFields(error: unknown): Told {
  const { status, status_code, message, code, headers } = error as Error & {
    readonly status?: number
    readonly status_code?: number
    readonly code?: string | null
    readonly headers?: Headers
  }
  return {
    status: status ?? status_code ?? 0,
    message,
    raised: (error as Error).constructor.name,
    code: code ?? undefined,
    header: headers === undefined ? undefined : (name) => headers.get(name),
  }
}

/** The classes that the clients of OpenAI and of Anthropic have in common, by status. */
export const usualClasses: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  403: 'PermissionDeniedError',
  404: 'NotFoundError',
  429: 'RateLimitError',
}
