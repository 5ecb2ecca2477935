import type { Part } from '../../core/part.ts'
import { readLogprobs } from '../logprobs.ts'
import { endOf, readLine } from '../ollama/line.ts'

/** Reads one stream. A whole answer passes for a last object with everything in it. */
export function partReader(): (frame: string) => Part[] {
  return (frame) => {
    const parts: Part[] = []
    if (frame.trim() === '') return parts
    const line = readLine(frame)
    const { thinking, response } = line
    const logprobs = readLogprobs(line['logprobs'])
    if (typeof thinking === 'string' && thinking !== '') parts.push({ type: 'thinking-delta', text: thinking })
    if (typeof response === 'string' && (response !== '' || logprobs !== undefined))
      parts.push({ type: 'text-delta', text: response, ...(logprobs !== undefined && { logprobs }) })
    if (line['done'] === true) parts.push(...endOf(line, 0))
    return parts
  }
}
