import type { Content, Message } from '../core/prompt.ts'

const opening = '<system>\n'
const closing = '\n</system>'

/**
 * Instructions between the turns, where they stand. Many servers move them to the front, which changes the beginning of
 * the prompt with every turn so that nothing of it is found in their caches, and many templates refuse them. So the user
 * says them, marked as what they are, together with what the user says next to them.
 */
export function asidesAsUser(messages: readonly Message[]): readonly Message[] {
  const start = messages.findIndex(({ role }) => role !== 'system')
  if (start === -1 || !messages.some(({ role }, at) => at > start && role === 'system')) return messages
  const out: Message[] = messages.slice(0, start)
  let isAside = false
  for (const message of messages.slice(start)) {
    const previous = out.at(-1)
    const aside = message.role === 'system'
    const said = aside ? { ...message, role: 'user' as const, content: marked(message.content) } : message
    if (said.role === 'user' && previous?.role === 'user' && (aside || isAside)) {
      out[out.length - 1] = { ...previous, content: [...previous.content, ...said.content] }
    } else {
      out.push(said)
    }
    isAside = aside || (isAside && said.role === 'user')
  }
  return out
}

const marked = (content: readonly Content[]): Content[] =>
  content.map((one) => (one.type === 'text' ? { type: 'text', text: opening + one.text + closing } : one))
