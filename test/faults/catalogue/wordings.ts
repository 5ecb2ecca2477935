import { setTimeout as wait } from 'node:timers/promises'
import type { Changes } from '../server/exchange.ts'
import type { Frames } from '../server/wires.ts'
import { type Fault, isNdjson, isSse, type Pairing, streams } from './fault.ts'

/** A whole answer in other bytes than usual. */
const wording = (name: string, changes: Changes, more: Partial<Fault> = {}): Fault => ({
  name,
  phases: ['head'],
  nature: 'sound',
  where: streams,
  ...more,
  strike: (exchange) => exchange.sayUntil('over', changes),
})

const text = (name: string, streamText: (text: string) => string, more: Partial<Fault> = {}): Fault =>
  wording(name, { streamText }, more)

const frames = (name: string, change: (frames: Frames) => Frames, more: Partial<Fault> = {}): Fault =>
  wording(name, { frames: change }, more)

const sse = (pairing: Pairing): boolean => streams(pairing) && isSse(pairing)
const ndjson = (pairing: Pairing): boolean => streams(pairing) && isNdjson(pairing)
const openAi = (pairing: Pairing): boolean => sse(pairing) && pairing.server !== 'anthropic'

/** In each of the formats, what its counts stand in. */
const counts = (name: string, change: (text: string) => string): readonly Fault[] => [
  frames(name, ({ opening, words, closing }) => ({
    opening: opening.map(change),
    words,
    closing: closing.map(change),
  })),
  wording(`${name}-whole`, { whole: change }, { where: ({ serverStreams }) => !serverStreams }),
]

const count = /"((?:prompt|completion|total|input|output)_tokens|(?:prompt_)?eval_count)":\d+/g

/** The middle word with something done to it. */
const middle = (change: (frame: string) => string): ((frames: Frames) => Frames) => {
  return ({ opening, words, closing }) => {
    const at = words.length >> 1
    return { opening, words: words.map((word, index) => (index === at ? change(word) : word)), closing }
  }
}

export const wordings: readonly Fault[] = [
  text('no-blank', (all) => all.replaceAll(/^(data|event): /gm, '$1:'), { where: sse }),
  text('crlf', (all) => all.replaceAll('\n', '\r\n')),
  text('cr', (all) => all.replaceAll('\n', '\r'), { where: sse }),
  text('bom', (all) => `\uFEFF${all}`, { where: sse }),
  text('comments', (all) => `: hello\n\n${all.replaceAll('\n\n', '\n\n: still here\n\n')}`, { where: sse }),
  text('comment-lines', (all) => all.replaceAll(/^data:/gm, ': about to speak\ndata:'), { where: sse }),
  text('many-lines', (all) => all.replaceAll(/^data: \{(.*?),/gm, 'data: {$1,\ndata: '), { where: sse }),
  text('empty-data', (all) => all.replaceAll('\n\n', '\n\ndata:\n\ndata: \n\n'), { where: openAi }),
  text('unknown-event', (all) => all.replaceAll('\n\n', '\n\nevent: news\ndata: {"type":"news"}\n\n'), {
    where: (pairing) => sse(pairing) && pairing.server === 'anthropic',
  }),
  text('ids', (all) => `retry: 3000\n\n${all.replaceAll(/^data:/gm, 'id: 7\ndata:')}`, { where: sse }),
  text('blank-lines', (all) => all.replaceAll('\n\n', '\n\n\n\n\n'), { where: sse }),
  text('one-write', (all) => all),
  text('no-last-feed', (all) => all.replace(/\n+$/, '')),
  text('done-twice', (all) => `${all}data: [DONE]\n\n`, { where: openAi }),
  text('no-done', (all) => all.replace('data: [DONE]\n\n', ''), { where: openAi, nature: 'open' }),
  text('blank-lines-between', (all) => all.replaceAll('\n', '\n\n'), { where: ndjson }),
  text('wide-lines', (all) => all.replaceAll(/^\{/gm, ' \t{ ').replaceAll('\n', '  \n'), { where: ndjson }),
  text('two-in-a-line', (all) => all.replace('}\n{', '}{'), { where: ndjson, nature: 'open', mayPass: true }),
  text('escaped', (all) =>
    all.replaceAll(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  ),
  {
    name: 'byte-by-byte',
    phases: ['head'],
    nature: 'sound',
    strike: async (exchange) => {
      const { question, wire, socket } = exchange
      const { opening, words, closing } = wire.frames(question)
      const bytes = Buffer.from(question.stream ? [...opening, ...words, ...closing].join('') : wire.whole(question))
      const type = question.stream ? wire.streamType : 'application/json'
      exchange.say(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`)
      for (let at = 0; at < bytes.length && !socket.destroyed; at += 1) {
        socket.write(Buffer.concat([Buffer.from('1\r\n'), bytes.subarray(at, at + 1), Buffer.from('\r\n')]))
        // Each on its own for a while, then as they come.
        if (at % 256 === 0) await wait(0)
      }
      exchange.say('0\r\n\r\n')
    },
  },
  ...counts('counts-negative', (one) => one.replaceAll(count, '"$1":-7')),
  ...counts('counts-huge', (one) => one.replaceAll(count, '"$1":1e308')),
  ...counts('counts-null', (one) => one.replaceAll(count, '"$1":null')),
  ...counts('counts-words', (one) => one.replaceAll(count, '"$1":"many"')),
  ...counts('counts-broken', (one) => one.replaceAll(count, '"$1":1.5')),
  frames(
    'no-counts',
    ({ opening, words, closing }) => ({ opening, words, closing: closing.filter((one) => !/"usage":\{/.test(one)) }),
    {
      where: openAi,
    },
  ),
  frames(
    'counts-twice',
    ({ opening, words, closing }) => ({
      opening,
      words,
      closing: [closing[0]!, closing[1]!, closing[1]!, closing[2]!],
    }),
    {
      where: openAi,
    },
  ),
  frames('finish-twice', ({ opening, words, closing }) => ({ opening, words, closing: [closing[0]!, ...closing] }), {
    where: openAi,
  }),
  frames('opening-twice', ({ opening, words, closing }) => ({ opening: [...opening, ...opening], words, closing }), {
    where: openAi,
  }),
  frames('no-opening', ({ words, closing }) => ({ opening: [], words, closing }), { where: openAi }),
  frames(
    'no-json',
    middle((frame) => frame.replace(/\}(?=\n)/, '')),
    { nature: 'open', mayPass: true },
  ),
  frames(
    'html',
    middle((frame) => `data: <html>504</html>\n\n${frame}`),
    { where: openAi, nature: 'open', mayPass: true },
  ),
  frames(
    'null-frame',
    middle((frame) => `data: null\n\n${frame}`),
    { where: openAi, nature: 'open', mayPass: true },
  ),
  frames(
    'nulls',
    ({ opening, words, closing }) => ({
      opening,
      words: words.map((word) =>
        word.replace('"delta":{', '"delta":{"tool_calls":null,"reasoning_content":null,"refusal":null,'),
      ),
      closing,
    }),
    { where: openAi },
  ),
  frames('fields-nobody-knows', ({ opening, words, closing }) => ({
    opening,
    words: words.map((word) => word.replace(/\{/, '{"__proto__":{"a":1},"constructor":7,"x":[[[[{}]]]],')),
    closing,
  })),
]
