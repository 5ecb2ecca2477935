import type { Chance } from '../../src/sim/chance.ts'
import { everyFixture } from '../conformance/fixtures.ts'
import { type ServerKind, wireOf } from '../faults/server/wires.ts'
import { below, mutateBytes, mutateJson, oneOf } from './mutate.ts'

/** What servers are known to answer, by kind and by whether it is a stream: recorded from real ones where there are recordings. */
const seeds = new Map<string, Buffer[]>()

const keyOf = (kind: string, stream: boolean): string => `${kind} ${stream ? 'stream' : 'whole'}`

const add = (key: string, body: Buffer): void => void seeds.set(key, [...(seeds.get(key) ?? []), body])

for (const kind of ['openai-compatible', 'anthropic', 'ollama'] as const) {
  const wire = wireOf[kind]
  const question = { model: kind, text: 'hi', stream: true }
  const { opening, words, closing } = wire.frames(question)
  add(keyOf(kind, true), Buffer.from([...opening, ...words, ...closing].join('')))
  add(keyOf(kind, false), Buffer.from(wire.whole(question)))
}
for (const { path, status, isStream, body } of everyFixture()) {
  const kind = (['openai-compatible', 'anthropic', 'ollama'] as const).find((one) => wireOf[one].path === path)
  if (kind !== undefined && status === 200 && body.length > 0 && body.length < 6_000) add(keyOf(kind, isStream), body)
}

/** Frames that stand where nobody expects them. */
const strangers = [
  'data: [DONE]',
  'data: null',
  'data: {"choices":[]}',
  'data: {"error":{"message":"no","code":500}}',
  'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"no"}}',
  'event: content_block_stop\ndata: {"type":"content_block_stop","index":7}',
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":9,"delta":{"type":"input_json_delta","partial_json":"{"}}',
  'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":3,"function":{"arguments":"{"}}]}}]}',
  '{"error":"no"}',
  '{"done":true}',
  '{"message":{"tool_calls":[{"function":{"name":"","arguments":"{"}}]},"done":false}',
  ': ping',
  'garbage',
]

/** An answer that is not what it should be: its frames, what stands in them, or its bytes. */
export function fuzzedReply(kind: ServerKind, stream: boolean, chance: Chance): Buffer {
  const body = oneOf(chance, seeds.get(keyOf(kind, stream))!)
  let bytes = body
  const mode = chance()
  if (mode < 0.75) bytes = stream ? inFrames(body, kind === 'ollama' ? '\n' : '\n\n', chance) : inWhole(body, chance)
  for (let left = mode < 0.6 ? 0 : 1 + below(chance, 2); left > 0; left -= 1) bytes = mutateBytes(bytes, chance)
  return bytes
}

function inWhole(body: Buffer, chance: Chance): Buffer {
  const json = JSON.parse(body.toString()) as Record<string, unknown>
  for (let left = 1 + below(chance, 3); left > 0; left -= 1) mutateJson(json, chance)
  return Buffer.from(JSON.stringify(json))
}

function inFrames(body: Buffer, end: string, chance: Chance): Buffer {
  let frames = body.toString().split(end)
  for (let left = 1 + below(chance, 3); left > 0; left -= 1) {
    const at = below(chance, frames.length)
    const choice = chance()
    if (choice < 0.6) frames[at] = otherwise(frames[at]!, chance)
    else if (choice < 0.7 && frames.length > 1) frames.splice(at, 1)
    else if (choice < 0.8) frames.splice(below(chance, frames.length), 0, frames[at]!)
    else if (choice < 0.9) frames.splice(at, 0, oneOf(chance, strangers))
    else frames = frames.slice(0, at + 1)
  }
  return Buffer.from(frames.join(end))
}

/** The JSON in a frame with something else in it. */
function otherwise(frame: string, chance: Chance): string {
  const at = frame.indexOf('{')
  if (at === -1) return frame
  try {
    const json = JSON.parse(frame.slice(at)) as Record<string, unknown>
    mutateJson(json, chance)
    return frame.slice(0, at) + JSON.stringify(json)
  } catch {
    return frame
  }
}
