/** Every route × every way to bring a key × every kind of key, against what must come of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { model } from '../e2e/rig.ts'
import { keyedHouse } from './house.ts'
import { type Question, questions } from './questions.ts'

/** A key, and what is known of it. */
interface Holding {
  readonly key: string
  readonly counts: boolean
  readonly families?: readonly string[]
  readonly hasModel: boolean
}

/** How a key is brought: headers, and what stands behind the path; or undefined where it is to be refused whatever it is. */
type Bringing = (key: string) => { readonly headers: Readonly<Record<string, string>>; readonly query?: string }

const good: Readonly<Record<string, Bringing>> = {
  bearer: (key) => ({ headers: { authorization: `Bearer ${key}` } }),
  'bearer in small letters': (key) => ({ headers: { authorization: `bearer  ${key} ` } }),
  'x-api-key': (key) => ({ headers: { 'x-api-key': key } }),
  'api-key': (key) => ({ headers: { 'api-key': key } }),
  'all three alike': (key) => ({ headers: { authorization: `Bearer ${key}`, 'x-api-key': key, 'api-key': key } }),
}

const bad: Readonly<Record<string, Bringing>> = {
  none: () => ({ headers: {} }),
  'two that differ': (key) => ({ headers: { authorization: `Bearer ${key}`, 'x-api-key': 'another' } }),
  'two others that differ': (key) => ({ headers: { 'x-api-key': key, 'api-key': `${key}.` } }),
  'the right one second': (key) => ({ headers: { authorization: 'Bearer another', 'api-key': key } }),
  basic: (key) => ({ headers: { authorization: `Basic ${btoa(`user:${key}`)}` } }),
  cookie: (key) => ({ headers: { cookie: `authorization=${key}; key=${key}` } }),
  'in the address': (key) => ({ headers: {}, query: `?api_key=${key}` }),
  'in the address too': (key) => ({ headers: { 'x-api-key': key }, query: `?beta=true&key=${key}` }),
  'cut short': (key) => ({ headers: { 'x-api-key': key.slice(0, -1) } }),
  lengthened: (key) => ({ headers: { 'x-api-key': `${key}x` } }),
  'with letters changed in size': (key) => ({ headers: { 'x-api-key': swapCase(key) } }),
}

/** Refused even where no key is needed: two would read it in two ways, or it was on its way into somebody's log. */
const odd: ReadonlySet<string> = new Set([
  'two that differ',
  'two others that differ',
  'the right one second',
  'in the address',
  'in the address too',
])

const swapCase = (text: string): string =>
  text.replaceAll(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()))

/** What must come of it: 0 for anything that is neither 401 nor 403. */
function expected(
  question: Question,
  { isGood, isOdd }: { readonly isGood: boolean; readonly isOdd: boolean },
  { counts, families, hasModel }: Holding,
): number {
  if (isOdd) return 401
  if (question.isOpen) return 0
  if (!isGood || !counts) return 401
  if (families !== undefined && !families.includes(question.family)) return 403
  return question.asks && !hasModel ? 403 : 0
}

const isShapedFor: Readonly<Record<Question['family'], (body: any) => boolean>> = {
  openai: ({ error }) => typeof error.message === 'string' && typeof error.code === 'string' && 'type' in error,
  anthropic: ({ type, error }) =>
    type === 'error' && typeof error.type === 'string' && typeof error.message === 'string',
  ollama: ({ error }) => typeof error === 'string',
}

