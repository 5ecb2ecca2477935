import type { Json } from '../core/json.ts'
import type { KeyDesk } from '../keys/desk.ts'
import { does, type Place } from './admin-routes.ts'
import { parseBody } from './body.ts'

/** Keys of callers, made, changed and taken back over the wire. A key itself is in the answer that made it and nowhere else. */
export function keyPlaces(desk: KeyDesk): readonly Place[] {
  return [
    [
      '/api/keys',
      does('GET', async () => ({ keys: await desk.list() })),
      does('POST', ({ body, by }) => desk.create(parseBody(body), by), 201),
    ],
    [
      '/api/keys/ID',
      does('GET', ({ parts: [id = ''] }) => desk.show(id)),
      does('PATCH', ({ parts: [id = ''], body, by }) => desk.change(id, parseBody(body), by)),
      does('DELETE', ({ parts: [id = ''], by }) => desk.revoke(id, by)),
    ],
    ['/api/keys/ID/rotate', does('POST', ({ parts: [id = ''], body, by }) => desk.rotate(id, bodyOrNone(body), by))],
  ]
}

/** To rotate as usual, nothing need be said. */
const bodyOrNone = (body: Buffer): Json => (body.length === 0 ? {} : parseBody(body))
