import { Fault } from '../core/fault.ts'

/** Doors that other servers have and this one keeps shut: said in a sentence, where a bare 404 would leave people guessing. */
const closed: readonly (readonly [path: RegExp, refusal: Fault])[] = [
  [
    /^\/api\/(?:pull|push|create|copy|delete|blobs(?:\/.*)?)$/,
    new Fault('forbidden', 'Models are not administered through the gateway; do it on the server that has them.'),
  ],
  [
    /^\/api\/(?:me|signout|signin|user\/.*|experimental\/.*|web_search|web_fetch)$/,
    new Fault('forbidden', 'Accounts and services of ollama.com are not passed on by the gateway.'),
  ],
  [/^\/api\/generate$/, missing('/api/chat')],
  [/^\/api\/embed(?:dings)?$/, missing(undefined)],
  [/^\/v1\/embeddings$/, missing(undefined)],
  [/^\/v1\/(?:completions|responses|messages)(?:\/.*)?$/, missing('/v1/chat/completions')],
]

export function closedDoor(path: string): Fault | undefined {
  return closed.find(([pattern]) => pattern.test(path))?.[1]
}

/** A 404 and not a 501, which clients would try again. */
function missing(instead: string | undefined): Fault {
  const advice = instead === undefined ? 'ask a server for it directly' : `use ${instead}`
  return new Fault('not-supported', `This version of the gateway does not have this door; ${advice}.`, { status: 404 })
}