test('T24: what a key may do is the same whichever header brought it, at every route, and refused in the words of its dialect', async (t) => {
  const far = ['192.0.2.0/24']
  const keys = { plain: 'a key of the configuration', narrow: 'key-for-another-model', away: 'key-from-far-away' }
  const { url, server, make, admin } = await keyedHouse(t, {
    callers: [
      { name: 'plain', key: keys.plain },
      { name: 'narrow', key: keys.narrow, models: ['another'], dialects: ['openai'] },
      { name: 'away', key: keys.away, addresses: far },
      { name: 'over', key: 'key-that-is-over', expires: '2020-01-01' },
    ],
  })
  const revoked = await make({ name: 'revoked' })
  await admin('DELETE', `/api/keys/${revoked.id}`)
  const rotated = await make({ name: 'rotated' })
  await admin('POST', `/api/keys/${rotated.id}/rotate`, { overlap: 0 })
  const made = async (name: string, wish: object = {}): Promise<string> => (await make({ name, ...wish })).key
  const holdings: Readonly<Record<string, Holding>> = {
    'of the configuration': { key: keys.plain, counts: true, hasModel: true },
    'of the configuration, for another model and OpenAI’s clients': {
      key: keys.narrow,
      counts: true,
      families: ['openai'],
      hasModel: false,
    },
    'of the configuration, for another place': { key: keys.away, counts: false, hasModel: true },
    'of the configuration, expired': { key: 'key-that-is-over', counts: false, hasModel: true },
    'that was made': { key: await made('made'), counts: true, hasModel: true },
    'for Anthropic’s clients': {
      key: await made('anthropic', { dialects: ['anthropic'], models: [`${model.slice(0, 4)}*`] }),
      counts: true,
      families: ['anthropic'],
      hasModel: true,
    },
    'for Ollama’s clients and another model': {
      key: await made('ollama', { dialects: ['ollama'], models: ['another'] }),
      counts: true,
      families: ['ollama'],
      hasModel: false,
    },
    'for another place': { key: await made('far', { addresses: far }), counts: false, hasModel: true },
    'that was revoked': { key: revoked.key, counts: false, hasModel: true },
    'that was replaced': { key: rotated.key, counts: false, hasModel: true },
    'that never was': { key: 'sk-sw-live-00000000-nobody', counts: false, hasModel: true },
  }

  const cells = questions.flatMap((question) => [
    ...product(question, good, Object.entries(holdings), true),
    // What is brought wrongly is wrong whoever it is of: one key of each sort will do.
    ...product(
      question,
      bad,
      Object.entries(holdings).filter(([, { counts, hasModel }]) => counts && hasModel),
      false,
    ),
  ])
  const wrong: string[] = []
  const unknown = new Set<string>()
  const look = async ({ question, how, whose, holding, bringing: { headers, query = '' }, status }: Cell) => {
    const { method, path, body, family } = question
    const answer = await fetch(`${url}${path}${query}`, {
      method,
      headers: { ...question.headers, ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    const isSo = status === 0 ? ![401, 403].includes(answer.status) : answer.status === status
    if (!isSo) wrong.push(`${method} ${path}, a key ${whose}, ${how}: ${answer.status} for ${status}`)
    if (status === 0) return
    if (!isShapedFor[family](JSON.parse(text))) wrong.push(`${path}: ${text}`)
    if (text.includes(holding.key)) wrong.push(`${path} tells the key`)
    if (how === 'bearer' && status === 401) unknown.add(`${family} ${text.replace(/"request_id":"[^"]*"/, '')}`)
  }
  await all(
    cells.filter(({ status }) => status !== 0),
    look,
  )
  assert.equal(server.requests.length, 0, 'no server hears of what is refused')
  await all(
    cells.filter(({ status }) => status === 0),
    look,
  )
  assert.deepEqual(wrong.slice(0, 20), [])
  assert.ok(cells.length > 1_500, String(cells.length))
  // Expired, revoked, replaced, from a wrong place and never heard of: one answer in each dialect.
  assert.equal(unknown.size, 3, [...unknown].join('\n'))
})

interface Cell {
  readonly question: Question
  readonly how: string
  readonly whose: string
  readonly holding: Holding
  readonly bringing: ReturnType<Bringing>
  readonly status: number
}

function product(
  question: Question,
  forms: Readonly<Record<string, Bringing>>,
  holdings: readonly (readonly [whose: string, holding: Holding])[],
  isGood: boolean,
): Cell[] {
  return Object.entries(forms).flatMap(([how, bring]) =>
    holdings.map(([whose, holding]) => {
      const bringing = bring(holding.key)
      const status = expected(question, { isGood, isOdd: odd.has(how) }, holding)
      return { question, how, whose, holding, bringing, status }
    }),
  )
}

/** A few at a time. */
async function all(cells: readonly Cell[], look: (cell: Cell) => Promise<void>): Promise<void> {
  const left = [...cells]
  const work = async (): Promise<void> => {
    for (let cell = left.pop(); cell !== undefined; cell = left.pop()) await look(cell)
  }
  await Promise.all(Array.from({ length: 16 }, work))
}
