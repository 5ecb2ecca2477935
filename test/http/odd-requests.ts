/** Requests as they must not be, and some that only look like it. What each is answered is the contract of the client port. */
export interface OddRequest {
  readonly name: string
  /** The bytes, one character each. */
  readonly bytes: string
  /** Statuses of the answers, in order. */
  readonly answered: readonly number[]
  /** Whether the connection can be used again. */
  readonly stays?: true
  /** How many of them the gateway was asked; none unless said. */
  readonly asks?: number
}

const json = '{"model":"m","stream":false,"messages":[{"role":"user","content":"hi"}]}'
const long = (count: number): string => 'x'.repeat(count)

interface Parts {
  readonly line?: string
  readonly headers?: readonly string[]
  readonly body?: string
  readonly host?: string
}

/** The cases that an ask can get wrong, at one door. */
export function oddAsks(path: string): OddRequest[] {
  const post = ({
    line = `POST ${path} HTTP/1.1`,
    headers,
    body = json,
    host = 'Host: localhost',
  }: Parts = {}): string => {
    const given = headers ?? [`Content-Length: ${body.length}`]
    return [line, host, ...given, '', body].filter((part, at) => at !== 1 || part !== '').join('\r\n')
  }
  const withHeader = (...headers: string[]): string => post({ headers: [`Content-Length: ${json.length}`, ...headers] })
  const chunked = (body: string, ...headers: string[]): string =>
    post({ headers: ['Transfer-Encoding: chunked', ...headers], body })
  const size = json.length.toString(16)
  const whole = `${size}\r\n${json}\r\n0\r\n\r\n`
  const refused = (name: string, bytes: string, status = 400): OddRequest => ({ name, bytes, answered: [status] })
  const rejected = (name: string, bytes: string, status = 400): OddRequest => ({
    name,
    bytes,
    answered: [status],
    stays: true,
  })
  const taken = (name: string, bytes: string): OddRequest => ({ name, bytes, answered: [200], asks: 1, stays: true })

  return [
    refused('Content-Length beside Transfer-Encoding', chunked(whole, `Content-Length: ${json.length}`)),
    refused(
      'Transfer-Encoding beside Content-Length',
      post({ headers: ['Content-Length: 5', 'Transfer-Encoding: chunked'], body: whole }),
    ),
    refused('two Content-Length of one value', withHeader(`Content-Length: ${json.length}`)),
    refused('two Content-Length of two values', withHeader('Content-Length: 3')),
    refused('a list of Content-Lengths', post({ headers: ['Content-Length: 1, 1'] })),
    refused('Content-Length +1', post({ headers: ['Content-Length: +1'] })),
    refused('Content-Length 0x1', post({ headers: ['Content-Length: 0x1'] })),
    refused('Content-Length -1', post({ headers: ['Content-Length: -1'] })),
    refused('Content-Length of 20 digits', post({ headers: ['Content-Length: 99999999999999999999'] })),
    refused('an empty Content-Length', post({ headers: ['Content-Length:'] })),
    refused('Content-Length with a space before its colon', post({ headers: [`Content-Length : ${json.length}`] })),
    refused('a Content-Length beyond what is taken', post({ headers: ['Content-Length: 33554433'], body: '' }), 413),

    refused('an unknown Transfer-Encoding', post({ headers: ['Transfer-Encoding: rot13'], body: whole })),
    refused('chunked and then identity', post({ headers: ['Transfer-Encoding: chunked, identity'], body: whole })),
    refused('gzip and then chunked', post({ headers: ['Transfer-Encoding: gzip, chunked'], body: whole })),
    refused('identity beside Content-Length', withHeader('Transfer-Encoding: identity')),
    refused('chunked twice', chunked(whole, 'Transfer-Encoding: chunked')),
    refused('a vertical tab before chunked', post({ headers: ['Transfer-Encoding: \x0bchunked'], body: whole })),
    refused('chunked on a folded line', post({ headers: ['Transfer-Encoding:', ' chunked'], body: whole })),
    refused(
      'Transfer-Encoding on HTTP/1.0',
      post({ line: `POST ${path} HTTP/1.0`, headers: ['Transfer-Encoding: chunked'], body: whole }),
    ),

    refused('a chunk size of 0x1', chunked('0x1\r\nx\r\n0\r\n\r\n')),
    refused('a chunk size of +1', chunked('+1\r\nx\r\n0\r\n\r\n')),
    refused('a chunk size of -1', chunked('-1\r\nx\r\n0\r\n\r\n')),
    refused('a chunk size beyond 64 bits', chunked(`${'f'.repeat(17)}\r\nx\r\n0\r\n\r\n`)),
    refused('a chunk size that is none', chunked('zz\r\nx\r\n0\r\n\r\n')),
    refused('chunks with bare LF', chunked(`${size}\n${json}\n0\n\n`)),
    refused('LF inside a chunk extension', chunked(`${size};a=\nb\r\n${json}\r\n0\r\n\r\n`)),
    refused('chunk data that does not end where it says', chunked(`${size}\r\n${json}XX\r\n0\r\n\r\n`)),
    refused('a chunk extension of 20 KiB', chunked(`${size};a=${long(20_480)}\r\n${json}\r\n0\r\n\r\n`)),

    refused('bare LF line ends', post().replaceAll('\r\n', '\n')),
    refused('a bare CR in a value', withHeader('X-A: a\rb')),
    refused('a NUL in a value', withHeader('X-A: a\0b')),
    refused('a folded header', withHeader('X-A: a', ' b')),
    refused('a header without a name', withHeader(': a')),
    refused('a header without a colon', withHeader('just words')),
    refused('a space in a header name', withHeader('X A: a')),
    refused('201 headers and more', withHeader(...Array.from({ length: 201 }, (_, at) => `X-${at}: a`)), 431),
    refused('1,001 headers', withHeader(...Array.from({ length: 1_001 }, () => 'a:')), 431),
    refused('more than 16 KiB of headers', withHeader(`X-A: ${long(16_500)}`), 431),
    refused('a target of more than 16 KiB', post({ line: `POST ${path}?${long(16_500)} HTTP/1.1` }), 431),

    refused('HTTP/1.2', post({ line: `POST ${path} HTTP/1.2` })),
    refused('HTTP/9.9', post({ line: `POST ${path} HTTP/9.9` })),
    refused('HTTP/2.0', post({ line: `POST ${path} HTTP/2.0` })),
    refused('lower-case http', post({ line: `POST ${path} http/1.1` })),
    refused('a control byte in the target', post({ line: `POST ${path}?\x01 HTTP/1.1` })),
    refused('UTF-8 in the target', post({ line: `POST ${path}?\xc3\xa9 HTTP/1.1` })),
    refused('a backslash in the query', post({ line: `POST ${path}?a\\b HTTP/1.1` })),
    refused('a fragment', post({ line: `POST ${path}#top HTTP/1.1` })),
    refused('a method nobody knows', post({ line: `FROB ${path} HTTP/1.1` })),
    refused('a lower-case method', post({ line: `post ${path} HTTP/1.1` })),
    refused('no Host', post({ host: '' })),
    refused('no Host on HTTP/1.0', post({ line: `POST ${path} HTTP/1.0`, host: '' })),
    refused('two Hosts of one value', withHeader('Host: localhost')),
    refused('two Hosts of two values', withHeader('Host: evil')),
    refused('an empty Host', post({ host: 'Host:' })),
    refused('a path in the Host', post({ host: 'Host: a/../admin?x=' })),
    refused('a user in the Host', post({ host: 'Host: me@localhost' })),
    refused('two hosts in one Host', post({ host: 'Host: localhost, evil' })),
    refused('a space in the Host', post({ host: 'Host: a b' })),
    refused('a port in the Host that is none', post({ host: 'Host: localhost:http' })),
    taken('a Host by any name, from a program', post({ host: 'Host: llm.example.com' })),
    refused(
      'a page under a name that was bound to this address, where no key is needed',
      post({ host: 'Host: rebound.example.com\r\nOrigin: http://rebound.example.com' }),
      403,
    ),
    refused('an Origin of another site, where no key is needed', withHeader('Origin: https://evil.example'), 403),
    refused('an Origin that is hidden', withHeader('Origin: null'), 403),
    taken('an Origin of this machine', withHeader('Origin: http://localhost:3000')),
    taken('an Origin that is an application', withHeader('Origin: vscode-webview://x')),

    refused('an expectation nobody knows', withHeader('Expect: miracles'), 417),
    refused('Upgrade to h2c', withHeader('Connection: Upgrade', 'Upgrade: h2c'), 501),
    refused(
      'Upgrade to a web socket',
      withHeader('Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: eA=='),
      501,
    ),
    refused('Upgrade without a word in Connection', withHeader('Upgrade: h2c'), 501),
    refused('a header name with an underscore', withHeader('X_Api_Key: k')),
    refused('an underscore for the length', withHeader('Content_Length: 3')),
    refused('two Authorizations', withHeader('Authorization: Bearer a', 'Authorization: Bearer b')),
    refused('two x-api-keys of one value', withHeader('X-Api-Key: a', 'X-Api-Key: a')),
    refused('two keys that differ', withHeader('Authorization: Bearer a', 'X-Api-Key: b'), 401),
    taken('one key in both headers', withHeader('Authorization: Bearer a', 'X-Api-Key: a')),
    refused('two Content-Types', withHeader('Content-Type: application/json', 'Content-Type: text/plain')),
    refused('two Content-Encodings', withHeader('Content-Encoding: identity', 'Content-Encoding: identity')),
    refused('two request ids', withHeader('X-Request-Id: a', 'X-Request-Id: b')),
    refused('Latin-1 in a header we read', withHeader('X-Request-Id: caf\xe9')),
    refused('Latin-1 in a key', withHeader('Authorization: Bearer caf\xe9')),
    taken('Latin-1 in a header we do not read', withHeader('X-Title: caf\xe9')),
    taken('UTF-8 in a key', withHeader('Authorization: Bearer caf\xc3\xa9')),
    refused('a patience that is no number', withHeader('X-Spillway-Patience-Ms: soon')),
    refused('a patience below zero', withHeader('X-Spillway-Patience-Ms: -1')),
    refused('a priority nobody knows', withHeader('X-Spillway-Priority: urgent')),
    refused('a cloud nobody knows', withHeader('X-Spillway-Cloud: maybe')),
    refused('a deadline that is no number', withHeader('X-Spillway-Deadline-Ms: soon')),
    refused('two patiences', withHeader('X-Spillway-Patience-Ms: 1', 'X-Spillway-Patience-Ms: 2')),

    refused('a compressed body', withHeader('Content-Encoding: gzip'), 415),
    refused('a compressed body in layers', withHeader('Content-Encoding: gzip, gzip, gzip'), 415),
    refused('a form with files', withHeader('Content-Type: multipart/form-data; boundary=x'), 415),
    refused('XML', withHeader('Content-Type: application/xml'), 415),
    taken('what curl calls its body', withHeader('Content-Type: application/x-www-form-urlencoded')),
    taken('a charset', withHeader('Content-Type: application/json; charset=utf-8')),
    taken('identity, said aloud', withHeader('Content-Encoding: identity')),

    rejected('no body', post({ headers: ['Content-Length: 0'], body: '' })),
    rejected('neither length nor body', post({ headers: [], body: '' })),
    rejected('half an object', post({ body: '{"model":"m"' })),
    rejected('words', post({ body: 'hello' })),
    rejected('a list', post({ body: '[]' })),
    rejected('null', post({ body: 'null' })),
    rejected('a string', post({ body: '"m"' })),
    rejected('bytes that are not UTF-8', post({ body: '{"model":"\xff"}' })),
    rejected('UTF-8 cut in the middle', post({ body: '{"model":"\xe2\x82"}' })),
    rejected('a byte order mark', post({ body: `\xef\xbb\xbf${json}` })),
    rejected('UTF-16', post({ body: '{\0"\0m\0"\0:\x001\0}\0' })),
    rejected('two models', post({ body: '{"model":"a","model":"b","messages":[{"role":"user","content":"hi"}]}' })),
    rejected(
      'two models, one in disguise',
      post({ body: '{"model":"a","mod\\u0065l":"b","messages":[{"role":"user","content":"hi"}]}' }),
    ),
    rejected('no model', post({ body: '{"messages":[{"role":"user","content":"hi"}]}' })),
    rejected('lists 65 deep', post({ body: `{"a":${'['.repeat(64)}${']'.repeat(64)}}` })),
    rejected('lists 20,000 deep', post({ body: `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}` })),
    rejected('objects 20,000 deep', post({ body: `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}` })),
    rejected('lists that open and never close', post({ body: '['.repeat(100_000) })),
    rejected('300,000 empty lists', post({ body: `{"a":[${'[],'.repeat(300_000)}[]]}` })),
    taken('lists 63 deep', post({ body: json.replace('{', `{"a":${'['.repeat(63)}${']'.repeat(63)},`) })),
    taken('brackets in a text', post({ body: json.replace('hi', '['.repeat(1_000) + '\\"{{{') })),

    refused('a body behind GET', post({ line: `GET ${path} HTTP/1.1` })),
    refused(
      'chunks behind GET',
      post({ line: `GET ${path} HTTP/1.1`, headers: ['Transfer-Encoding: chunked'], body: whole }),
    ),
    refused('a body behind HEAD', post({ line: `HEAD ${path} HTTP/1.1` })),
    refused('TRACE', post({ line: `TRACE ${path} HTTP/1.1`, headers: [], body: '' }), 405),
    refused('QUERY', post({ line: `QUERY ${path} HTTP/1.1` }), 405),
    refused('PROPFIND', post({ line: `PROPFIND ${path} HTTP/1.1`, headers: [], body: '' }), 405),
    refused('PUT', post({ line: `PUT ${path} HTTP/1.1` }), 405),
    rejected('GET', post({ line: `GET ${path} HTTP/1.1`, headers: [], body: '' }), 405),
    rejected(
      'OPTIONS, as browsers ask before they ask',
      post({
        line: `OPTIONS ${path} HTTP/1.1`,
        headers: ['Origin: http://localhost:3000', 'Access-Control-Request-Method: POST'],
        body: '',
      }),
      405,
    ),

    taken('chunks', chunked(whole)),
    taken('chunk extensions', chunked(`${size};a="b"\r\n${json}\r\n0;c\r\n\r\n`)),
    taken('trailers', chunked(`${size}\r\n${json}\r\n0\r\nX-Late: a\r\nAuthorization: Bearer x\r\n\r\n`)),
    taken('a tab before chunked', post({ headers: ['Transfer-Encoding:\tchunked'], body: whole })),
    taken('chunks of a byte each', chunked(json.replaceAll(/./g, (byte) => `1\r\n${byte}\r\n`) + '0\r\n\r\n')),
    taken('an empty line before the request', `\r\n${post()}`),
    taken('two spaces before the target', post({ line: `POST  ${path} HTTP/1.1` })),
    taken('a query', post({ line: `POST ${path}?beta=true HTTP/1.1` })),
    taken('a request id that is not taken over', withHeader(`X-Request-Id: ${long(65)}`)),
    {
      name: 'an expectation to go on',
      bytes: withHeader('Expect: 100-continue'),
      answered: [100, 200],
      asks: 1,
      stays: true,
    },
    {
      name: 'an expectation to go on, without a body worth it',
      bytes: withHeader('Expect: 100-continue', 'Content-Type: application/xml'),
      answered: [415],
    },
    { name: 'two at once', bytes: post() + post(), answered: [200, 200], asks: 2, stays: true },
    {
      name: 'two at once, the second one in chunks',
      bytes: post() + chunked(whole),
      answered: [200, 200],
      asks: 2,
      stays: true,
    },
    { name: 'one and a faulty one', bytes: withHeader('Host: localhost') + post(), answered: [400] },
    {
      name: 'a request hidden behind a length of none',
      bytes: post({ headers: ['Content-Length: 0'], body: '' }) + post(),
      answered: [400, 200],
      asks: 1,
      stays: true,
    },
    {
      name: 'a request hidden behind the last chunk',
      bytes: chunked('0\r\n\r\n') + post(),
      answered: [400, 200],
      asks: 1,
      stays: true,
    },
    {
      name: 'a request hidden in a body with GET',
      bytes: post({ line: `GET ${path} HTTP/1.1`, body: post() }),
      answered: [400],
    },
  ]
}

