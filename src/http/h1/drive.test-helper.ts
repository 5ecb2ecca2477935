import { NetFault, type Inbound } from '../../core/world.ts'
import { Exchange, type Carrier } from './exchange.ts'
import { get } from './wire.test-helper.ts'

/** What came of an answer. */
export interface Told {
  status: number | undefined
  headers: Readonly<Record<string, string>>
  body: Buffer
  fault: unknown
  connection: 'busy' | 'rests' | 'destroyed'
}

/** Feeds an exchange the pieces of an answer as so many reads of a socket, without one, and then ends the connection. */
export async function drive(pieces: readonly Uint8Array[], method: 'GET' | 'HEAD' = 'GET'): Promise<Told> {
  const told: Told = { status: undefined, headers: {}, body: Buffer.alloc(0), fault: undefined, connection: 'busy' }
  const { promise, resolve, reject } = Promise.withResolvers<Inbound>()
  const exchange = new Exchange({ ...get('http://server'), method }, '', resolve, reject)
  const carrier: Carrier = {
    exchange,
    resume: () => {},
    rest: () => (told.connection = 'rests'),
    destroy: () => (told.connection = 'destroyed'),
  }
  exchange.connection = carrier
  const reading = read(promise, told)
  for (const piece of pieces) {
    if (exchange.over) break
    const scratch = Buffer.from(piece)
    try {
      exchange.receive(scratch, scratch.length)
    } catch (fault) {
      exchange.fail(fault)
      carrier.destroy()
    }
    // The scratch is anybody's from here on.
    scratch.fill(0)
  }
  if (!exchange.over && !exchange.ended()) exchange.fail(new NetFault('reset', 'The connection ended.'))
  await reading
  return told
}

async function read(answer: Promise<Inbound>, told: Told): Promise<void> {
  const pieces: Uint8Array[] = []
  try {
    const inbound = await answer
    told.status = inbound.status
    told.headers = inbound.headers
    for await (const piece of inbound.body) pieces.push(piece)
  } catch (fault) {
    told.fault = fault
  }
  told.body = Buffer.concat(pieces)
}
