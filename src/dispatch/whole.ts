import { Fault } from '../core/fault.ts'
import type { Inbound } from '../core/world.ts'

/** A body in one piece. */
export async function readWhole(inbound: Inbound, maxBytes: number): Promise<Uint8Array> {
  const source = inbound.body[Symbol.asyncIterator]()
  let step = await source.next()
  if (step.done === true) return new Uint8Array(0)
  const first = step.value
  let rest: Uint8Array[] | undefined
  let size = first.length
  for (step = await source.next(); step.done !== true; step = await source.next()) {
    rest ??= [first]
    rest.push(step.value)
    size += step.value.length
    if (size > maxBytes) {
      await source.return?.()
      throw new Fault('upstream-broke', 'The server sent an answer larger than any that is expected.')
    }
  }
  return rest === undefined ? first : Buffer.concat(rest)
}
