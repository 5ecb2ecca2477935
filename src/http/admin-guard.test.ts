import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLoopback, knowsToken, refusalOf } from './admin-guard.ts'

function answerTo(
  headers: readonly string[],
  over: { method?: string; target?: string; boundTo?: string; on?: string } = {},
): number {
  const { method = 'GET', target = '/api/upstreams', boundTo = '127.0.0.1', on = '127.0.0.1' } = over
  return refusalOf({ method, target, rawHeaders: headers, localAddress: on }, boundTo)?.status ?? 200
}

test('only a request that names this machine as its host comes in', () => {
  const hosts = {
    '127.0.0.1:11401': 200,
    'localhost:11401': 200,
    LocalHost: 200,
    '[::1]:11401': 200,
    'evil.example': 403,
    'evil.example:11401': 403,
    '127.0.0.1.evil.example': 403,
    'localhost.evil.example': 403,
    'localhost.': 403,
    '0.0.0.0:11401': 403,
    '192.168.1.7': 403,
    '': 400,
    'a/../admin?x=': 400,
    'localhost:11401@evil.example': 400,
    'localhost evil': 400,
    'localhost:port': 400,
    '[evil]': 400,
  }
  for (const [host, expected] of Object.entries(hosts)) assert.equal(answerTo(['Host', host]), expected, host)
  assert.equal(answerTo([]), 400)
})

test('bound to every address, it answers to the one that the request came in on', () => {
  assert.equal(answerTo(['Host', '10.0.0.5:11401'], { boundTo: '0.0.0.0', on: '10.0.0.5' }), 200)
  assert.equal(answerTo(['Host', '10.0.0.5:11401'], { boundTo: '::', on: '::ffff:10.0.0.5' }), 200)
  assert.equal(answerTo(['Host', '[fd00::5]:11401'], { boundTo: '::', on: 'fd00::5' }), 200)
  assert.equal(answerTo(['Host', '10.0.0.6:11401'], { boundTo: '0.0.0.0', on: '10.0.0.5' }), 403)
  assert.equal(answerTo(['Host', '0.0.0.0:11401'], { boundTo: '0.0.0.0', on: '127.0.0.1' }), 403)
})

test('a page of another site is refused, by its origin or by what the browser says of it', () => {
  const own = ['Host', 'localhost:11401']
  const sites: readonly (readonly [string, string, number])[] = [
    ['Origin', 'http://localhost:11401', 200],
    ['Origin', 'http://localhost:3000', 403],
    ['Origin', 'https://evil.example', 403],
    ['Origin', 'null', 403],
    ['Origin', '', 403],
    ['Sec-Fetch-Site', 'same-origin', 200],
    ['Sec-Fetch-Site', 'none', 200],
    ['Sec-Fetch-Site', 'same-site', 403],
    ['Sec-Fetch-Site', 'cross-site', 403],
  ]
  for (const [name, value, expected] of sites) {
    for (const method of ['GET', 'POST', 'OPTIONS'])
      assert.equal(answerTo([...own, name, value], { method }), expected, `${method} ${value}`)
  }
})

test('a header that decides and came twice is refused, in whatever letters', () => {
  for (const name of ['host', 'Authorization', 'ORIGIN', 'content-length', 'Sec-Fetch-Site']) {
    const twice = ['Host', 'localhost', name, 'localhost', name.toLowerCase(), 'localhost']
    assert.equal(answerTo(twice, { method: 'POST' }), 400, name)
  }
})

test('a path that two readers could read two ways is refused', () => {
  const refused = [
    'http://evil/metrics',
    '//evil/metrics',
    '/api/../metrics',
    '/api/..',
    '/.',
    '/%2e%2e/x',
    '/a%2fb',
    '/a%5Cb',
    '/a\\b',
    '/%00',
    '/#x',
    '*',
    '',
  ]
  for (const target of refused) assert.equal(answerTo(['Host', 'localhost'], { target }), 400, target)
  for (const target of ['/', '/metrics', '/api/report?by=caller,model', '/api/keys/k-1.2']) {
    assert.equal(answerTo(['Host', 'localhost'], { target }), 200, target)
  }
})

test('only a POST may have a body', () => {
  for (const header of [
    ['Content-Length', '3'],
    ['Transfer-Encoding', 'chunked'],
    ['Content-Length', 'x'],
  ]) {
    assert.equal(answerTo(['Host', 'localhost', ...header]), 400)
    assert.equal(answerTo(['Host', 'localhost', ...header], { method: 'POST' }), 200)
  }
  assert.equal(answerTo(['Host', 'localhost', 'Content-Length', '0']), 200)
})

test('the token is taken as a bearer and in no other way', () => {
  assert.ok(knowsToken('Bearer s3cret', 's3cret'))
  assert.ok(knowsToken('bearer  s3cret', 's3cret'))
  for (const given of [
    undefined,
    '',
    's3cret',
    'Bearer',
    'Bearer s3cre',
    'Bearer s3cret2',
    'Basic s3cret',
    'Bearer S3CRET',
    'Bearer s3cret x',
  ]) {
    assert.equal(knowsToken(given, 's3cret'), false, given)
  }
})

test('loopback is 127 and ::1 and localhost, and nothing that looks like them', () => {
  for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) assert.ok(isLoopback(host), host)
  for (const host of ['0.0.0.0', '::', '127.evil.example', '128.0.0.1', '10.127.0.0', 'localhost.evil'])
    assert.ok(!isLoopback(host), host)
})

test('what follows the question mark may hold lists and what is in code, and nothing that a line of a request has no place for', () => {
  const own = ['Host', 'localhost:11401']
  const to = (query: string): number => answerTo(own, { target: `/api/report?${query}` })
  for (const query of ['by=caller,model,day', 'caller=a%2Fb%2e%00', "caller=o'neill", 'a?b', ''])
    assert.equal(to(query), 200)
  for (const query of ['a b', 'a#b', 'a\\b', 'a"b', '<a>', 'é', 'a\r\nb']) assert.equal(to(query), 400, query)
})
