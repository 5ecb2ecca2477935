import { Agent, fetch as fetchBy } from 'undici'

/** Waits as long as the other side takes: an answer may need more than the five minutes after which Node's own `fetch` gives up. */
const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })

interface PatientRequest {
  readonly method: 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

export const patientFetch = (url: string, request: PatientRequest): ReturnType<typeof fetchBy> =>
  fetchBy(url, { ...request, dispatcher: agent })
