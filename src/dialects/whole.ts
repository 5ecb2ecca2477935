import { Fault } from '../core/fault.ts'

/**
 * An answer in one piece is an object: a page, a list, packed bytes or half an object is none, whatever its status says.
 * Only its ends are looked at; to parse a long answer would cost more than all the rest that is done with it.
 */
export function noObject(answer: Uint8Array): Fault | undefined {
  let from = 0
  let to = answer.length - 1
  while (from < to && isBlank(answer[from]!)) from += 1
  while (to > from && isBlank(answer[to]!)) to -= 1
  if (from < to && answer[from] === openBrace && answer[to] === closeBrace) return undefined
  return new Fault('upstream-broke', 'The server sent something other than a whole answer.')
}

const openBrace = 0x7b
const closeBrace = 0x7d

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
