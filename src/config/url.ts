export interface UpstreamUrl {
  readonly origin: string
  /** Without a trailing slash and without /v1, which the backends' own paths bring. */
  readonly basePath: string
}

/** Where an upstream is, or what to write instead. What is written may hold a password, so no part of it is repeated. */
export function readUrl(text: string): UpstreamUrl | { readonly fault: string } {
  if (!/^https?:\/\//i.test(text)) {
    return { fault: 'is no http address; write http://HOST:PORT, as in http://127.0.0.1:11434' }
  }
  if (!URL.canParse(text)) return { fault: 'is no address; write http://HOST:PORT, as in http://127.0.0.1:11434' }
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return { fault: 'holds a password; write the key as api_key instead' }
  // Even an empty query or fragment, which URL forgets.
  if (/[?#]/.test(text)) return { fault: 'has a query or a fragment, which would be sent nowhere; leave it out' }
  if (/\/(chat|completions|generate|messages)$/.test(url.pathname)) {
    return { fault: 'names one door of the server; leave its path out, the gateway knows the doors' }
  }
  return { origin: url.origin, basePath: url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '') }
}
