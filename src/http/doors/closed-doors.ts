import { Fault } from '../../core/fault.ts'

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
  [/^\/v1\/responses\/.+/, missing('The gateway keeps no answers: send the whole conversation with each request.')],
  [/^\/v1\/messages\/batches(?:\/.*)?$/, missing('The gateway takes no batches: send the requests one by one.')],
  [
    /^\/v1\/(?:audio|images|files|batches|fine_tuning|moderations|assistants|threads|vector_stores|rerank|score)(?:\/.*)?$/,
    missing('The gateway has chat, completions, embeddings and responses; for anything else ask a server directly.'),
  ],
]

export function closedDoor(path: string): Fault | undefined {
  return closed.find(([pattern]) => pattern.test(path))?.[1]
}

/** A 404 and not a 501, which clients would try again. */
function missing(sentence: string): Fault {
  return new Fault('not-supported', sentence, { status: 404 })
}
