export interface UpstreamUrl {
  readonly origin: string
  /** Without a trailing slash and without /v1, which the backends' own paths bring. */
  readonly basePath: string
  readonly fault: string | undefined
}

const bad = (fault: string): UpstreamUrl => ({ origin: '', basePath: '', fault })

/** Where an upstream is, or what to write instead. */
export function readUrl(text: string): UpstreamUrl {
  if (!/^https?:\/\//i.test(text)) return bad(`is no http address; write http://HOST:PORT, as in http://127.0.0.1:11434`)
  if (!URL.canParse(text)) return bad('is no address; write http://HOST:PORT, as in http://127.0.0.1:11434')
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return bad('holds a password; write the key as api_key instead')
  if (url.search !== '' || url.hash !== '') return bad('has a query or a fragment, which would be sent nowhere; leave it out')
  const basePath = url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '')
  return { origin: url.origin, basePath, fault: undefined }
}