const get = (target: string, ...headers: string[]): string =>
  [`GET ${target} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n')

const refusedTarget = (name: string, target: string): OddRequest => ({ name, bytes: get(target), answered: [400] })

/** Targets, and methods that have none. */
export const oddTargets: readonly OddRequest[] = [
  refusedTarget('an absolute target', 'http://evil/admin'),
  refusedTarget('an absolute target of ours', 'http://localhost/healthz'),
  refusedTarget('an absolute target with a user', 'http://user:pass@localhost/healthz'),
  refusedTarget('an authority with GET', 'localhost:80'),
  refusedTarget('a target without its slash', 'healthz'),
  refusedTarget('an empty authority', '//evil/healthz'),
  refusedTarget('two slashes inside', '/v1//models'),
  refusedTarget('a slash too many at the end', '/v1/models//'),
  refusedTarget('dots', '/v1/../healthz'),
  refusedTarget('dots at the end', '/v1/models/..'),
  refusedTarget('a dot', '/./healthz'),
  refusedTarget('dots in code', '/v1/%2e%2e/healthz'),
  refusedTarget('half a dot in code', '/v1/.%2e/healthz'),
  refusedTarget('a slash in code', '/v1%2fmodels'),
  refusedTarget('a slash in capital code', '/v1%2Fmodels'),
  refusedTarget('dots behind slashes in code', '/v1/models/..%2f..%2fhealthz'),
  refusedTarget('a NUL in code', '/healthz%00'),
  refusedTarget('a NUL in a name', '/v1/models/a%00b'),
  refusedTarget('a line end in code', '/healthz%0d%0aX-A:%20b'),
  refusedTarget('a backslash in code', '/v1%5cmodels'),
  refusedTarget('a backslash in a name', '/v1/models/a%5cb'),
  refusedTarget('a backslash', '/v1\\models'),
  refusedTarget('a fragment', '/healthz#x'),
  refusedTarget('a fragment behind a query', '/healthz?a=b#x'),
  refusedTarget('a % that encodes nothing', '/v1/models/%zz'),
  refusedTarget('a % at the end', '/v1/models/a%'),
  refusedTarget('code that is not UTF-8', '/v1/models/%ff'),
  { name: 'OPTIONS *', bytes: 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n', answered: [400] },
  { name: 'CONNECT', bytes: 'CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n', answered: [405] },
  { name: 'CONNECT to a path', bytes: 'CONNECT /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n', answered: [405] },
  { name: 'the preface of HTTP/2', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', answered: [400] },
  { name: 'the hello of TLS', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', answered: [400] },
  { name: 'a line of another protocol', bytes: 'EHLO localhost\r\n', answered: [400] },
  { name: 'a path that leads nowhere', bytes: get('/admin'), answered: [404], stays: true },
  { name: 'a hidden file', bytes: get('/.env'), answered: [404], stays: true },
  { name: 'a path with a slash too many', bytes: get('/healthz/'), answered: [404], stays: true },
  { name: 'a path in capitals', bytes: get('/V1/MODELS'), answered: [404], stays: true },
  { name: 'a model that nobody has', bytes: get('/v1/models/org/model:tag'), answered: [404], stays: true },
  { name: 'a model in code that nobody has', bytes: get('/v1/models/org%2Fmodel%3Atag'), answered: [404], stays: true },
  {
    name: 'three at once',
    bytes: get('/healthz') + get('/nowhere') + get('/'),
    answered: [200, 404, 200],
    stays: true,
  },
  { name: 'a faulty one between two', bytes: get('/healthz') + get('//x') + get('/'), answered: [200, 400] },
  { name: 'HTTP/1.0 with a Host', bytes: 'GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n', answered: [200] },
]
