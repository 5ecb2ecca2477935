import { Fault } from '../core/fault.ts'

/** Behind this a model's name may have slashes, written plainly or encoded; nowhere else does an encoded one belong. */
const namesBehind = '/v1/models/'

/** The path of a request's target, as it was sent. One that servers resolve in different ways is refused, not resolved. */
export function pathOf(target: string): string {
  if (target.charCodeAt(0) !== 0x2f) throw odd('The target of a request has to be a path.')
  if (target.includes('#')) throw odd('A fragment is not part of a request.')
  if (target.includes('\\')) throw odd('A backslash has no place in the target of a request.')
  const query = target.indexOf('?')
  const path = query === -1 ? target : target.slice(0, query)
  const plain = path.includes('%') ? withoutCode(path) : path
  if (plain.includes('//') || /\/\.\.?(?:\/|$)/.test(plain)) {
    throw odd('The path has empty or dotted parts, which servers read differently; write it plainly.')
  }
  return path
}

/** A name in a path, decoded. */
export function decoded(text: string): string {
  return text.includes('%') ? decodeURIComponent(text) : text
}

function withoutCode(path: string): string {
  if (/%(?![\da-f]{2})/i.test(path)) throw odd('The path has a % that encodes nothing.')
  if (/%(?:[01][\da-f]|2e|5c|7f)/i.test(path))
    throw odd('The path has characters in code that servers read differently.')
  try {
    decodeURIComponent(path)
  } catch {
    throw odd('The path is not UTF-8.')
  }
  if (!/%2f/i.test(path)) return path
  if (!path.startsWith(namesBehind)) throw odd('The path has a slash in code, which servers read differently.')
  return path.replaceAll(/%2f/gi, '/')
}

const odd = (message: string): Fault => new Fault('bad-request', message)
