import type { Need } from '../core/ask.ts'

const order = [
  'chat',
  'text',
  'infill',
  'vectors',
  'tools',
  'vision',
  'audio',
  'thinking',
  'logprobs',
  'memory',
] as const satisfies readonly Need[]

const known = new Map<number, readonly Need[]>()

/** The needs of a request, the task first. Equal ones are one list: there are as many requests as needs are few. */
export function needsOf(task: 'chat' | 'text' | 'vectors', more: Partial<Record<Need, boolean>>): readonly Need[] {
  let bits = 1 << order.indexOf(task)
  for (const need in more) if (more[need as Need] === true) bits |= 1 << order.indexOf(need as Need)
  let needs = known.get(bits)
  if (needs === undefined) {
    needs = Object.freeze([task, ...order.filter((need, at) => need !== task && (bits & (1 << at)) !== 0)])
    known.set(bits, needs)
  }
  return needs
}
